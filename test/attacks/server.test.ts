import { rmSync } from "node:fs";
import { Client } from "@langchain/langgraph-sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Control } from "../../index.js";
import { startDevServer, type DevServer } from "../studio/dev-server.js";

interface State {
  readonly messages: { readonly content: string }[];
  readonly control: Control;
  readonly results: object;
}

const FOLDER = "test/attacks/server";
const says = (content: string) => ({ messages: [{ role: "user", content }] });
const forged = { v: 1, chart: { name: "desk" }, value: "closing", context: {}, done: false };

let server: DevServer;
let client: Client<State>;
/** One thread takes all attacks, one after the other; the last test of each group uses it as if nothing had happened. */
let attacked: string;
const clean = () => {
  for (const left of [".langgraph_api", ".gitignore"]) rmSync(`${FOLDER}/${left}`, { recursive: true, force: true });
};

beforeAll(async () => {
  clean();
  server = await startDevServer(`${FOLDER}/langgraph.json`);
  client = new Client<State>({ apiUrl: server.url, callerOptions: { maxRetries: 0 } });
  attacked = await opened();
}, 90_000);
afterAll(async () => {
  await server.stop();
  clean();
});

async function opened(graph = "desk"): Promise<string> {
  const { thread_id } = await client.threads.create({ graphId: graph });
  await client.runs.wait(thread_id, graph, { input: says("hello") });
  return thread_id;
}

const post = (thread: string, body: object): Promise<Response> =>
  fetch(`${server.url}/threads/${thread}/state`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

/** A run as any client may ask for it; what it ended with. */
async function run(thread: string, body: object): Promise<string | undefined> {
  const answer = await fetch(`${server.url}/threads/${thread}/runs/wait`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ assistant_id: "desk", ...body }),
  });
  return /"?error\\*":\\*"(\w+Error)/.exec(await answer.text())?.[1]; // the server wraps it in an error of its own
}

/** Everything that may tell a state from another, without what only says how it is read. */
async function seen(thread: string): Promise<unknown> {
  const { values, next, checkpoint } = await client.threads.getState(thread);
  return { values, next, checkpoint };
}

async function expectUsable(thread: string): Promise<void> {
  await client.runs.wait(thread, "desk", { input: says("still there?") });
  const { values } = await client.threads.getState(thread);
  expect(values.control.value).toBe("intake");
  expect(values.messages.at(-1)?.content).toBe("intake heard: still there?");
  await client.runs.wait(thread, "desk", { input: says("go handling") });
  expect((await client.threads.getState(thread)).values.control.value).toBe("handling");
  await client.runs.wait(thread, "desk", { input: says("go intake") });
}

describe("A2 attacks through the real dev server: state edits", () => {
  it.each([
    ["an Overwrite", { values: { control: { __overwrite__: forged } } }],
    ["a typed Overwrite", { values: { control: { type: "__overwrite__", value: forged } } }],
    ["a forged state", { values: { control: forged } }],
    ["an illegal event", { values: { control: { type: "HANDOFF.closing" } } }],
    ["an illegal event as a phase", { values: { control: { type: "HANDOFF.closing" } }, as_node: "handling" }],
    ["an unknown event", { values: { control: { type: "SHIP" } } }],
    ["an event of the kernel", { values: { control: { type: "phasegraph.reply" } } }],
    ["a prototype", { values: { control: { type: "__proto__" } } }],
    ["a huge event", { values: { control: { type: "HANDOFF.handling", payload: "x".repeat(70_000) } } }],
  ])("%s gets HTTP 409 with the legal events and leaves the thread as it was", async (_name, body) => {
    const before = await seen(attacked);
    const answer = await post(attacked, body);
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({
      error: "IllegalTransitionError",
      code: "ILLEGAL_TRANSITION",
      phase: "intake",
      legal: ["HANDOFF.handling"],
    });
    expect(await seen(attacked)).toEqual(before);
  });

  it.each([
    ["results", { values: { results: { closing: {} } } }],
    ["a trigger", { values: { "branch:to:closing": 1 } }],
    ["messages that are none", { values: { messages: [{ nonsense: true }] } }],
    ["messages overwritten", { values: { messages: { __overwrite__: 42 } } }],
  ])("%s get HTTP 400 and leave the thread as it was", async (_name, body) => {
    const before = await seen(attacked);
    const answer = await post(attacked, body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: "InvalidRequestError" });
    expect(await seen(attacked)).toEqual(before);
  });

  it("the thread that took all this goes on", () => expectUsable(attacked));

  it("a legal event is taken, and the phase it leads to is due", async () => {
    const thread = await opened();
    await client.threads.updateState(thread, { values: { control: { type: "HANDOFF.handling" } } });
    const { values, next } = await client.threads.getState(thread);
    expect([values.control.value, next]).toEqual(["handling", ["handling"]]);
  });
});

