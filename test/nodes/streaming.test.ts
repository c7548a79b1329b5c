import type { AIMessageChunk, BaseMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { MemorySaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { agent, parallel, sequential, swarm, type BaseState } from "../../index.js";
import { callHandoff, callTool, scriptedModel } from "../../testing/index.js";
import { ask, thread } from "./graph-fixtures.js";

const config = thread("1");
const saver = () => ({ checkpointer: new MemorySaver() });

/** A clerk that looks something up and hands over to somebody who has the last word. */
function desk() {
  const look = tool(({ at }) => `saw ${at}`, { name: "look", description: "Looks.", schema: z.object({ at: z.string() }) });
  const first = scriptedModel([callTool("look", { at: "the shelf" }), callHandoff("other")]);
  const second = scriptedModel(["All is well."]);
  return swarm({ name: "desk", agents: [agent({ id: "clerk", model: first, tools: [look] }), agent({ id: "other", model: second })] });
}

interface Streamable {
  stream(input: object, config: object): Promise<AsyncIterable<unknown>>;
  streamEvents(input: object, config: object): unknown;
  getState(config: object): Promise<{ readonly values: unknown }>;
}

type Metadata = Readonly<Record<"agent" | "phase" | "langgraph_node", string>>;
type MessageChunk = readonly [AIMessageChunk, Metadata];
type Nested = readonly [namespace: readonly string[], mode: string, payload: unknown];

/** Names of the nodes, without the ids of their runs. */
const names = (namespace: readonly string[]) => namespace.map((part) => part.split(":", 1).join());

async function collect<T>(stream: AsyncIterable<unknown>): Promise<T[]> {
  const chunks: T[] = [];
  for await (const chunk of stream) chunks.push(chunk as T); // the caller knows what its options stream
  return chunks;
}

const said = (chunks: readonly MessageChunk[]) =>
  chunks.filter(([message]) => message.getType() === "ai" && message.text !== "").map(([message, { agent: id }]) => [id, message.text]);
const called = (chunks: readonly MessageChunk[]) =>
  chunks.flatMap(([message, { agent: id }]) =>
    (message.tool_call_chunks ?? []).map(({ name, args }) => [id, name, JSON.parse(args ?? "")]),
  );

const CALLS = [
  ["clerk", "look", { at: "the shelf" }],
  ["clerk", "handoff", { target: "other", reason: "", summary: "" }],
];
const WORDS = [
  ["other", "All "],
  ["other", "is "],
  ["other", "well."],
];

describe("A1 streamMode messages", () => {
  it("shows every token and every tool call of a turn once, under its agent and phase", async () => {
    const chunks = await collect<MessageChunk>(
      await desk()
        .compile(saver())
        .stream(ask("hi"), { ...config, streamMode: "messages" }),
    );
    expect(said(chunks)).toEqual(WORDS);
    expect(called(chunks)).toEqual(CALLS);
    for (const [, metadata] of chunks.filter(([message]) => message.getType() === "ai"))
      expect(metadata).toMatchObject({ agent: metadata.langgraph_node, phase: metadata.langgraph_node });
    const answers = chunks.filter(([message]) => message.getType() === "tool").map(([message]) => message.text);
    expect(answers).toEqual(["saw the shelf", "Handed over to other."]);
  });

  it("streams under the ids under which the messages are stored, so that a client puts them together", async () => {
    const graph = desk().compile(saver());
    const chunks = await collect<MessageChunk>(await graph.stream(ask("hi"), { ...config, streamMode: "messages" }));
    const stored = ((await graph.getState(config)).values as BaseState).messages.slice(1);
    expect([...new Set(chunks.map(([message]) => message.id))].toSorted()).toEqual(stored.map(({ id }) => id).toSorted());
  });

  it("shows the turn of a nested agent too, when it is asked for subgraphs", async () => {
    const house = sequential({ name: "house", agents: [desk()] }).compile(saver());
    const options = { ...config, streamMode: "messages", subgraphs: true } as const;
    const chunks = (await collect<readonly [string[], MessageChunk]>(await house.stream(ask("hi"), options))).map(([, chunk]) => chunk);
    const inside = chunks.filter(([, { agent: id }]) => id !== "desk");
    expect(said(inside)).toEqual(WORDS);
    expect(called(inside)).toEqual(CALLS);
  });

  it("with subgraphs, tokens and tool calls stand under the graph they are of, before LangGraph 1.7 under its node: no task in between", async () => {
    const options = { ...config, streamMode: ["messages" as const, "tools" as const], subgraphs: true };
    const flat = await collect<Nested>(await desk().compile(saver()).stream(ask("hi"), options));
    const top = new Set(flat.map(([namespace]) => names(namespace).join("/")));
    const isNewest = top.has("");
    expect(top).toEqual(new Set(isNewest ? [""] : ["clerk", "other"]));
    const cellar = sequential({ name: "cellar", agents: [desk()] });
    const house = sequential({ name: "house", agents: [cellar] }).compile(saver());
    const deep = await collect<Nested>(await house.stream(ask("hi"), options));
    const places = (mode: string, kind: (payload: unknown) => boolean) =>
      new Set(deep.filter((chunk) => chunk[1] === mode && kind(chunk[2])).map(([namespace]) => names(namespace).join("/")));
    const isToken = (payload: unknown) => (payload as MessageChunk)[0].getType() === "ai" && (payload as MessageChunk)[0].text !== ""; // the mode's form
    expect(places("messages", isToken)).toContain(isNewest ? "cellar/desk" : "cellar/desk/other");
    expect(places("tools", () => true)).toEqual(new Set([isNewest ? "cellar/desk" : "cellar/desk/clerk"]));
  });

  it("in parallel, each token is under its own agent", async () => {
    const branch = (id: string) => agent({ id, model: scriptedModel([`${id} one two`]) });
    const team = parallel({ name: "team", branches: [branch("left"), branch("right")] }).compile(saver());
    const chunks = await collect<MessageChunk>(await team.stream(ask("hi"), { ...config, streamMode: "messages" }));
    for (const id of ["left", "right"]) {
      const own = said(chunks).filter(([by]) => by === id);
      expect(own.map(([, text]) => text).join("")).toBe(`${id} one two`);
    }
  });

  it("a resumed turn streams only what is new", async () => {
    const pay = tool(() => "paid", { name: "pay", description: "Pays.", schema: z.object({}) });
    const model = scriptedModel([callTool("pay"), new Error("overloaded"), "All is paid."]);
    const graph = sequential({ name: "line", agents: [agent({ id: "clerk", model, tools: [pay] })] }).compile(saver());
    await expect(collect(await graph.stream(ask("hi"), { ...config, streamMode: "messages" }))).rejects.toThrow("overloaded");
    const again = await collect<MessageChunk>(await graph.stream(null, { ...config, streamMode: "messages" }));
    expect(called(again)).toEqual([]);
    expect(said(again).map(([, text]) => text)).toEqual(["All ", "is ", "paid."]);
    model.assertDone();
  });
});

describe("A1 streamMode tools", () => {
  it("tells when a tool starts and what it came to", async () => {
    const events = await collect<Record<string, unknown>>(
      await desk()
        .compile(saver())
        .stream(ask("hi"), { ...config, streamMode: "tools" }),
    );
    expect(events).toMatchObject([
      { event: "on_tool_start", name: "look", toolCallId: "call-1", input: '{"at":"the shelf"}' },
      { event: "on_tool_end", name: "look", toolCallId: "call-1", output: { content: "saw the shelf" } },
    ]);
  });
});

/** What version 3 of `streamEvents` gives, as far as it is used here. */
interface EventRun extends AsyncIterable<ProtocolEvent> {
  readonly messages: AsyncIterable<StreamedMessage>;
  readonly output: Promise<BaseState>;
}
interface StreamedMessage {
  readonly node: string;
  readonly namespace: readonly string[];
  readonly text: PromiseLike<string>;
  readonly toolCalls: PromiseLike<readonly { readonly name: string; readonly args: unknown }[]>;
}
interface ProtocolEvent {
  readonly method: string;
  readonly params: { readonly namespace: readonly string[]; readonly data: unknown };
}

const events = async (graph: Streamable) => (await graph.streamEvents(ask("hi"), { ...config, version: "v3" })) as EventRun;

describe("A1 streamEvents, version 3", () => {
  it("gives the messages of a turn with their words and calls at the root", async () => {
    const run = await events(desk().compile(saver()));
    const seen: unknown[] = [];
    for await (const message of run.messages)
      seen.push([
        message.node,
        names(message.namespace),
        await message.text,
        (await message.toolCalls).map(({ name, args }) => [name, args]),
      ]);
    expect(seen).toEqual([
      ["clerk", ["clerk"], "", [["look", { at: "the shelf" }]]],
      ["clerk", ["clerk"], "", [["handoff", { target: "other", reason: "", summary: "" }]]],
      ["other", ["other"], "All is well.", []],
    ]);
    expect((await run.output).control.waiting).toEqual(["other"]);
  });

  it("tokens and tools are at depth 1, where clients of the root listen; nested ones at the place of their agent", async () => {
    const placesOf = async (graph: Streamable) => {
      const seen = await collect<ProtocolEvent>(await events(graph));
      const of = (method: string) =>
        new Set(seen.filter((event) => event.method === method).map(({ params }) => names(params.namespace).join("/")));
      return { messages: of("messages"), tools: of("tools") };
    };
    expect(await placesOf(desk().compile(saver()))).toEqual({ messages: new Set(["clerk", "other"]), tools: new Set(["clerk"]) });
    const nested = await placesOf(sequential({ name: "house", agents: [desk()] }).compile(saver()));
    expect(nested.tools).toEqual(new Set(["desk/clerk"]));
    expect([...nested.messages]).toEqual(expect.arrayContaining(["desk/clerk", "desk/other"]));
  });

  it("leaves the thread as invoke leaves it", async () => {
    const shape = ({ messages, control: { entries: _visits, handedAfter: _after, ...control } }: BaseState) => ({
      messages: messages.map((message: BaseMessage) => [message.getType(), message.name, message.text]),
      calls: messages
        .flatMap((message) => (message as Partial<AIMessageChunk>).tool_calls ?? [])
        .map(({ name, args, id }) => [name, args, id]),
      control: { ...control, trail: control.trail.map(({ at: _at, ...entry }) => entry) },
    });
    const streamed = desk().compile(saver());
    await (
      await events(streamed)
    ).output;
    const invoked = await desk().compile(saver()).invoke(ask("hi"), config);
    expect(shape((await streamed.getState(config)).values as unknown as BaseState)).toEqual(shape(invoked));
  });
});
