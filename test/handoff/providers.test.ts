import { ChatAnthropic } from "@langchain/anthropic";
import { AIMessage, HumanMessage, SystemMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { tool } from "@langchain/core/tools";
import { ChatGoogleGenerativeAI } from "@langchain/google-genai";
import { MemorySaver } from "@langchain/langgraph";
import { ChatMistralAI } from "@langchain/mistralai";
import { ChatOpenAI } from "@langchain/openai";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { agent, handoff, loop, revise, sequential, supervisor, swarm, type Agent, type HistoryView } from "../../index.js";
import {
  callHandoff,
  callTool,
  providerIssues,
  providerRules,
  scriptedModel,
  type ModelStep,
  type Provider,
  type Role,
  type ScriptedModel,
} from "../../testing/index.js";
import { runs } from "../runs.js";

const says = (content: string) => ({ messages: [{ role: "user", content }] });
const thread = { configurable: { thread_id: "1" } };
const look = tool(() => "seen", { name: "look", description: "Looks.", schema: z.object({}) });

describe("H3 what is refused by a provider is an issue", () => {
  const call = (id: string, name = "look") => new AIMessage({ content: "", tool_calls: [{ type: "tool_call", id, name, args: {} }] });
  const answer = (id: string) => new ToolMessage({ content: "", tool_call_id: id });
  const user = new HumanMessage("hi");
  const bad: readonly (readonly [string, readonly BaseMessage[], readonly Provider[]])[] = [
    ["an end with the assistant", [user, new AIMessage("a")], ["anthropic", "gemini", "mistral"]],
    ["a user after a tool", [user, call("a"), answer("a"), user], ["mistral"]],
    ["an empty answer", [user, new AIMessage(""), user], Object.keys(providerRules) as Provider[]],
    ["an id with a colon", [user, call("m:read_result"), answer("m:read_result")], ["anthropic"]],
    ["an id too long", [user, call("a".repeat(50)), answer("a".repeat(50))], ["openai"]],
    ["an id twice", [user, call("a"), answer("a"), call("a"), answer("a")], ["openai-responses", "anthropic", "mistral"]],
    ["a call without an answer", [user, call("a"), user], Object.keys(providerRules) as Provider[]],
    ["a name with a blank", [user, call("a", "look up"), answer("a")], Object.keys(providerRules) as Provider[]],
    ["a second system message", [new SystemMessage("a"), user, new SystemMessage("b"), user], Object.keys(providerRules) as Provider[]],
  ];
  it.each(bad)("%s", (_name, messages, providers) => {
    for (const provider of Object.keys(providerRules) as Provider[])
      expect([provider, providerIssues({ messages }, provider).length > 0]).toEqual([provider, providers.includes(provider)]);
    expect(providerIssues({ messages: [user] })).toEqual([]);
  });
});

const odd = (name: string, id: string) => new AIMessage({ content: "\n", tool_calls: [{ type: "tool_call", id, name, args: {} }] });
const anyStep: fc.Arbitrary<ModelStep> = fc.oneof(
  fc.constantFrom("words", "", " \n", "[boss] words"),
  fc.constant(new AIMessage({ content: [] })),
  fc.constant(
    new AIMessage({
      content: [
        { type: "text", text: "" },
        { type: "text", text: "block" },
      ],
    }),
  ),
  fc.constantFrom(callTool("look"), callTool("nothing"), callHandoff("a"), callHandoff("b"), callHandoff("nobody")),
  fc.constantFrom(odd("look", "functions.look:0"), odd("look", "x".repeat(70)), odd("look up!", "same"), odd("look", "same")),
  fc.constant([callTool("look"), callHandoff("b", { summary: "s" })]),
);
const anyView = fc.constantFrom<HistoryView>(
  "full",
  "text",
  "none",
  (messages) => messages.slice(-3),
  (messages) => messages.slice(1, 4),
);

/** Teams of two model agents. */
const teams: Readonly<
  Record<
    string,
    (a: Agent<"a">, b: Agent<"b">) => { compile(options: object): { invoke(input: object, config: object): Promise<unknown> } }
  >
> = {
  swarm: (a, b) => swarm({ name: "team", agents: [a, b], maxHandoffs: 3 }),
  sequential: (a, b) => sequential({ name: "team", agents: [a, b] }),
  loop: (a, b) => loop({ name: "team", producer: a, reviewers: [b, agent({ id: "c", run: () => revise("again") })], maxIterations: 2 }),
  supervisor: (a, b) => supervisor({ name: "team", supervisor: a, workers: [b], maxRounds: 2 }),
  nested: (a, b) =>
    sequential({ name: "team", agents: [sequential({ name: "inner", agents: [a, agent({ id: "c", run: () => "c" })] }), b] }),
  notes: (a, b) =>
    swarm({ name: "team", agents: [agent({ id: "front", run: () => handoff("a", { reason: "r", payload: { x: 1 } }) }), a, b] }),
};

describe("H3 every provider accepts every request", () => {
  it.each(Object.keys(teams))("of models that answer anything, in a team of the kind %s", async (kind) => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 3, maxLength: 9 }), anyView, fc.boolean(), async (steps, history, isPrompted) => {
        const models: ScriptedModel[] = [];
        const make = <const Id extends string>(id: Id) => {
          const model = scriptedModel([...steps, ...Array.from({ length: 12 }, () => "end")]);
          models.push(model);
          return agent({ id, model, tools: [look], history, ...(isPrompted ? { prompt: `You are ${id}.` } : {}) });
        };
        const graph = teams[kind]?.(make("a"), make("b")).compile({ checkpointer: new MemorySaver() });
        for (const content of ["hi", "", "[a] more"]) await graph?.invoke(says(content), thread).catch(() => undefined); // what a turn fails with is not the subject
        for (const { calls } of models) for (const request of calls) expect(providerIssues(request)).toEqual([]);
      }),
      { numRuns: runs(2, 8) },
    );
  });
});

