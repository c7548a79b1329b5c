import { AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { MemorySaver } from "@langchain/langgraph";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { agent, reply, swarm } from "../../index.js";
import { fromStoredForm, storedForm } from "../../src/state/stored-messages.js";

const text = fc.string({ unit: "grapheme", maxLength: 40 });
const extra = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 8 }).filter((key) => key !== "__proto__"),
  fc.jsonValue({ maxDepth: 2 }),
  { maxKeys: 3 },
);
const base = { content: text, id: fc.uuid(), additional_kwargs: extra, response_metadata: extra };
const call = fc.record({ name: text, args: extra, id: fc.uuid(), type: fc.constant("tool_call" as const) });
const message: fc.Arbitrary<BaseMessage> = fc.oneof(
  fc.record(base).map((fields) => new HumanMessage(fields)),
  fc.record(base).map((fields) => new SystemMessage(fields)),
  fc.record({ ...base, name: text, tool_calls: fc.array(call, { maxLength: 3 }) }).map((fields) => new AIMessage(fields)),
  fc
    .record({ ...base, name: text, tool_call_id: fc.uuid(), status: fc.constantFrom("success" as const, "error" as const) })
    .map((fields) => new ToolMessage(fields)),
);

const shown = (one: BaseMessage): unknown => JSON.parse(JSON.stringify(one.toDict()));

describe("A4 messages in a checkpoint", () => {
  it("a message comes back as it was, of the same class", () => {
    fc.assert(
      fc.property(message, (live) => {
        const loaded = fromStoredForm(structuredClone(storedForm(live)));
        expect(shown(loaded)).toEqual(shown(live));
        expect(loaded.constructor).toBe(live.constructor);
      }),
    );
  });

  it("a message is written once, and a loaded one is not written again", () => {
    fc.assert(
      fc.property(message, (live) => {
        const form = storedForm(live);
        expect(storedForm(live)).toBe(form);
        expect(storedForm(fromStoredForm(form))).toBe(form);
      }),
    );
  });

  it("what JSON would not bring back is left to LangGraph's serializer", () => {
    const chunk = new AIMessageChunk("part");
    const bytes = new ToolMessage({ tool_call_id: "1", content: "", artifact: new Uint8Array([1]) });
    expect(storedForm(chunk)).toBe(chunk);
    expect(storedForm(bytes)).toBe(bytes);
  });

  it("a thread reloaded from its checkpoint shows the messages it had", async () => {
    const checkpointer = new MemorySaver();
    const echo = swarm({ name: "echo", agents: [agent({ id: "echo", run: (turn) => reply(`You said: ${turn.messages.at(-1)?.text}`) })] });
    const config = { configurable: { thread_id: "1" } };
    const live = await echo.compile({ checkpointer }).invoke({ messages: [{ role: "user", content: "Hi" }] }, config);
    const loaded = (await echo.compile({ checkpointer }).getState(config)).values.messages;
    expect(loaded.map(shown)).toEqual(live.messages.map(shown));
  });
});
