import type { ChatCompletionRequest } from "@copilotkit/aimock";
import { AIMessage, ToolMessage, type AIMessageChunk } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { MemorySaver } from "@langchain/langgraph";
import { createAgent } from "langchain";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { agent, pipeline, readRecord, sequential, swarm, type Agent, type BaseState } from "../../index.js";
import { ask, texts, thread } from "./graph-fixtures.js";
import { historyIssues, openAI, targetsOffered } from "./wire/server.js";

const saver = () => ({ checkpointer: new MemorySaver() });
const config = thread("1");
const json = (value: unknown) => JSON.stringify(value);

/** A tool that keeps what it was called with. */
function book() {
  const made: { readonly room: string; readonly nights?: number | undefined }[] = [];
  const schema = z.object({ room: z.string(), nights: z.number().optional() });
  const run = tool(
    (input) => {
      made.push(input);
      return `${input.room} is booked.`;
    },
    { name: "book", description: "Books a room.", schema },
  );
  return { tool: run, made };
}

interface Streamable {
  stream(input: object, config: object): Promise<AsyncIterable<unknown>>;
}

/** Runs one input as a client that wants tokens does, so that the model streams; returns the text it saw arrive. */
async function streamed(graph: Streamable, text: string): Promise<string> {
  let seen = "";
  for await (const chunk of await graph.stream(ask(text), { ...config, streamMode: "messages" })) {
    const [message] = chunk as [AIMessageChunk]; // what this mode streams
    if (message.getType() === "ai") seen += message.text;
  }
  return seen;
}

interface EventStreamable {
  streamEvents(input: object, config: object): unknown;
}

/** The same as protocol events, which is how Studio and `useStream` run a graph. */
async function asEvents(graph: EventStreamable, text: string): Promise<void> {
  const run = (await graph.streamEvents(ask(text), { ...config, version: "v3" })) as { readonly output: Promise<unknown> }; // LangGraph's form of version 3
  await run.output;
}

const answersIn = (state: Pick<BaseState, "messages">) =>
  state.messages.filter((message) => ToolMessage.isInstance(message)).map((message) => message.text);

/** OpenAI would take every request, and nothing of ours that is not for the model is in it. */
function expectClean(requests: readonly ChatCompletionRequest[]): void {
  for (const request of requests) {
    expect(historyIssues(request.messages)).toEqual([]);
    for (const message of request.messages)
      expect(["role", "content", "name", "tool_calls", "tool_call_id"]).toEqual(expect.arrayContaining(Object.keys(message)));
    expect(json(request)).not.toMatch(/phasegraph|"control"|"trail"|"episode"|"meta"|"seq"|additional_kwargs|idempotency/);
  }
}

