import { AIMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { MemorySaver } from "@langchain/langgraph";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  agent,
  conversationLog,
  handoff,
  HandoffRejectedError,
  InvalidDefinitionError,
  reply,
  sequential,
  swarm,
  type ModelAgent,
  type Turn,
} from "../../index.js";
import { callHandoff, callTool, scriptedModel, type ScriptedCall } from "../../testing/index.js";
import { runs } from "../runs.js";

const go = { messages: [{ role: "user" as const, content: "go" }] };
const on = (thread_id: string) => ({ configurable: { thread_id } });

const add = tool(({ a, b }) => String(a + b), { name: "add", description: "Adds.", schema: z.object({ a: z.number(), b: z.number() }) });
const fail = tool(
  () => {
    throw new Error("the service is down");
  },
  { name: "fail", description: "Fails.", schema: z.object({}) },
);

/** An orchestration of one model agent. */
const alone = (definition: Omit<ModelAgent<"solo", object, unknown>, "id">) =>
  sequential({ name: "alone", agents: [agent({ id: "solo", ...definition })] });

/** The rule that OpenAI enforces: every call is answered exactly once, directly after the message that made it; no answer stands alone. */
function brokenAt(messages: readonly BaseMessage[]): string | undefined {
  let open: string[] = [];
  for (const [index, message] of messages.entries()) {
    if (ToolMessage.isInstance(message)) {
      if (!open.includes(message.tool_call_id)) return `${index}: an answer to nothing (${message.tool_call_id})`;
      open = open.filter((id) => id !== message.tool_call_id);
      continue;
    }
    if (open.length > 0) return `${index}: calls without an answer (${open.join()})`;
    if (AIMessage.isInstance(message)) open = (message.tool_calls ?? []).map((call) => call.id ?? "");
    if (new Set(open).size < open.length) return `${index}: two calls with one id`;
  }
  return open.length > 0 ? `the end: calls without an answer (${open.join()})` : undefined;
}

const movesOf = (trail: readonly { readonly event: string; readonly from: string; readonly to: string }[]): string[] =>
  trail.filter(({ event }) => event.startsWith("HANDOFF.")).map(({ from, to }) => `${from}>${to}`);

describe("A7 a model with tools", () => {
  it("calls tools side by side, reads their answers, and replies", async () => {
    const model = scriptedModel([[callTool("add", { a: 1, b: 2 }), callTool("add", { a: 3, b: 4 })], "3 and 7"]);
    const state = await alone({ model, tools: [add], prompt: "You add." })
      .compile()
      .invoke(go);
    expect(state.messages.map((message) => message.text)).toEqual(["go", "", "3", "7", "3 and 7"]);
    expect(model.calls[1]?.messages.map((message) => message.text)).toEqual(["You add.", "go", "", "3", "7"]);
    expect(state.control.usage).toEqual({ steps: 1, modelCalls: 2, toolCalls: 2 });
    model.assertDone();
  });

  it("tells the model of errors, unknown tools and bad arguments, and goes on", async () => {
    const model = scriptedModel([[callTool("fail"), callTool("ghost"), callTool("add", { a: "one" })], "I see."]);
    const state = await alone({ model, tools: [add, fail] })
      .compile()
      .invoke(go);
    const answers = state.messages.filter((message) => ToolMessage.isInstance(message));
    expect(answers.map((message) => message.status)).toEqual(["error", "error", "error"]);
    expect(answers.map((message) => message.text)).toEqual([
      expect.stringContaining("the service is down"),
      expect.stringContaining('There is no tool "ghost"; there are: add, fail.'),
      expect.stringContaining("schema"),
    ]);
  });

  it("answers arguments that are no JSON, and the model may try again", async () => {
    const broken = new AIMessage({
      content: "",
      invalid_tool_calls: [{ type: "invalid_tool_call", id: "x", name: "add", args: "{a: 1", error: "Malformed args." }],
    });
    const model = scriptedModel([broken, callTool("add", { a: 1, b: 1 }), "2"]);
    const state = await alone({ model, tools: [add] })
      .compile()
      .invoke(go);
    expect(state.messages.map((message) => message.text)).toContainEqual(expect.stringContaining("The arguments could not be read: "));
    expect(brokenAt(state.messages)).toBeUndefined();
  });

  it("refuses two tools of one name, and the turn's own names", () => {
    const own = tool(() => "", { name: "handoff", description: "", schema: z.object({}) });
    expect(() => agent({ id: "x", model: scriptedModel([]), tools: [add, add] })).toThrow(InvalidDefinitionError);
    expect(() => agent({ id: "x", model: scriptedModel([]), tools: [own] })).toThrow("the turn's own");
  });

  it("a tool may update the extra state and send the chart somewhere", async () => {
    const note = tool(() => "noted", { name: "note", description: "", schema: z.object({}) });
    const model = scriptedModel([callTool("note"), "done"]);
    const state = await swarm({
      name: "s",
      state: { seen: z.string().default("no") },
      agents: [agent({ id: "a", model, tools: [note] }), agent({ id: "b", run: () => "b" })],
    })
      .compile()
      .invoke(go);
    expect(state.seen).toBe("no");
    expect(state.messages.at(-1)?.text).toBe("done");
  });
});

