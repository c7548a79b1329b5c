import type { ChatMessage } from "@copilotkit/aimock";
import { AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { convertMessagesToCompletionsMessageParams } from "@langchain/openai";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { repairHistory } from "../../index.js";
import { historyIssues } from "../nodes/wire/server.js";
import { runs } from "../runs.js";

/** Few ids, so that they are used twice, answered twice, or not at all. */
const anyId = fc.constantFrom("a", "b", "c", "", undefined);
const text = fc.constantFrom("", "one", "two", "three");

const anyCall = fc.record({ id: anyId, name: fc.constantFrom("look", "handoff") });
const calling = fc
  .tuple(fc.array(anyCall, { maxLength: 4 }), text, fc.option(fc.uuid(), { nil: undefined }), fc.boolean())
  .map(([calls, content, id, isChunk]): BaseMessage => {
    const own = id === undefined ? {} : { id };
    if (isChunk) {
      const tool_call_chunks = calls.map((call, index) => ({
        type: "tool_call_chunk" as const,
        index,
        args: "{}",
        name: call.name,
        id: call.id ?? `x${index}`,
      }));
      return new AIMessageChunk({ content, ...own, tool_call_chunks });
    }
    const tool_calls = calls.map((call) => ({
      type: "tool_call" as const,
      name: call.name,
      args: {},
      ...(call.id === undefined ? {} : { id: call.id }),
    }));
    return new AIMessage({ content, ...own, tool_calls });
  });
/** As `ChatOpenAI` leaves an answer whose arguments it could not read. */
const unreadable = fc.array(anyCall, { minLength: 1, maxLength: 3 }).map((calls): BaseMessage => {
  const message = new AIMessage({
    content: "",
    invalid_tool_calls: calls.map(({ id, name }) => ({
      type: "invalid_tool_call",
      name,
      args: "{",
      error: "no JSON",
      ...(id === undefined ? {} : { id }),
    })),
  });
  const tool_calls = calls.map(({ id = "a", name }) => ({ id, type: "function" as const, function: { name, arguments: "{" } }));
  message.additional_kwargs = { tool_calls };
  return message;
});
const answering = fc.tuple(anyId, text).map(([id, content]): BaseMessage => new ToolMessage({ content, tool_call_id: id ?? "" }));
const speaking = text.map((content): BaseMessage => new HumanMessage(content));
const ruling = text.map((content): BaseMessage => new SystemMessage(content));
const anyHistory = fc.array(fc.oneof(calling, answering, unreadable, speaking, ruling), { maxLength: 20 });

/** What would go to OpenAI, and what it would refuse about it. */
const refused = (messages: readonly BaseMessage[]): string[] =>
  historyIssues(convertMessagesToCompletionsMessageParams({ messages: [...messages] }) as unknown as ChatMessage[]); // the wire's own form

const expectAccepted = (messages: readonly BaseMessage[]): void => {
  expect(refused(messages)).toEqual([]);
};

/** A history as it should be: each call has an id of its own and its answer after it, in the order of the calls. */
const validHistory = fc
  .array(
    fc.oneof(
      text.map((said) => ({ said, calls: 0 })),
      fc.record({ said: text, calls: fc.nat(3) }),
    ),
    { maxLength: 8 },
  )
  .map((steps) =>
    steps.flatMap(({ said, calls }, step): BaseMessage[] => {
      const ids = Array.from({ length: calls }, (_, index) => `call-${step}-${index}`);
      const tool_calls = ids.map((id) => ({ type: "tool_call" as const, id, name: "look", args: { step } }));
      const answers = ids.map((id) => new ToolMessage({ content: `answer to ${id}`, tool_call_id: id }));
      return [new HumanMessage(said), new AIMessage({ content: said, tool_calls }), ...answers];
    }),
  );

const isTool = (message: BaseMessage): boolean => message.getType() === "tool";
const textsOf = (messages: readonly BaseMessage[]) => messages.map((message) => message.text);

describe("C4 a history that is repaired", () => {
  it("is one that OpenAI takes, whatever it was", () => {
    fc.assert(
      fc.property(anyHistory, (messages) => expectAccepted(repairHistory(messages))),
      { numRuns: runs(100, 500) },
    );
  });

  it("is not changed when it is repaired again", () => {
    fc.assert(
      fc.property(anyHistory, (messages) => {
        const once = repairHistory(messages);
        const twice = repairHistory(once);
        expect(twice).toHaveLength(once.length);
        for (const [index, message] of twice.entries()) expect(message).toBe(once[index]);
      }),
      { numRuns: runs(100, 500) },
    );
  });

  it("is kept, message by message, when nothing was wrong with it", () => {
    fc.assert(
      fc.property(validHistory, (messages) => {
        expect(refused(messages)).toEqual([]);
        const repaired = repairHistory(messages);
        expect(repaired).toHaveLength(messages.length);
        for (const [index, message] of repaired.entries()) expect(message).toBe(messages[index]);
      }),
    );
  });

  it("keeps everything that anybody said, in its order, and does not write into what it was given", () => {
    fc.assert(
      fc.property(anyHistory, (messages) => {
        const before = JSON.stringify(messages);
        const repaired = repairHistory(messages);
        expect(textsOf(repaired.filter((message) => !isTool(message)))).toEqual(textsOf(messages.filter((message) => !isTool(message))));
        expect(JSON.stringify(messages)).toBe(before);
      }),
      { numRuns: runs(60, 300) },
    );
  });

  it("gets every answer back to its call, wherever it had come to stand after it", () => {
    fc.assert(
      fc.property(validHistory, fc.array(fc.nat(30), { maxLength: 10 }), (messages, moves) => {
        const mixed = [...messages];
        for (const move of moves) {
          const from = mixed.findIndex((message, index) => isTool(message) && index >= move % Math.max(1, mixed.length));
          const [moved] = from < 0 ? [] : mixed.splice(from, 1);
          if (moved !== undefined) mixed.splice(Math.min(mixed.length, from + (move % 7)), 0, moved);
        }
        expect(textsOf(repairHistory(mixed))).toEqual(textsOf(messages));
      }),
      { numRuns: runs(60, 300) },
    );
  });

  it("says of a call without an answer that it was not executed, and of no other", () => {
    fc.assert(
      fc.property(validHistory, fc.func(fc.boolean()), (messages, isLost) => {
        const left = messages.filter((message) => !isTool(message) || !isLost(message.text));
        const expected = messages.map((message) =>
          isTool(message) && isLost(message.text) ? "Not executed: the turn ended before this call." : message.text,
        );
        const repaired = repairHistory(left);
        expect(textsOf(repaired)).toEqual(expected);
        expect(refused(repaired)).toEqual([]);
      }),
    );
  });

  it("takes the first of two answers, drops answers to nothing, and tells calls of one id apart", () => {
    const calls = ["a", "a", ""].map((id) => ({ type: "tool_call" as const, id, name: "look", args: {} }));
    const answer = (id: string, content: string) => new ToolMessage({ tool_call_id: id, content });
    const repaired = repairHistory([
      answer("z", "stray"),
      new AIMessage({ content: "", id: "m", tool_calls: calls }),
      answer("a", "first"),
      new HumanMessage("wait"),
      answer("a", "second"),
      answer("a", "third"),
    ]);
    expect(textsOf(repaired)).toEqual(["", "first", "second", "Not executed: the turn ended before this call.", "wait"]);
    const [caller] = repaired as [AIMessage];
    const ids = caller.tool_calls?.map((call) => call.id);
    expect(new Set(ids).size).toBe(3);
    expect(repaired.filter((message) => ToolMessage.isInstance(message)).map((message) => message.tool_call_id)).toEqual(ids);
    expect(caller.id).toBe("m");
  });
});