describe("A7 a model behind OpenAI's protocol", () => {
  it("streams its words, and its tool calls arrive whole", async () => {
    const { tool: bookRoom, made } = book();
    const server = await openAI([
      { calls: [{ name: "book", args: json({ room: "blue", nights: 12 }), id: "c1" }], content: "One moment." },
      "The blue room is yours.",
    ]);
    const graph = sequential({
      name: "desk",
      agents: [agent({ id: "clerk", model: server.model(), tools: [bookRoom], prompt: "Be kind." })],
    });
    expect(await streamed(graph.compile(saver()), "A room?")).toBe("One moment.The blue room is yours.");
    expect(made).toEqual([{ room: "blue", nights: 12 }]);
    const [first, second] = server.requests();
    expect([first?.stream, second?.stream]).toEqual([true, true]);
    expect(second?.messages.map(({ role, content }) => [role, content])).toEqual([
      ["system", "Be kind."],
      ["user", "A room?"],
      ["assistant", "One moment."],
      ["tool", "blue is booked."],
    ]);
    expectClean(server.requests());
  });

  it("is asked again after a 429 that says when, and the turn goes on", async () => {
    const slow = { response: { error: { message: "slow down", type: "rate_limit_error" }, status: 429, retryAfter: 1 } };
    const server = await openAI([slow, "Here I am."]);
    const graph = sequential({ name: "desk", agents: [agent({ id: "clerk", model: server.model() })] }).compile();
    expect(texts(await graph.invoke(ask("hi")))).toEqual(["hi", "Here I am."]);
    expect(server.statuses()).toEqual([429, 200]);
  });

  it("that gives all its answers one id loses none of them", async () => {
    const { tool: bookRoom } = book();
    const calls = (room: string) => ({ response: { id: "same", toolCalls: [{ name: "book", arguments: json({ room }), id: "c1" }] } });
    const server = await openAI([
      calls("red"),
      calls("blue"),
      { response: { id: "same", content: "Both." } },
      { response: { id: "same", content: "Bye." } },
    ]);
    const graph = swarm({ name: "desk", agents: [agent({ id: "clerk", model: server.model(), tools: [bookRoom] })] }).compile(saver());
    await graph.invoke(ask("hi"), config);
    const state = await graph.invoke(ask("thanks"), config);
    expect(texts(state)).toEqual(["hi", "", "red is booked.", "", "blue is booked.", "Both.", "thanks", "Bye."]);
    expect(server.requests().at(-1)?.messages).toHaveLength(7);
    expectClean(server.requests());
  });

  it("that refuses for good ends the run with its reason, and the thread takes the next input", async () => {
    const refused = { response: { error: { message: "no such model", type: "invalid_request_error" }, status: 400 } };
    const server = await openAI([refused, "Better now."]);
    const graph = swarm({ name: "desk", agents: [agent({ id: "clerk", model: server.model() })] }).compile(saver());
    await expect(graph.invoke(ask("hi"), config)).rejects.toThrow(/400 no such model/);
    const state = await graph.invoke(ask("again"), config);
    expect(texts(state)).toEqual(["hi", "again", "Better now."]);
    expect(state.control).toMatchObject({ waiting: ["clerk"], refusals: 0 });
    expectClean(server.requests());
  });
});

describe("A4 a stream that breaks off", () => {
  const broken = { response: { content: "I am about to say a lot" }, options: { truncateAfterChunks: 4, chunkSize: 4, latency: 5 } };
  const desk = (made: Agent) => swarm({ name: "desk", agents: [made] }).compile(saver());

  it("ends the run with an error that says so; half an answer is not kept, and the next input is answered", async () => {
    const server = await openAI([broken, "All of it."]);
    const graph = desk(agent({ id: "clerk", model: server.model() }));
    await expect(streamed(graph, "hi")).rejects.toMatchObject({
      name: "InvalidModelOutputError",
      message: expect.stringMatching(/agent "clerk".*connection broke off before the answer had ended/) as string,
    });
    expect(texts((await graph.getState(config)).values as BaseState)).toEqual(["hi"]);
    expect(await streamed(graph, "again")).toBe("All of it.");
    expectClean(server.requests());
  });

  it("is run again from where it broke: what was done before is not done twice", async () => {
    const { tool: bookRoom, made } = book();
    const server = await openAI([{ calls: [{ name: "book", args: json({ room: "blue" }), id: "c1" }] }, broken, "Done."]);
    const graph = desk(agent({ id: "clerk", model: server.model(), tools: [bookRoom] }));
    await expect(streamed(graph, "hi")).rejects.toMatchObject({ name: "InvalidModelOutputError" });
    const state = await graph.invoke(null, config);
    expect(texts(state)).toEqual(["hi", "", "blue is booked.", "Done."]);
    expect(made).toHaveLength(1);
    expect(server.requests()).toHaveLength(3);
    expectClean(server.requests());
  });
});