describe("C2 the handoff tool", () => {
  const desk = (model: ReturnType<typeof scriptedModel>, more: Partial<ModelAgent<"triage", object, unknown>> = {}) =>
    swarm({
      name: "desk",
      agents: [
        agent({ id: "triage", model, ...more }),
        agent({ id: "billing", description: "Knows invoices", run: (turn) => `billing: ${turn.handover?.summary}` }),
        agent({ id: "travel", description: "Knows trains", run: () => "travel" }),
      ],
      handoffs: { triage: ["billing"], billing: ["travel"] },
    });

  it("lists only who can take over now, with names and descriptions, and is gone when nobody can", async () => {
    const model = scriptedModel(["hello"]);
    await desk(model).compile().invoke(go);
    const [given] = (model.calls[0]?.options["tools"] ?? []) as { description: string; schema: z.ZodType }[];
    expect(model.calls[0]?.tools).toEqual(["handoff"]);
    expect(given?.description).toContain("- billing: Knows invoices");
    expect(JSON.stringify(z.toJSONSchema(given?.schema ?? z.never()))).toContain('"enum":["billing"]');
    const nobody = scriptedModel(["hello"]);
    await sequential({ name: "s", agents: [agent({ id: "a", model: nobody })] })
      .compile()
      .invoke(go);
    expect(nobody.calls[0]?.tools).toEqual([]);
  });

  it("passes reason and summary to the receiver, in the same run and stream", async () => {
    const model = scriptedModel([callHandoff("billing", { reason: "an invoice", summary: "invoice 7 is wrong" })]);
    const nodes: string[] = [];
    for await (const chunk of await desk(model).compile().stream(go, { streamMode: "updates" })) nodes.push(...Object.keys(chunk));
    expect(nodes.filter((node) => !node.startsWith("call_"))).toEqual(["triage", "billing"]);
    const state = await desk(scriptedModel([callHandoff("billing", { summary: "invoice 7" })]))
      .compile()
      .invoke(go);
    expect(state.messages.at(-1)?.text).toBe("billing: invoice 7");
    expect(movesOf(state.control.trail)).toEqual(["triage>billing"]);
  });

  it("C3 a refused handoff tells the model who is open; the receiver it names then is reached", async () => {
    const rejected: unknown[] = [];
    const model = scriptedModel([callHandoff("travel"), callHandoff("billing", { summary: "ok" })]);
    const state = await desk(model, { onHandoffRejected: (rejection) => rejected.push(rejection) })
      .compile()
      .invoke(go);
    expect(state.messages.map((message) => message.text)).toContain(
      'A handoff to "travel" is not possible. Open now: billing. Choose one of these, or answer yourself.',
    );
    expect(rejected).toEqual([{ agent: "triage", phase: "triage", target: "travel", legal: ["billing"] }]);
    expect(state.control.waiting).toEqual(["billing"]);
  });

  it("C3 a model that does not learn is a typed error, and the thread is where it was", async () => {
    const graph = desk(scriptedModel([callHandoff("x"), callHandoff("y"), callHandoff("z")])).compile({ checkpointer: new MemorySaver() });
    await expect(graph.invoke(go, on("1"))).rejects.toThrow(HandoffRejectedError);
    const { control } = (await graph.getState(on("1"))).values;
    expect(control.value).toBe("triage");
    expect(movesOf(control.trail)).toEqual([]);
  });

  it("C4 the receiver sees the history as it is asked to", async () => {
    const seen = async (history: "full" | "text" | "none"): Promise<string[]> => {
      const second = scriptedModel(["fine"]);
      const pair = swarm({
        name: "pair",
        agents: [
          agent({ id: "one", model: scriptedModel([callTool("add", { a: 1, b: 1 }), callHandoff("two", { summary: "2" })]), tools: [add] }),
          agent({ id: "two", model: second, history }),
        ],
      });
      await pair.compile().invoke(go);
      return second.calls[0]?.messages.map((message) => message.text) ?? [];
    };
    expect(await seen("none")).toEqual(["go", "[Handed over by one]\nSummary: 2"]);
    expect(await seen("text")).toEqual(["go", "[Handed over by one]\nSummary: 2"]);
    expect(await seen("full")).toEqual([
      "go",
      '[one called add] {"a":1,"b":1}',
      "[add answered one] 2",
      "[Handed over by one]\nSummary: 2",
    ]);
  });

  it("C2 any mix of calls, side by side and over several rounds, leaves a history that providers accept, and no tool runs twice", async () => {
    const call: fc.Arbitrary<ScriptedCall> = fc.oneof(
      fc.record({ a: fc.nat(9), b: fc.nat(9) }).map((args) => callTool("count", args)),
      fc.constant(callTool("fail")),
      fc.constant(callTool("ghost", { x: 1 })),
      fc.constant(callTool("count", { a: "no number" })),
      fc.constantFrom("one", "two", "three", "nobody").map((target) => callHandoff(target)),
      fc.constant(callTool("handoff", { whither: 1 })),
    );
    const asksGhosts = (round: unknown) => JSON.stringify(round).includes("ghost"); // three times in a row, and the turn is ended
    const rounds = fc
      .array(fc.oneof(fc.constant("a reply"), fc.array(call, { minLength: 1, maxLength: 4 })), { maxLength: 8 })
      .filter((script) => script.filter(asksGhosts).length < 3);
    await fc.assert(
      fc.asyncProperty(rounds, async (script) => {
        const ran: string[] = [];
        const count = tool(
          ({ a, b }, config) => {
            ran.push(String((config as { toolCall?: { id?: string } }).toolCall?.id));
            return String(a + b);
          },
          { name: "count", description: "", schema: z.object({ a: z.number(), b: z.number() }) },
        );
        const model = scriptedModel([...script, ...Array.from({ length: 30 }, () => "enough")]);
        const team = swarm({
          name: "team",
          agents: (["one", "two", "three"] as const).map((id) => agent({ id, model, tools: [count, fail], handoffAttempts: 100 })),
          handoffs: { one: ["two"], two: ["one", "three"], three: ["two"] },
        });
        const state = await team.compile().invoke(go);
        expect(brokenAt(state.messages)).toBeUndefined();
        expect(new Set(ran).size).toBe(ran.length);
        expect(state.control.waiting).toEqual([state.control.value]);
        expect(state.control.refusals).toBe(0);
        for (const move of movesOf(state.control.trail)) expect(["one>two", "two>one", "two>three", "three>two"]).toContain(move);
        for (const entry of conversationLog(state.messages))
          expect([entry.author, entry.recipient, entry.type].every((word) => word !== "")).toBe(true);
      }),
      { numRuns: runs(30, 150) },
    );
  });
});