/** One message as it goes over the wire. */
interface Sent {
  readonly role: Role;
  readonly calls: readonly string[];
  readonly answers: readonly string[];
  readonly isEmpty: boolean;
}
type Json = Readonly<Record<string, unknown>>;
const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const isBlank = (text: unknown): boolean => typeof text !== "string" || text.trim() === "";

const chat = (body: Json): Sent[] =>
  list(body["messages"]).map((one) => {
    const calls = list(one["tool_calls"]).map(({ id }) => String(id));
    const answers = one["role"] === "tool" ? [String(one["tool_call_id"])] : [];
    return {
      role: one["role"] as Role,
      calls,
      answers,
      isEmpty: calls.length + answers.length === 0 && isBlank(one["content"]) && list(one["content"]).length === 0,
    };
  });

interface Wire {
  readonly model: () => BaseChatModel;
  readonly read: (body: Json) => Sent[];
  readonly says: (text: string) => Json;
  readonly calls: (name: string, args: object, id: string) => Json;
  readonly callId: RegExp;
}

const wires: Readonly<Record<Provider, Wire>> = {
  openai: {
    model: () => new ChatOpenAI({ model: "gpt-4o", apiKey: "none", maxRetries: 0 }),
    read: chat,
    says: (content) => ({
      id: "chatcmpl-1",
      object: "chat.completion",
      choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content } }],
    }),
    calls: (name, args, id) => ({
      id: "chatcmpl-1",
      object: "chat.completion",
      choices: [
        {
          index: 0,
          finish_reason: "tool_calls",
          message: {
            role: "assistant",
            content: null,
            tool_calls: [{ id, type: "function", function: { name, arguments: JSON.stringify(args) } }],
          },
        },
      ],
    }),
    callId: /^.{1,40}$/,
  },
  "openai-responses": {
    model: () => new ChatOpenAI({ model: "gpt-4o", apiKey: "none", maxRetries: 0, useResponsesApi: true }),
    read: (body) =>
      list(body["input"]).map((one) => {
        const calls = one["type"] === "function_call" ? [String(one["call_id"])] : [];
        const answers = one["type"] === "function_call_output" ? [String(one["call_id"])] : [];
        const role = calls.length > 0 ? "assistant" : answers.length > 0 ? "tool" : (one["role"] as Role);
        return {
          role,
          calls,
          answers,
          isEmpty: calls.length + answers.length === 0 && isBlank(one["content"]) && list(one["content"]).length === 0,
        };
      }),
    says: (text) => ({
      id: "resp_1",
      object: "response",
      status: "completed",
      model: "gpt-4o",
      output: [
        {
          type: "message",
          id: `msg_${text.length}`,
          role: "assistant",
          status: "completed",
          content: [{ type: "output_text", text, annotations: [] }],
        },
      ],
    }),
    calls: (name, args, id) => ({
      id: "resp_1",
      object: "response",
      status: "completed",
      model: "gpt-4o",
      output: [{ type: "function_call", id: `fc_${id}`, call_id: id, name, arguments: JSON.stringify(args), status: "completed" }],
    }),
    callId: /^.{1,64}$/,
  },
  anthropic: {
    model: () => new ChatAnthropic({ model: "claude-sonnet-4-6", apiKey: "none", maxRetries: 0 }),
    read: (body) =>
      list(body["messages"]).map((one) => {
        const blocks = list(one["content"]);
        const calls = blocks.filter(({ type }) => type === "tool_use").map(({ id }) => String(id));
        const answers = blocks.filter(({ type }) => type === "tool_result").map(({ tool_use_id: id }) => String(id));
        const isEmpty = blocks.length === 0 ? isBlank(one["content"]) : blocks.some(({ type, text }) => type === "text" && isBlank(text));
        return { role: answers.length > 0 ? "tool" : (one["role"] as Role), calls, answers, isEmpty };
      }),
    says: (text) => ({
      id: "msg_1",
      type: "message",
      role: "assistant",
      model: "claude",
      content: text === "" ? [] : [{ type: "text", text }],
      stop_reason: "end_turn",
      usage: { input_tokens: 1, output_tokens: 1 },
    }),
    calls: (name, input, id) => ({
      id: "msg_1",
      type: "message",
      role: "assistant",
      model: "claude",
      content: [{ type: "tool_use", id, name, input }],
      stop_reason: "tool_use",
      usage: { input_tokens: 1, output_tokens: 1 },
    }),
    callId: /^[A-Za-z0-9_-]{1,64}$/,
  },
  gemini: {
    model: () => new ChatGoogleGenerativeAI({ model: "gemini-2.0-flash", apiKey: "none", maxRetries: 0 }),
    read: (body) =>
      list(body["contents"]).map((one) => {
        const parts = list(one["parts"]);
        const calls = parts.filter((part) => "functionCall" in part).map((part) => String((part["functionCall"] as Json)["name"]));
        const answers = parts
          .filter((part) => "functionResponse" in part)
          .map((part) => String((part["functionResponse"] as Json)["name"]));
        const isEmpty = parts.length === 0 || parts.some((part) => "text" in part && isBlank(part["text"]));
        return { role: answers.length > 0 ? "tool" : one["role"] === "model" ? "assistant" : "user", calls, answers, isEmpty };
      }),
    says: (text) => ({
      candidates: [{ index: 0, finishReason: "STOP", content: { role: "model", parts: text === "" ? [] : [{ text }] } }],
    }),
    calls: (name, args) => ({
      candidates: [{ index: 0, finishReason: "STOP", content: { role: "model", parts: [{ functionCall: { name, args } }] } }],
    }),
    callId: /./,
  },
  mistral: {
    model: () => new ChatMistralAI({ model: "mistral-large-latest", apiKey: "none", maxRetries: 0 }),
    read: chat,
    says: (content) => ({
      id: "1",
      object: "chat.completion",
      created: 1,
      model: "m",
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content } }],
    }),
    calls: (name, args, id) => ({
      id: "1",
      object: "chat.completion",
      created: 1,
      model: "m",
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      choices: [
        {
          index: 0,
          finish_reason: "tool_calls",
          message: {
            role: "assistant",
            content: "",
            tool_calls: [{ id, type: "function", function: { name, arguments: JSON.stringify(args) } }],
          },
        },
      ],
    }),
    callId: /^[A-Za-z0-9]{9}$/,
  },
};