describe("A7 tool calls that cannot be carried out as they came", () => {
  type Mode = "messages" | "events" | "invoke";
  const run = async (calls: readonly { name: string; args: string; id?: string }[], mode: Mode = "messages") => {
    const { tool: bookRoom, made } = book();
    const server = await openAI([{ calls }, "Sorry."]);
    const graph = swarm({ name: "desk", agents: [agent({ id: "clerk", model: server.model(), tools: [bookRoom] })] }).compile(saver());
    if (mode === "messages") await streamed(graph, "hi");
    else if (mode === "events") await asEvents(graph, "hi");
    else await graph.invoke(ask("hi"), config);
    const state = (await graph.getState(config)).values as BaseState;
    expect(state.messages.at(-1)?.text).toBe("Sorry.");
    expectClean(server.requests());
    return { made, answers: answersIn(state), state, sent: server.requests()[1]?.messages ?? [] };
  };

  const broken: readonly (readonly [string, string])[] = [
    ["are no JSON", "{room: blue}"],
    ["are a list", '["blue"]'],
    ["are a text", '"blue"'],
    ["break off in a number", '{"room":"blue","nights":1'],
    ["break off in a text", '{"room":"bl'],
    ["break off after a part that would do", '{"room":"blue"'],
  ];

  it.each(broken.flatMap(([what, args]) => (["messages", "events"] as const).map((mode) => ({ what, args, mode }))))(
    "arguments that $what are not carried out, and the model is told (streamed as $mode)",
    async ({ args, mode }) => {
      const { made, answers } = await run([{ name: "book", args, id: "c1" }], mode);
      expect(made).toEqual([]);
      expect(answers).toEqual([expect.stringMatching(/could not be read[\s\S]*Nothing was done/)]);
    },
  );

  it("the same without streaming", async () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined); // LangChain's own, on such an answer
    const { made, answers } = await run([{ name: "book", args: '{"room":"bl', id: "c1" }], "invoke");
    expect(warned.mock.calls.flat().join()).toContain("LangChain");
    expect(made).toEqual([]);
    expect(answers).toEqual([expect.stringMatching(/could not be read[\s\S]*Nothing was done/)]);
  });

  it("a sound call beside a broken one is carried out, and each gets its own answer", async () => {
    const { made, answers } = await run([
      { name: "book", args: '{"room":', id: "c1" },
      { name: "book", args: json({ room: "red" }), id: "c2" },
    ]);
    expect(made).toEqual([{ room: "red" }]);
    expect(answers.toSorted()).toEqual([expect.stringContaining("could not be read"), "red is booked."]);
  });

  it.each(["messages", "events", "invoke"] as const)("two calls under one id are two calls (%s)", async (mode) => {
    const { made, answers, sent } = await run(
      [
        { name: "book", args: json({ room: "red" }), id: "c1" },
        { name: "book", args: json({ room: "blue" }), id: "c1" },
      ],
      mode,
    );
    expect(made).toEqual([{ room: "red" }, { room: "blue" }]);
    expect(answers).toEqual(["red is booked.", "blue is booked."]);
    const ids = sent.flatMap((message) => message.tool_calls ?? []).map((call) => call.id);
    expect(new Set(ids).size).toBe(2);
    expect(Math.max(...ids.map((id) => id.length))).toBeLessThanOrEqual(40); // OpenAI's limit
  });

  it("a tool that is not there, and one that gets the wrong arguments, are answered with what is wrong", async () => {
    const { made, answers } = await run([
      { name: "fly", args: "{}", id: "c1" },
      { name: "book", args: json({ room: 7 }), id: "c2" },
    ]);
    expect(made).toEqual([]);
    expect(answers).toEqual([
      expect.stringMatching(/no tool "fly".*there are: book/),
      expect.stringMatching(/did not match.*\n[\s\S]*room/),
    ]);
  });
});

