import { HumanMessage, AIMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { expect, it } from "vitest";
import { z } from "zod";
import { agent, swarm } from "../../index.js";
import { callHandoff, callTool, scriptedModel } from "../../testing/index.js";
import { says } from "../patterns/says.js";
import { refusedByProviders } from "../requests.js";

const ask = (text: string) => [new HumanMessage(text)];

it("answers in the order of its script: words, tool calls, whole messages, and what a function makes of the request", async () => {
  const model = scriptedModel([
    "hello",
    callTool("find", { to: "Oslo" }),
    [callTool("a"), callHandoff("billing", { reason: "an invoice" })],
    new AIMessage({ content: "whole", id: "own-id" }),
    (request) => `you said ${request.messages.at(-1)?.text}`,
  ]);
  expect((await model.invoke(ask("1"))).text).toBe("hello");
  expect((await model.invoke(ask("2"))).tool_calls).toEqual([{ type: "tool_call", name: "find", args: { to: "Oslo" }, id: "call-1" }]);
  expect((await model.invoke(ask("3"))).tool_calls?.map(({ name, args, id }) => [name, args, id])).toEqual([
    ["a", {}, "call-2"],
    ["handoff", { target: "billing", reason: "an invoice", summary: "" }, "call-3"],
  ]);
  expect((await model.invoke(ask("4"))).id).toBe("own-id");
  expect((await model.invoke(ask("hm"))).text).toBe("you said hm");
  model.assertDone();
});

it("throws the errors of its script, once each", async () => {
  const model = scriptedModel([Object.assign(new Error("slow down"), { status: 429 }), "now"]);
  await expect(model.invoke(ask("1"))).rejects.toMatchObject({ message: "slow down", status: 429 });
  expect((await model.invoke(ask("2"))).text).toBe("now");
  model.assertDone();
});

it("fails on a call that the script does not know, and says what it was asked", async () => {
  const model = scriptedModel(["only this"]);
  await model.invoke(ask("1"));
  const message = 'scriptedModel: call 2 was not expected, the script has 1 steps. The last message was "human: and more?".';
  await expect(model.invoke(ask("and more?"))).rejects.toThrow(message);
  expect(() => model.assertDone()).toThrow(message);
});

it("fails in the end on steps that were not used", async () => {
  const model = scriptedModel(["one", "two", "three"]);
  await model.invoke(ask("1"));
  expect(() => model.assertDone()).toThrow("scriptedModel: 2 of 3 steps were not used; the model was called 1 times.");
});

it("keeps what it was asked, with the tools it was bound to", async () => {
  const find = tool(() => "", { name: "find", description: "Finds.", schema: z.object({}) });
  const model = scriptedModel(["x", "y"]);
  await model.bindTools([find, { type: "function", function: { name: "raw" } }], { tool_choice: "find" }).invoke(ask("hi"));
  await model.invoke(ask("bare"));
  expect(model.calls.map(({ messages, tools, toolChoice }) => [messages.at(-1)?.text, tools, toolChoice])).toEqual([
    ["hi", ["find", "raw"], "find"],
    ["bare", [], undefined],
  ]);
});

it("streams its words, and its tool calls whole", async () => {
  const model = scriptedModel(["one two  three", callTool("find", { to: "Oslo" })]);
  const words: string[] = [];
  for await (const chunk of await model.stream(ask("1"))) if (chunk.text !== "") words.push(chunk.text);
  expect(words).toEqual(["one ", "two  ", "three"]);
  let whole;
  for await (const chunk of await model.stream(ask("2"))) whole = whole === undefined ? chunk : whole.concat(chunk);
  expect(whole?.tool_calls).toMatchObject([{ name: "find", args: { to: "Oslo" }, id: "call-1" }]);
  model.assertDone();
});

it("its tokens come in the stream of a graph, each under its phase", async () => {
  const model = scriptedModel([callHandoff("b"), "all is well"]);
  const graph = swarm({ name: "desk", agents: [agent({ id: "a", model }), agent({ id: "b", model })] }).compile();
  const tokens: string[] = [];
  for await (const [message, metadata] of (await graph.stream(says("hi"), { streamMode: "messages" })) as AsyncIterable<
    [{ text: string; getType(): string }, { phase?: string }]
  >)
    if (message.text !== "" && message.getType() === "ai") tokens.push(`${metadata.phase}: ${message.text}`);
  expect(tokens.slice(0, 3)).toEqual(["b: all ", "b: is ", "b: well"]);
  model.assertDone();
});

it("an answer with arguments that are not JSON reaches the agent as such", async () => {
  const broken = new AIMessage({ content: "", invalid_tool_calls: [{ id: "1", name: "find", args: "{oops", error: "not JSON" }] });
  const model = scriptedModel([broken, "sorry"]);
  const find = tool(() => "found", { name: "find", description: "Finds.", schema: z.object({}) });
  const state = await swarm({ name: "desk", agents: [agent({ id: "a", model, tools: [find] })] })
    .compile()
    .invoke(says("hi"));
  expect(state.messages.find((message) => message.getType() === "tool")?.text).toContain("The arguments could not be read");
  model.assertDone();
});

it("what a test asks its models is held to the rules of every provider", async () => {
  refusedByProviders("this test is about the check");
  await scriptedModel(["x"]).invoke([new HumanMessage("hi"), new AIMessage("and so on")]);
});