describe("structured output", () => {
  const output = z.object({ score: z.number().min(0).max(10) });

  it("comes as data of the type asked for, through a tool or as JSON in a text", async () => {
    for (const answer of [callTool("respond", { score: 7 }), '{"score": 7}', 'Sure:\n```json\n{"score": 7}\n```']) {
      const state = await alone({ model: scriptedModel([answer]), output })
        .compile()
        .invoke(go);
      expect(state.results["solo"]?.data).toEqual({ score: 7 });
      expect(brokenAt(state.messages)).toBeUndefined();
    }
  });

  it("is asked for again when it does not fit, with what is wrong", async () => {
    const model = scriptedModel([callTool("respond", { score: 11 }), "seven", callTool("respond", { score: 9 })]);
    const state = await alone({ model, output }).compile().invoke(go);
    expect(state.results["solo"]?.data).toEqual({ score: 9 });
    expect(model.calls[1]?.messages.at(-1)?.text).toContain("score");
    await expect(
      alone({ model: scriptedModel(["1", "2", "3"]), output })
        .compile()
        .invoke(go),
    ).rejects.toThrow("after 3 attempts");
  });

  it("may decide what follows", async () => {
    const judge = agent({
      id: "judge",
      model: scriptedModel([callTool("respond", { score: 2 })]),
      output,
      decide: ({ score }) => (score < 5 ? handoff("writer", { reason: "too low" }) : reply("fine")),
    });
    const writer = agent({ id: "writer", run: (turn: Turn) => `again, because ${turn.handover?.reason}` });
    const state = await swarm({ name: "pair", agents: [judge, writer] })
      .compile()
      .invoke(go);
    expect(state.messages.at(-1)?.text).toBe("again, because too low");
  });
});

