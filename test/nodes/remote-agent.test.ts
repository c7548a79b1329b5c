import { Client } from "@langchain/langgraph-sdk";
import { Command, isInterrupted, MemorySaver } from "@langchain/langgraph";
import { RemoteGraph } from "@langchain/langgraph/remote";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agent, handoff, mapReduce, parallel, sequential, swarm } from "../../index.js";
import { ask, thread } from "./graph-fixtures.js";
import { serveGraphs } from "./remote/serve.js";

let server: Awaited<ReturnType<typeof serveGraphs>>;
beforeAll(async () => {
  server = await serveGraphs();
}, 90_000);
afterAll(() => server.stop());

const remote = (graphId = "till") => new RemoteGraph({ graphId, url: server.url });
const till = () => agent({ id: "till", description: "Pays", graph: remote() });

describe("A7 remote graphs", () => {
  it("a remote graph answers as an agent of the team, and what it says is recorded as its own", async () => {
    const graph = sequential({ name: "shop", agents: [till(), agent({ id: "closer", run: () => "Bye." })] }).compile({
      checkpointer: new MemorySaver(),
    });
    const state = await graph.invoke(ask("hello"), thread("1"));
    expect(state.messages.map((message) => message.text)).toEqual(["hello", 'heard "hello" (turn 1, 1 messages, control unset)', "Bye."]);
    expect(state.messages[1]?.additional_kwargs["phasegraph"]).toMatchObject({ author: "till", phase: "till" });
    expect(state.messages[1]?.name).toBe("till");
  });

  it("the remote thread is the same for the same thread and phase, and is neither told nor made to tell where the team is", async () => {
    const graph = swarm({ name: "shop", agents: [till()] }).compile({ checkpointer: new MemorySaver() });
    await graph.invoke(ask("one"), thread("2"));
    const state = await graph.invoke(ask("two"), thread("2"));
    expect(state.messages.at(-1)?.text).toBe('heard "two" (turn 2, 3 messages, control mine)');
    expect(state.control.waiting).toEqual(["till"]);
    const other = await graph.invoke(ask("two"), thread("3"));
    expect(other.messages.at(-1)?.text).toContain("turn 1");
    const threads = await new Client({ apiUrl: server.url }).threads.search({ limit: 100 });
    expect(JSON.stringify(threads)).not.toMatch(/__phasegraph|episode|fingerprint/);
  });

  it("each place of the team has a thread of its own over there", async () => {
    const twins = ["one", "two"].map((id) => agent({ id, graph: remote() }));
    const pair = sequential({ name: "pair", agents: twins });
    const state = await sequential({ name: "shop", agents: [agent({ id: "one", graph: remote() }), pair] })
      .compile({ checkpointer: new MemorySaver() })
      .invoke(ask("hello"), thread("00000000-0000-4000-8000-000000000007"));
    expect(state.messages.filter((message) => message.text.includes("turn 1"))).toHaveLength(2);
    expect(JSON.stringify(state.messages)).not.toContain("turn 2");
  });

  it("as a worker it has a thread of its own for each task, in each visit", async () => {
    const graph = mapReduce({ name: "fan", items: () => ["a", "b"], mapper: till() }).compile({ checkpointer: new MemorySaver() });
    for (const words of ["hello", "again"]) {
      const { tasks } = await graph.invoke(ask(words), thread("task threads"));
      expect(Object.values(tasks).map(({ content }) => content)).toEqual(
        ["a", "b"].map((item) => expect.stringContaining(`heard "${item}" (turn 1`)),
      );
    }
  });

  it("its question parks the team's thread, and the answer reaches it", async () => {
    const graph = swarm({ name: "shop", agents: [till()] }).compile({ checkpointer: new MemorySaver() });
    const parked = await graph.invoke(ask("pay me"), thread("4"));
    if (!isInterrupted(parked)) throw new Error("Nobody was asked.");
    expect(parked.__interrupt__.map((asked) => asked.value)).toEqual([{ question: "Pay?" }]);
    expect((await graph.getState(thread("4"))).next).toEqual(["till"]);
    const state = await graph.invoke(new Command({ resume: "yes" }), thread("4"));
    expect(state.messages.at(-1)?.text).toBe("paid: yes (turn 1, 1 messages, control unset)");
  });

  it("a new message instead of an answer drops the question, there as here", async () => {
    const graph = swarm({ name: "shop", agents: [till()] }).compile({ checkpointer: new MemorySaver() });
    await graph.invoke(ask("pay me"), thread("5"));
    const state = await graph.invoke(ask("never mind"), thread("5"));
    expect(state.messages.at(-1)?.text).toBe('heard "never mind" (turn 1, 2 messages, control unset)');
  });

  it("several questions at once are all answered, each by whom it was put to", async () => {
    const graph = sequential({ name: "shop", agents: [agent({ id: "pair", graph: remote("twice") })] }).compile({
      checkpointer: new MemorySaver(),
    });
    let state: unknown = await graph.invoke(ask("go"), thread("6"));
    for (let round = 0; round < 3 && isInterrupted(state); round += 1) {
      const question = state.__interrupt__[0]?.value as string | { questions: { id: string; value: string }[] };
      const resume =
        typeof question === "string"
          ? question.toUpperCase()
          : Object.fromEntries(question.questions.map(({ id, value }) => [id, value.toUpperCase()]));
      state = await graph.invoke(new Command({ resume }), thread("6"));
    }
    const { messages } = (await graph.getState(thread("6"))).values;
    expect(
      messages
        .slice(1)
        .map((message: { text: string }) => message.text)
        .sort(),
    ).toEqual(["one ONE?", "two TWO?"]);
  });

  it("an error over there is an error here, and goes the way the chart has for errors", async () => {
    const graph = parallel({ name: "shop", branches: [till(), agent({ id: "other", run: () => "fine" })] }).compile();
    const state = await graph.invoke(ask("fail"));
    expect(state.results["till"]).toMatchObject({ status: "failed", error: { name: "RemoteException" } });
    expect(state.results["till"]?.error?.message).toContain("the till is closed");
    expect(state.results["other"]?.status).toBe("ok");
  });

  it("a turn that takes too long is given up", async () => {
    const slow = agent({ id: "till", graph: remote(), limits: { milliseconds: 500 } });
    const graph = sequential({ name: "shop", agents: [slow] }).compile();
    await expect(graph.invoke(ask("wait"))).rejects.toMatchObject({ name: "StepTimeoutError" });
  });

  it("an output mapper turns what it says into a handoff", async () => {
    const scout = agent({
      id: "scout",
      graph: remote(),
      output: (_values, turn) => handoff("desk", { summary: `asked: ${turn.messages.at(-1)?.text ?? ""}` }),
    });
    const desk = agent({ id: "desk", run: (turn) => turn.handover?.summary ?? "" });
    const state = await swarm({ name: "shop", agents: [scout, desk] })
      .compile()
      .invoke(ask("hello"));
    expect(state.messages.at(-1)?.text).toBe("asked: hello");
  });
});
