import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { tool, type StructuredToolInterface } from "@langchain/core/tools";
import { Command } from "@langchain/langgraph";
import { createAgent } from "langchain";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { agent, conversationLog, InvalidDefinitionError, InvalidModelOutputError, ModelRefusedError, reply, swarm } from "../../index.js";
import { callHandoff, callTool, scriptedModel } from "../../testing/index.js";

const go = { messages: [{ role: "user", content: "go" }] };
const nothing = z.object({});
const image = { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } };
const blocks = [{ type: "text", text: "the page" }, image];

/** Runs one turn with a tool that gives this, and shows what the model was told of it. */
async function told(shot: object) {
  const model = scriptedModel([callTool("shot"), "I see."]);
  const state = await swarm({ name: "s", agents: [agent({ id: "a", model, tools: [shot as never] })] })
    .compile()
    .invoke(go);
  return { state, answer: model.calls[1]?.messages.find((message) => ToolMessage.isInstance(message)), messages: model.calls[1]?.messages };
}

const giving = (result: unknown, options: object = {}) =>
  tool(() => result as string, { name: "shot", description: "s", schema: nothing, ...options });

describe("H4 what a tool gives is kept, or it is said that it is not", () => {
  it.each([
    ["blocks", giving(blocks)],
    ["blocks and an artifact", giving([blocks, { raw: 1 }], { responseFormat: "content_and_artifact" })],
    ["a whole message", giving(new ToolMessage({ tool_call_id: "call-1", content: blocks as never }))],
    [
      "the answer of a command",
      giving(new Command({ update: { messages: [new ToolMessage({ tool_call_id: "call-1", content: blocks as never })] } })),
    ],
  ])("the model is shown an image given as %s, and the thread keeps it", async (_title, shot) => {
    const { answer, state } = await told(shot);
    expect(answer?.content).toEqual(blocks);
    expect(state.messages.find((message) => ToolMessage.isInstance(message))?.content).toEqual(blocks);
  });

  it("an image that is too large is not shown, and the model is told so beside the words", async () => {
    const { answer } = await told(giving([blocks[0], { type: "image_url", image_url: { url: "x".repeat(17_000_000) } }]));
    expect(answer?.text).toMatch(/^the page\n\[The rest of it is not shown: it is larger than/);
  });

  it("further messages of a command stand after the answers, in their order, and what cannot be kept is said", async () => {
    const messages = [
      new HumanMessage("first"),
      new ToolMessage({ tool_call_id: "call-1", content: "found", artifact: { raw: 1 } }),
      new ToolMessage({ tool_call_id: "another", content: "lost" }),
      new HumanMessage("second"),
    ];
    const { messages: seen, state } = await told(giving(new Command({ update: { messages } })));
    expect(seen?.slice(2).map((message) => message.text)).toEqual([
      "found\n[1 further message of the tool could not be kept: answers to other calls, or removals]",
      "(Noted.)", // a user's words may not follow a tool's at every provider
      "first",
      "second",
    ]);
    expect(state.messages.map((message) => message.text)).toEqual(["go", "", seen?.[2]?.text, "first", "second", "I see."]);
    expect((state.messages[2] as ToolMessage).artifact).toEqual({ raw: 1 });
  });
});

describe("H7 a tool whose answer is final ends the turn with it", () => {
  const report = tool(() => "The report, two pages.", { name: "report", description: "r", schema: nothing, returnDirect: true });
  const broken = tool(() => Promise.reject(new Error("no paper")), {
    name: "report",
    description: "r",
    schema: nothing,
    returnDirect: true,
  });
  const run = async (model: ReturnType<typeof scriptedModel>, tools: readonly StructuredToolInterface[]) =>
    swarm({ name: "s", agents: [agent({ id: "a", model, tools }), agent({ id: "b", run: () => "b" })] })
      .compile()
      .invoke(go);

  it("without another call of the model, and the agent says it unchanged", async () => {
    const model = scriptedModel([callTool("report"), "In short: it is fine."]);
    const state = await run(model, [report]);
    expect(model.calls).toHaveLength(1);
    expect(state.messages.at(-1)?.text).toBe("The report, two pages.");
    expect(state.results["a"]).toMatchObject({ status: "ok", content: "The report, two pages." });
  });

  it("beside other calls: they have run, a handoff after it has not", async () => {
    const ran: string[] = [];
    const other = tool(() => String(ran.push("other")), { name: "other", description: "o", schema: nothing });
    const state = await run(scriptedModel([[callTool("other"), callTool("report"), callHandoff("b")]]), [report, other]);
    expect(ran).toEqual(["other"]);
    expect(state.messages.slice(2).map((message) => message.text)).toEqual([
      "1",
      "The report, two pages.",
      "Not executed: the turn had ended before this call.",
      "The report, two pages.",
    ]);
    expect(state.control.value).toBe("a");
  });

  it("a failure of it is told to the model as any other", async () => {
    const state = await run(scriptedModel([callTool("report"), "There is none."]), [broken]);
    expect(state.messages.slice(2).map((message) => message.text)).toEqual(["Error: no paper", "There is none."]);
  });

  it("an agent that has to answer with an output cannot have one", () => {
    expect(() => agent({ id: "a", model: scriptedModel([]), tools: [report], output: nothing })).toThrow(InvalidDefinitionError);
  });
});

describe("H4 what a model does wrong is told as what it is", () => {
  const refusals: readonly (readonly [string, ConstructorParameters<typeof AIMessage>[0], RegExp])[] = [
    ["a refusal in words", { content: "", additional_kwargs: { refusal: "I can't help with that." } }, /I can't help with that\./],
    ["a refusal as a block", { content: [{ type: "refusal", refusal: "No." }] }, /refused to answer: No\./],
    [
      "a filtered answer",
      { content: "", response_metadata: { finish_reason: "content_filter" } },
      /withheld the answer \(content_filter\)/,
    ],
    ["a stop for safety", { content: "", response_metadata: { finishReason: "SAFETY" } }, /SAFETY/],
  ];
  it.each(refusals)("%s is an error that names the agent", async (_title, fields, words) => {
    const graph = swarm({ name: "s", agents: [agent({ id: "a", model: scriptedModel([new AIMessage(fields as never)]) })] }).compile();
    const error: unknown = await graph.invoke(go).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ModelRefusedError);
    expect(String(error)).toMatch(words);
    expect(error).toMatchObject({ code: "MODEL_REFUSED", agent: "a" });
  });

  it("a model that keeps naming tools that there are not is stopped after three answers, with the tools that there are", async () => {
    const look = tool(() => "", { name: "look", description: "l", schema: nothing });
    const model = scriptedModel([callTool("lok"), callTool("loook"), callTool("peek"), "never"]);
    const graph = swarm({ name: "s", agents: [agent({ id: "a", model, tools: [look] }), agent({ id: "b", run: () => "" })] }).compile();
    const error: unknown = await graph.invoke(go).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidModelOutputError);
    expect(String(error)).toMatch(/3 times in a row .* last "peek"; there are: look, handoff/);
    expect(model.calls[1]?.messages.at(-1)?.text).toBe('Error: There is no tool "lok"; there are: look, handoff.');
  });
});