afterEach(() => vi.unstubAllGlobals());

describe("H3 on the wire", () => {
  it.each(Object.keys(wires) as Provider[])("a team whose models are behind %s sends what it accepts", async (provider) => {
    const wire = wires[provider];
    const bodies: Json[] = [];
    let script: Json[] = [];
    vi.stubGlobal("fetch", async (input: Request | string | URL, init?: RequestInit) => {
      const text = init?.body === undefined || init.body === null ? await (input as Request).text() : await new Response(init.body).text();
      const body = JSON.parse(text) as Json;
      bodies.push(body);
      const answer = script.shift() ?? wire.says("fine");
      if (body["stream"] !== true) return new Response(JSON.stringify(answer), { headers: { "content-type": "application/json" } });
      const choices = list(answer["choices"]).map(({ message, ...rest }) => ({ ...rest, delta: message }));
      const events = `data: ${JSON.stringify({ ...answer, choices })}\n\ndata: [DONE]\n\n`;
      return new Response(events, { headers: { "content-type": "text/event-stream" } });
    });
    const make = <const Id extends string>(id: Id) => agent({ id, model: wire.model(), tools: [look], prompt: `You are ${id}.` });
    const steps = () => [
      wire.calls("look", {}, "functions.look:0"),
      wire.calls("handoff", { target: "b", reason: "r", summary: "s" }, "x".repeat(38)),
      wire.says(""),
      wire.calls("look", {}, "functions.look:0"),
      wire.says("hello"),
      wire.calls("handoff", { target: "a", reason: "back", summary: "" }, "call_2"),
      wire.says("a again"),
    ];
    script = steps();
    const graph = swarm({ name: "desk", agents: [make("a"), make("b")] }).compile({ checkpointer: new MemorySaver() });
    for (const content of ["hi", "more", "and more", "bye"]) await graph.invoke(says(content), thread);
    script = steps().slice(3, 5);
    let round = 0;
    const reviewer = agent({ id: "reviewer", run: () => (round++ < 2 ? revise("longer") : "no verdict") });
    await loop({ name: "press", producer: make("writer"), reviewers: [reviewer] })
      .compile()
      .invoke(says("Write."));
    await sequential({ name: "line", agents: [make("one"), make("two")] })
      .compile()
      .invoke(says("Go."));
    expect(bodies.length).toBeGreaterThan(12);
    const { first, last, after } = providerRules[provider];
    for (const body of bodies) {
      const sent = wire.read(body).filter(({ role }) => role !== "system" && (role as string) !== "developer");
      expect(sent.filter(({ isEmpty }) => isEmpty)).toEqual([]);
      expect(first).toContain(sent[0]?.role);
      expect(last).toContain(sent.at(-1)?.role);
      for (const [index, { role, calls, answers }] of sent.entries()) {
        const before = sent[index - 1];
        if (before !== undefined) expect(after[before.role]).toContain(role);
        for (const id of [...calls, ...answers]) expect(id).toMatch(wire.callId);
      }
      const asked = sent.flatMap(({ calls }) => calls);
      expect(sent.flatMap(({ answers }) => answers)).toEqual(asked);
      if (provider !== "gemini") expect(new Set(asked).size).toBe(asked.length); // there, calls are told by their names
    }
  });
});