describe("C2 what a model is asked, request by request", () => {
  const handoffTo = (target: string, id?: string) => ({
    name: "handoff",
    args: json({ target, reason: "because", summary: `for ${target}` }),
    ...(id === undefined ? {} : { id }),
  });

  it("the handoff tool offers exactly the targets that are legal then, and every history is valid", async () => {
    const { tool: bookRoom, made } = book();
    const server = await openAI([
      { calls: [handoffTo("boss"), { name: "book", args: json({ room: "red" }) }] }, // front: refused, the booking is done
      { calls: [{ name: "book", args: json({ room: "blue" }) }, handoffTo("billing"), handoffTo("kitchen")] }, // front: the first one wins
      { calls: [handoffTo("front")] }, // billing
      { calls: [handoffTo("kitchen")] }, // front: that was one handoff too many
      "What else?", // front
      { calls: [handoffTo("kitchen")] }, // front, after the next input
      "Soup.", // kitchen
    ]);
    const model = server.model();
    const graph = swarm({
      name: "hotel",
      handoffs: { front: ["billing", "kitchen"], billing: ["front"] },
      maxHandoffs: 2,
      agents: [
        agent({ id: "front", model, tools: [bookRoom] }),
        agent({ id: "billing", model, prompt: "You bill." }),
        agent({ id: "kitchen", model }),
        agent({ id: "boss", run: () => "never" }),
      ],
    }).compile(saver());
    const first = await graph.invoke(ask("hi"), config);
    const second = await graph.invoke(ask("soup?"), config);
    expect(server.requests().map(targetsOffered)).toEqual([
      ["billing", "kitchen"],
      ["billing", "kitchen"],
      ["front"],
      undefined, // the budget of handoffs is spent
      undefined,
      ["billing", "kitchen"], // and is back with the next input
      undefined, // nobody is open to the kitchen
    ]);
    expect(made.map(({ room }) => room)).toEqual(["red", "blue"]);
    expect(answersIn(second)).toEqual([
      'A handoff to "boss" is not possible. Open now: billing, kitchen. Choose one of these, or answer yourself.',
      "red is booked.",
      "blue is booked.",
      "Handed over to billing.",
      "Not executed: the turn had ended before this call.",
      "Handed over to front.",
      'A handoff to "kitchen" is not possible: none is open now. Answer yourself.',
      "Handed over to kitchen.",
    ]);
    expect(first.control.waiting).toEqual(["front"]);
    expect(second.control.waiting).toEqual(["kitchen"]);
    expect(second.messages.every((message) => readRecord(message) !== undefined)).toBe(true);
    const handedOver = (from: string, to: string) => `[Handed over by ${from}]\nReason: because\nSummary: for ${to}`;
    const last = server.requests().map(({ messages }) => messages.slice(-2).map(({ content }) => content));
    expect(last[2]?.at(-1)).toBe(handedOver("front", "billing"));
    expect(last[3]?.at(-1)).toBe(handedOver("billing", "front"));
    expect(last[5]).toEqual(["What else?", "soup?"]); // what was handed over earlier stands where it was
    expect(last[6]?.at(-1)).toBe(handedOver("front", "kitchen"));
    expectClean(server.requests());
  });

  it("a pipeline offers its next stage and those it may return to, by the agents that work there", async () => {
    const server = await openAI([
      { calls: [handoffTo("handling")] },
      { calls: [handoffTo("intake")] },
      { calls: [handoffTo("handling")] },
      { calls: [handoffTo("closing")] },
      "Closed.",
    ]);
    const model = server.model();
    const graph = pipeline({
      name: "support",
      stages: [
        { phase: "intake", agent: agent({ id: "triage", model }), next: "handling" },
        { phase: "handling", agent: agent({ id: "handler", model }), next: "closing", canReturnTo: ["intake"] },
        { phase: "closing", agent: agent({ id: "closer", model }) },
      ],
    }).compile(saver());
    await graph.invoke(ask("hi"), config);
    expect(server.requests().map((request) => targetsOffered(request)?.toSorted())).toEqual([
      ["handling"],
      ["closing", "intake"],
      ["handling"],
      ["closing", "intake"],
      undefined,
    ]);
    expectClean(server.requests());
  });

  it("calls that another kind of agent left unanswered are not sent on unanswered", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined); // LangChain's own, on an answer that it cannot read
    const server = await openAI([{ calls: [{ name: "book", args: '{"room":' }] }, "Fine."]);
    const foreign = agent({ id: "foreign", graph: createAgent({ model: server.model(), tools: [book().tool] }) });
    const graph = sequential({ name: "line", agents: [foreign, agent({ id: "own", model: server.model() })] }).compile(saver());
    const state = await graph.invoke(ask("hi"), config);
    expect(state.messages.at(-1)?.text).toBe("Fine.");
    expect(server.requests()).toHaveLength(2);
    expectClean(server.requests());
  });

  it("a nested team's model sees the conversation and no place of the team around it", async () => {
    const server = await openAI([{ calls: [handoffTo("second")] }, "Inner done.", "Outer done."]);
    const model = server.model();
    const inner = swarm({ name: "inner", agents: [agent({ id: "first", model }), agent({ id: "second", model })] });
    const graph = sequential({ name: "outer", agents: [inner, agent({ id: "last", model })] }).compile(saver());
    const state = await graph.invoke(ask("hi"), config);
    expect(server.requests().map(targetsOffered)).toEqual([["second"], ["first"], undefined]);
    expect(server.requests()[2]?.messages.map(({ role, content }) => [role, content])).toEqual([
      ["user", "hi"],
      ["user", "[inner] Inner done."],
    ]);
    expect(AIMessage.isInstance(state.messages.at(-1))).toBe(true);
    expectClean(server.requests());
  });
});