describe("H4 structured output in the conversation", () => {
  const output = z.object({ ok: z.boolean() });
  const run = async (script: Parameters<typeof scriptedModel>[0], decide?: () => ReturnType<typeof reply>) => {
    const model = scriptedModel([...script, "later"]);
    const judge = agent({ id: "judge", model, output, ...(decide === undefined ? {} : { decide }) });
    return swarm({ name: "s", agents: [judge] })
      .compile()
      .invoke(go);
  };

  it.each([
    ["by the tool", [callTool("respond", { ok: true })]],
    ["as text", ['{"ok":true}']],
    ["by the tool, after two that did not fit", [callTool("respond", { ok: 1 }), "yes", callTool("respond", { ok: true })]],
  ])("given %s stands there once, marked, and nothing else does", async (_title, script) => {
    const state = await run(script);
    expect(conversationLog(state.messages).map(({ type, content }) => [type, content])).toEqual([
      ["chat", "go"],
      ["output", '{"ok":true}'],
    ]);
    expect(state.results["judge"]).toMatchObject({ data: { ok: true }, content: '{"ok":true}' });
  });

  it("with words of the agent beside it: they are the chat", async () => {
    const state = await run([callTool("respond", { ok: true })], () => reply("All is well."));
    expect(conversationLog(state.messages, { type: "chat" }).map(({ content }) => content)).toEqual(["go", "All is well."]);
    expect(state.messages.every((message) => message.text !== "" && message.text !== "Recorded.")).toBe(true);
  });
});

describe("H7 an agent of LangChain whose tool has the last word", () => {
  it("says it to the team", async () => {
    const report = tool(() => "Two pages.", { name: "report", description: "r", schema: nothing, returnDirect: true });
    const model = scriptedModel([callTool("report")]);
    const inner = createAgent({ model, tools: [report] });
    const state = await swarm({ name: "s", agents: [agent({ id: "a", graph: inner })] })
      .compile()
      .invoke(go);
    expect(state.results["a"]?.content).toBe("Two pages.");
    expect(state.messages.at(-1)?.text).toBe("Two pages.");
  });
});
