import { ChatAnthropic } from "@langchain/anthropic";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { tool } from "@langchain/core/tools";
import { ChatGoogleGenerativeAI } from "@langchain/google-genai";
import { MemorySaver } from "@langchain/langgraph";
import { ChatMistralAI } from "@langchain/mistralai";
import { ChatOpenAI } from "@langchain/openai";
import { createAgent } from "langchain";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { agent, swarm, type Agent } from "../../index.js";
import type { Provider } from "../../testing/index.js";
import { says } from "../patterns/says.js";

type Json = Readonly<Record<string, unknown>>;
const fields = { apiKey: "none", maxRetries: 0 };
const look = tool(() => "seen", { name: "look", description: "Looks.", schema: z.object({}) });
const thread = { configurable: { thread_id: "1" } };

interface Wire {
  readonly model: () => BaseChatModel;
  /** A call of `look`, with everything of its own that the provider hangs on an answer. */
  readonly calls: Json;
  /** The words "all done", in the same manner. */
  readonly says: Json;
  /** What is sent back to the provider of its own. */
  readonly own: RegExp | undefined;
}

const completion = (message: Json): Json => ({
  id: "1",
  object: "chat.completion",
  created: 1,
  model: "m",
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", ...message } }],
});
const look_ = (id: string) => [{ id, type: "function", function: { name: "look", arguments: "{}" } }];
const response = (output: readonly Json[]): Json => ({ id: "resp_1", object: "response", status: "completed", model: "gpt-4o", output });
const anthropic = (...content: readonly Json[]): Json => ({
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude",
  content,
  stop_reason: "end_turn",
  usage: { input_tokens: 1, output_tokens: 1 },
});
const gemini = (...parts: readonly Json[]): Json => ({
  candidates: [{ index: 0, finishReason: "STOP", content: { role: "model", parts } }],
});

const wires: Readonly<Record<Provider, Wire>> = {
  openai: {
    model: () => new ChatOpenAI({ model: "gpt-4o", ...fields }),
    calls: completion({ content: null, tool_calls: look_("call_1") }),
    says: completion({ content: "all done", reasoning_content: "hm" }),
    own: undefined,
  },
  "openai-responses": {
    model: () => new ChatOpenAI({ model: "gpt-4o", useResponsesApi: true, ...fields }),
    calls: response([
      { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "secret thought" },
      { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "q" } },
      { type: "function_call", id: "fc_1", call_id: "call_1", name: "look", arguments: "{}", status: "completed" },
    ]),
    says: response([
      { type: "reasoning", id: "rs_2", summary: [{ type: "summary_text", text: "hm" }], encrypted_content: "secret thought" },
      {
        type: "message",
        id: "msg_1",
        role: "assistant",
        status: "completed",
        content: [
          {
            type: "output_text",
            text: "all done",
            annotations: [{ type: "url_citation", url: "https://x.example/", title: "x", start_index: 0, end_index: 1 }],
          },
        ],
      },
    ]),
    own: /rs_1.*web_search_call.*rs_2.*url_citation/,
  },
  anthropic: {
    model: () => new ChatAnthropic({ model: "claude-sonnet-4-6", ...fields }),
    calls: anthropic(
      { type: "thinking", thinking: "hm", signature: "sig" },
      { type: "redacted_thinking", data: "secret thought" },
      { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "q" } },
      { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [] },
      { type: "tool_use", id: "toolu_1", name: "look", input: {} },
    ),
    says: anthropic({ type: "thinking", thinking: "hm", signature: "sig" }, { type: "text", text: "all done" }),
    own: /redacted_thinking.*server_tool_use.*tool_use/,
  },
  gemini: {
    model: () => new ChatGoogleGenerativeAI({ model: "gemini-2.0-flash", ...fields }),
    calls: gemini({ text: "hm", thought: true }, { functionCall: { name: "look", args: {} }, thoughtSignature: "secret thought" }),
    says: gemini(
      { executableCode: { language: "PYTHON", code: "print(1)" } },
      { codeExecutionResult: { outcome: "OUTCOME_OK", output: "1" } },
      { text: "all done" },
    ),
    own: /thoughtSignature.*executableCode.*codeExecutionResult/,
  },
  mistral: {
    model: () => new ChatMistralAI({ model: "mistral-large-latest", ...fields }),
    calls: completion({ content: "", tool_calls: look_("abcdefghi") }),
    says: completion({
      content: [
        { type: "thinking", thinking: [{ type: "text", text: "hm" }] },
        { type: "text", text: "all done" },
      ],
    }),
    own: undefined, // its package takes nothing but texts
  },
};
const NATIVE =
  /think|thought|secret|"hm"|server_tool|web_search|executableCode|codeExecution|reasoning|citation|"annotations":\[\{|rs_1|fc_1/;
const providers = Object.keys(wires) as Provider[];

/** Requests as they go over the wire, answered by a script. */
function onTheWire(script: readonly Json[]): Json[] {
  const bodies: Json[] = [];
  vi.stubGlobal("fetch", async (input: Request | string | URL, init?: RequestInit) => {
    const text = init?.body === undefined || init.body === null ? await (input as Request).text() : await new Response(init.body).text();
    const body = JSON.parse(text) as Json;
    const answer = script[bodies.length] ?? {};
    bodies.push(body);
    if (body["stream"] !== true) return new Response(JSON.stringify(answer), { headers: { "content-type": "application/json" } });
    const choices = (answer["choices"] as readonly Json[]).map(({ message, ...rest }) => ({ ...rest, delta: message }));
    const events = `data: ${JSON.stringify({ ...answer, choices })}\n\ndata: [DONE]\n\n`;
    return new Response(events, { headers: { "content-type": "text/event-stream" } });
  });
  return bodies;
}

/** A thread that one provider's model began and another's goes on with; what the other was sent. */
async function switched(from: Provider, to: Provider, kind: "model" | "createAgent"): Promise<string> {
  const bodies = onTheWire([wires[from].calls, wires[from].says, wires[to].says]);
  const saver = new MemorySaver();
  for (const [provider, words] of [
    [from, "hi"],
    [to, "more"],
  ] as const) {
    const model = wires[provider].model();
    const a: Agent<"a"> =
      kind === "model" ? agent({ id: "a", model, tools: [look] }) : agent({ id: "a", graph: createAgent({ model, tools: [look] }) });
    await swarm({ name: "desk", agents: [a] })
      .compile({ checkpointer: saver })
      .invoke(says(words), thread);
  }
  const last = bodies.at(-1) ?? {};
  return JSON.stringify(last["messages"] ?? last["input"] ?? last["contents"]);
}

afterEach(() => vi.unstubAllGlobals());

describe("H3 an agent whose model changes to another provider's", () => {
  const pairs = providers.flatMap((from) => providers.map((to) => [from, to] as const));

  it.each(pairs.filter(([from, to]) => to !== "mistral" || from !== to))(
    "that createAgent made, from %s to %s: the same",
    async (from, to) => {
      const sent = await switched(from, to, "createAgent");
      expect(sent).toMatch(/hi.*look.*seen.*all done.*more/);
      if (from !== to) expect(sent).not.toMatch(NATIVE);
    },
  );

  it.each(pairs)("from %s to %s: words, calls and results go on; what is the first one's own does not", async (from, to) => {
    const sent = await switched(from, to, "model");
    expect(sent).toMatch(/hi.*look.*seen.*all done.*more/);
    expect(sent.match(/all done/g)).toHaveLength(1);
    const { own } = wires[to];
    if (from === to && own !== undefined) expect(sent).toMatch(own);
    else expect(sent).not.toMatch(NATIVE);
  });
});