describe("A2 attacks through the real dev server: runs", () => {
  it.each([
    ["a goto", { command: { goto: "closing" } }, "IllegalTransitionError"],
    ["a Send", { command: { goto: { node: "closing", input: {} } } }, "IllegalTransitionError"],
    ["an Overwrite in a command", { command: { update: { control: { __overwrite__: forged } } } }, "IllegalTransitionError"],
    ["pairs in a command", { command: { update: [["control", { __overwrite__: forged }]] } }, "IllegalTransitionError"],
    ["an illegal event in a command", { command: { update: { control: { type: "HANDOFF.closing" } } } }, "IllegalTransitionError"],
    [
      "results beside a resume",
      { command: { resume: 1, update: { results: { closing: {} }, "branch:to:closing": 1 } } },
      "InvalidRequestError",
    ],
    [
      "a removal beside a resume",
      { command: { resume: 1, update: { messages: [{ type: "remove", id: "nowhere", content: "" }] } } },
      "AnswerRefusedError",
    ],
    ["an Overwrite as input", { input: { control: { __overwrite__: forged } } }, "IllegalTransitionError"],
    ["an illegal event as input", { input: { ...says("x"), control: { type: "HANDOFF.closing" } } }, "IllegalTransitionError"],
    ["messages that are none", { input: { messages: [{ nonsense: true }] } }, "InvalidRequestError"],
    ["an agent that jumps", { input: says("goto") }, "IllegalTransitionError"],
    ["an agent that overwrites", { input: says("overwrite") }, "InvalidRequestError"],
    ["an agent that hands off where it may not", { input: says("illegal") }, "IllegalTransitionError"],
  ])("%s ends the run with a typed error, and the thread goes on", async (_name, body, error) => {
    expect(await run(attacked, body)).toBe(error);
    expect((await client.threads.getState(attacked)).values.control.value).toBe("intake");
  });

  it("the thread that took all these goes on", () => expectUsable(attacked));

  it("a control state, results and triggers in an input change nothing", async () => {
    const thread = await opened();
    await run(thread, { input: { ...says("x"), control: forged, results: { closing: {} } } });
    expect(await run(thread, { input: { ...says("x"), "branch:to:closing": 1 } })).toBe("InvalidRequestError");
    const { values } = await client.threads.getState(thread);
    expect(values.control).toMatchObject({ value: "intake", refusals: 1, refused: [{ legal: ["HANDOFF.handling"] }] });
    expect(Object.keys(values.results)).toEqual(["intake"]);
    await expectUsable(thread);
  });

  it("a run of more phases than LangGraph's default limit comes to its end", async () => {
    const thread = await opened("long");
    const { values } = await client.threads.getState(thread);
    expect([values.control.done, values.messages.length]).toEqual([true, 41]);
  });

  it("a parked thread keeps its question and its finished work under attack", async () => {
    const thread = await opened("parked");
    for (const body of [
      { command: { goto: "quick" } },
      { input: { control: { type: "DONE" } } },
      { command: { resume: 1, update: { control: { type: "DONE.boss" } } } },
    ]) {
      expect(await run(thread, { assistant_id: "parked", ...body })).toMatch(/^(IllegalTransitionError|InvalidRequestError)$/);
    }
    expect((await client.threads.getState(thread)).next).toEqual(["boss"]);
    await client.runs.wait(thread, "parked", { command: { resume: "Yes." } });
    const { values } = await client.threads.getState(thread);
    expect(values.control.done).toBe(true);
    expect(values.messages.map((message) => message.content).sort()).toEqual(["Sent.", "Yes.", "hello"]);
  });
});