describe("limits of a turn", () => {
  it("model calls, tool calls and time are bounded, each by a typed error that says how to raise it", async () => {
    const loop = Array.from({ length: 5 }, () => callTool("add", { a: 1, b: 1 }));
    await expect(
      alone({ model: scriptedModel(loop), tools: [add], limits: { modelCalls: 2 } })
        .compile()
        .invoke(go),
    ).rejects.toThrow('"solo" reached its limit of 2 modelCalls');
    await expect(
      alone({ model: scriptedModel([loop]), tools: [add], limits: { toolCalls: 3 } })
        .compile()
        .invoke(go),
    ).rejects.toThrow("limit of 3 toolCalls");
    let aborted = false;
    const hangs = scriptedModel([
      ({ options }) =>
        new Promise((_resolve, reject) => {
          (options["signal"] as AbortSignal).addEventListener("abort", () => {
            aborted = true;
            reject(new Error("aborted"));
          });
        }),
    ]);
    await expect(
      alone({ model: hangs, limits: { milliseconds: 30 } })
        .compile()
        .invoke(go),
    ).rejects.toThrow("did not finish its turn within 30 ms");
    expect(aborted).toBe(true);
  });

  it("limits of the orchestration reach agents nested in it", async () => {
    const model = scriptedModel(Array.from({ length: 9 }, () => callTool("add", { a: 1, b: 1 })));
    const inner = sequential({ name: "inner", agents: [agent({ id: "deep", model, tools: [add] })] });
    const outer = sequential({ name: "outer", agents: [sequential({ name: "middle", agents: [inner] })], limits: { modelCalls: 3 } });
    await expect(outer.compile().invoke(go)).rejects.toThrow('"outer" reached its limit of 3 modelCalls');
    expect(model.calls).toHaveLength(3);
  });
});
