import { Client } from "@langchain/langgraph-sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import langgraph from "../../langgraph.json" with { type: "json" };
import { startDevServer, type DevServer } from "./dev-server.js";

const GRAPHS = Object.keys(langgraph.graphs);
const say = (content: string) => ({ messages: [{ role: "user", content }] });

interface State {
  readonly messages: { readonly content: string; readonly type: string }[];
  readonly control: { readonly value: unknown; readonly waiting: string[]; readonly done: boolean; readonly trail: { event: string }[] };
}

let server: DevServer;
let client: Client<State>;
beforeAll(async () => {
  server = await startDevServer("langgraph.json");
  client = new Client<State>({ apiUrl: server.url });
}, 90_000);
afterAll(() => server.stop());

/** Runs a turn on a new thread and gives the thread back. */
async function started(graph: string, content: string): Promise<string> {
  const { thread_id } = await client.threads.create({ graphId: graph });
  await client.runs.wait(thread_id, graph, { input: say(content) });
  return thread_id;
}

describe("A5 LangGraph Studio, through the real dev server", () => {
  it("lists every pattern", async () => {
    const found = await client.assistants.search({ limit: 100 });
    expect(found.map((assistant) => assistant.graph_id).sort()).toEqual([...GRAPHS].sort());
  });

  it.each(GRAPHS)("%s has schemas that tell what to send", async (name) => {
    const [assistant] = await client.assistants.search({ graphId: name });
    const schemas = await client.assistants.getSchemas(assistant?.assistant_id ?? "");
    expect(Object.keys(schemas.input_schema?.properties ?? {})).toEqual(expect.arrayContaining(["messages", "control"]));
    expect(Object.keys(schemas.input_schema?.properties ?? {})).not.toContain("results");
    expect(Object.keys(schemas.state_schema?.properties ?? {})).toEqual(expect.arrayContaining(["messages", "control", "results"]));
  });

  it.each(GRAPHS)("%s is drawn with the chart's events on its edges", async (name) => {
    const [assistant] = await client.assistants.search({ graphId: name });
    const { nodes, edges } = await client.assistants.getGraph(assistant?.assistant_id ?? "");
    expect(nodes.length).toBeGreaterThan(3);
    expect(edges.some((edge) => edge.source === "__start__")).toBe(true);
    expect(edges.filter((edge) => /DONE|HANDOFF|APPROVE|REPLY/.test(String(edge.data ?? ""))).length).toBeGreaterThan(0);
  });

  it("answers without a key, and goes on with the agent that answered", async () => {
    const thread = await started("swarm", "Where is my invoice?");
    expect((await client.threads.getState(thread)).values.control.waiting).toEqual(["billing"]);
    await client.runs.wait(thread, "swarm", { input: say("Thanks.") });
    const { values } = await client.threads.getState(thread);
    expect(values.control.waiting).toEqual(["billing"]);
    expect(values.messages.at(-1)?.content).toBe("Your invoice is paid.");
  });

  it("streams each phase as it ends", async () => {
    const { thread_id } = await client.threads.create({ graphId: "parallel" });
    const seen: string[] = [];
    for await (const chunk of client.runs.stream(thread_id, "parallel", { input: say("One. Two three."), streamMode: "updates" })) {
      if (chunk.event === "updates") seen.push(...Object.keys(chunk.data as object));
    }
    expect(seen.sort()).toEqual(["counter", "longest", "synthesizer", "vocabulary"]);
  });

  it("refuses an illegal edit with the legal events, and leaves the thread as it was", async () => {
    const thread = await started("pipeline", "My parcel is broken.");
    const before = await client.threads.getState(thread);
    const answer = await fetch(`${server.url}/threads/${thread}/state`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ values: { control: { type: "HANDOFF.resolution" } } }),
    });
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({
      error: "IllegalTransitionError",
      code: "ILLEGAL_TRANSITION",
      phase: "intake",
      legal: ["HANDOFF.handling"],
    });
    expect(await client.threads.getState(thread)).toEqual(before);
  });

  it("takes a legal edit as an event, and the phase it leads to runs next", async () => {
    const thread = await started("pipeline", "My parcel is broken.");
    await client.threads.updateState(thread, { values: { control: { type: "HANDOFF.handling", reason: "by hand" } } });
    expect((await client.threads.getState(thread)).next).toEqual(["handling"]);
    await client.runs.wait(thread, "pipeline", { input: null });
    expect((await client.threads.getState(thread)).values.control.waiting).toEqual(["handling"]);
  });

  it("parks where a person is asked, refuses an answer that is none, and goes on with one", async () => {
    const thread = await started("pipeline", "It is #42.");
    await client.runs.wait(thread, "pipeline", { input: say("Thanks.") });
    const parked = await client.threads.getState(thread);
    expect(parked.next).toEqual(["resolution"]);
    expect(parked.tasks[0]?.interrupts[0]?.value).toMatchObject({ kind: "human", agent: "clerk", events: ["HANDOFF.intake"] });
    await client.runs.wait(thread, "pipeline", { command: { resume: { event: { type: "HANDOFF.handling" } } } });
    const asked = (await client.threads.getState(thread)).tasks[0]?.interrupts[0]?.value;
    expect(asked).toMatchObject({ problem: expect.stringContaining("HANDOFF.intake") as unknown });
    await client.runs.wait(thread, "pipeline", { command: { resume: "Closed, thank you." } });
    const { values, next } = await client.threads.getState(thread);
    expect(next).toEqual([]);
    expect(values.messages.at(-1)?.content).toBe("Closed, thank you.");
  });

  it("travels back in time and forks: each branch keeps its own phase", async () => {
    const thread = await started("swarm", "Where is my invoice?");
    await client.runs.wait(thread, "swarm", { input: say("And my flight?") });
    expect((await client.threads.getState(thread)).values.control.waiting).toEqual(["travel"]);
    const history = await client.threads.getHistory(thread, { limit: 50 });
    const earlier = history.find((state) => state.next.length === 0 && state.values.control.waiting.includes("billing"));
    await client.runs.wait(thread, "swarm", {
      input: say("It is broken."),
      ...(earlier === undefined ? {} : { checkpoint: earlier.checkpoint }),
    });
    const fork = await client.threads.getState(thread);
    expect(fork.values.control.waiting).toEqual(["support"]);
    expect(fork.values.messages.map((message) => message.content)).not.toContain("And my flight?");
  });
});
