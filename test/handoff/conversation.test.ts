import { tool } from "@langchain/core/tools";
import { Command, MemorySaver } from "@langchain/langgraph";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { agent, conversationLog, handoff, human, pipeline, readRecord, reply, sequential, swarm, type LogEntry } from "../../index.js";
import { callHandoff, callTool, scriptedAgent, scriptedModel, type ModelStep } from "../../testing/index.js";
import { ask, thread } from "../nodes/graph-fixtures.js";
import { runs } from "../runs.js";

const config = thread("1");
const saver = () => ({ checkpointer: new MemorySaver() });
const look = tool(({ at }) => `saw ${at}`, { name: "look", description: "Looks.", schema: z.object({ at: z.string() }) });
const short = (entries: readonly LogEntry[]) => entries.map(({ author, recipient, type, content }) => [author, recipient, type, content]);

describe("C4 the log of a conversation", () => {
  /** Two inputs: a tool, a refused handoff, an accepted one beside another call, a person, and replies. */
  async function conversation() {
    const front = scriptedModel([
      callTool("look", { at: "the order" }),
      callHandoff("nobody"),
      [callHandoff("billing", { reason: "money" }), callTool("look", { at: "the bill" })],
    ]);
    const billing = scriptedModel([callHandoff("boss"), "Paid back."]);
    const graph = swarm({
      name: "desk",
      handoffs: { front: ["billing"], billing: ["boss"], boss: ["billing"] },
      agents: [agent({ id: "front", model: front, tools: [look] }), agent({ id: "billing", model: billing }), human({ id: "boss" })],
    }).compile(saver());
    await graph.invoke(ask("My order?"), config);
    return graph.invoke(new Command({ resume: { event: { type: "HANDOFF.billing" }, text: "Pay it back." } }), config);
  }

  it("tells of each message who wrote it, for whom, and of what kind it is", async () => {
    const { messages } = await conversation();
    expect(short(conversationLog(messages))).toEqual([
      ["user", "front", "chat", "My order?"],
      ["front", "front", "tool", ""],
      ["front", "front", "tool", "saw the order"],
      ["front", "billing", "handoff", ""],
      ["front", "billing", "handoff", expect.stringContaining("Open now: billing")],
      ["front", "front", "tool", ""],
      ["front", "billing", "handoff", "Handed over to billing."],
      ["front", "front", "tool", "saw the bill"],
      ["billing", "boss", "handoff", ""],
      ["billing", "boss", "handoff", "Handed over to boss."],
      ["boss", "billing", "chat", "Pay it back."],
      ["billing", "user", "chat", "Paid back."],
    ]);
    expect(conversationLog(messages).map(({ id }) => id)).toEqual(messages.map(({ id }) => id));
  });

  it("can be asked for one agent, one kind or several, one phase, and all of these", async () => {
    const { messages } = await conversation();
    const all = conversationLog(messages);
    expect(conversationLog(messages, { type: "chat" }).map(({ content }) => content)).toEqual(["My order?", "Pay it back.", "Paid back."]);
    expect(conversationLog(messages, { agent: "boss" })).toEqual(
      all.filter(({ author, recipient }) => [author, recipient].includes("boss")),
    );
    expect(conversationLog(messages, { agent: "user" }).map(({ content }) => content)).toEqual(["My order?", "Paid back."]);
    expect(conversationLog(messages, { phase: "billing" }).map(({ author }) => author)).toEqual(["billing", "billing", "billing"]);
    expect(conversationLog(messages, { agent: "billing", type: ["chat", "tool"], phase: "billing" }).map(({ content }) => content)).toEqual(
      ["Paid back."],
    );
    expect(conversationLog(messages, { agent: "stranger" })).toEqual([]);
    expect(conversationLog(messages, {})).toEqual(all);
  });

  it("counts as system the notes of a supervisor, as output what a schema asked for, and keeps no attempt at it that did not fit", async () => {
    const judge = scriptedModel(["well …", '{"ok":true}']);
    const graph = pipeline({
      name: "check",
      waits: false,
      stages: [{ phase: "judging", agent: agent({ id: "judge", model: judge, output: z.object({ ok: z.boolean() }) }) }],
      supervisor: agent({ id: "chief", run: () => reply("Noted.") }),
    }).compile(saver());
    const { messages } = await graph.invoke(ask("Is it?"), config);
    expect(short(conversationLog(messages, { type: "system" }))).toEqual([["chief", "team", "system", "Noted."]]);
    expect(conversationLog(messages).map(({ author, type }) => [author, type])).toEqual([
      ["user", "chat"],
      ["judge", "output"],
      ["chief", "system"],
    ]);
  });

  it("of a team inside a team has the last word only, as the team's own", async () => {
    const inner = swarm({
      name: "inner",
      agents: [scriptedAgent("a", [handoff("b", { content: "Over to b." })]), scriptedAgent("b", ["Done."])],
    });
    const graph = sequential({ name: "outer", agents: [inner, scriptedAgent("last", ["Bye."])] }).compile(saver());
    const { messages } = await graph.invoke(ask("go"), config);
    expect(short(conversationLog(messages))).toEqual([
      ["user", "inner", "chat", "go"],
      ["inner", "last", "chat", "Done."],
      ["last", "user", "chat", "Bye."],
    ]);
  });

  it("survives being stored and loaded, and is in no message's text", async () => {
    const checkpointer = new MemorySaver();
    const team = () =>
      swarm({ name: "desk", agents: [scriptedAgent("a", [handoff("b")]), scriptedAgent("b", ["Done."])] }).compile({ checkpointer });
    const live = await team().invoke(ask("go"), config);
    const loaded = (await team().getState(config)).values;
    expect(conversationLog(loaded.messages)).toEqual(conversationLog(live.messages));
    expect(live.messages.map(({ text }) => text).join()).not.toContain("phasegraph");
  });
});

describe("C4 the log of any conversation", () => {
  const ids = ["a", "b", "c"] as const;
  const call = fc.oneof(
    fc.constantFrom(...ids, "nobody").map((target) => callHandoff(target)),
    fc.constantFrom(callTool("look", { at: "it" }), callTool("look", {}), callTool("fly")),
  );
  const step: fc.Arbitrary<ModelStep> = fc.oneof(fc.constant("Said."), fc.array(call, { minLength: 1, maxLength: 4 }));

  it("has an author, a recipient and a kind for every message, and each kind holds what its name says", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), fc.integer({ min: 1, max: 2 }), async (steps, inputs) => {
        const model = scriptedModel([...steps, ...Array.from({ length: inputs }, () => "The end.")]);
        const agents = ids.map((id) => agent({ id, model, tools: [look], handoffAttempts: 100 }));
        const graph = swarm({ name: "any", agents, maxHandoffs: 3 }).compile(saver());
        let state = await graph.invoke(ask("input 1"), config);
        for (let input = 2; input <= inputs; input += 1) state = await graph.invoke(ask(`input ${input}`), config);
        const log = conversationLog(state.messages);
        expect(log).toHaveLength(state.messages.length);
        for (const [index, entry] of log.entries()) {
          const message = state.messages[index];
          expect(message === undefined ? undefined : readRecord(message)).toBeDefined();
          expect(entry).toMatchObject({ id: message?.id, content: message?.text });
          expect(["user", ...ids]).toContain(entry.author);
          expect(["user", ...ids]).toContain(entry.recipient);
          if (message?.getType() === "human") expect(entry).toMatchObject({ author: "user", type: "chat" });
          else if (message?.getType() === "tool") expect(entry.type).toBe(message.name === "handoff" ? "handoff" : "tool");
          else expect(entry.type === "chat").toBe(((message as { tool_calls?: unknown[] }).tool_calls ?? []).length === 0);
        }
        const kinds = (["chat", "handoff", "tool", "system"] as const).flatMap((type) => conversationLog(state.messages, { type }));
        expect(
          kinds.toSorted((one, other) => log.findIndex(({ id }) => id === one.id) - log.findIndex(({ id }) => id === other.id)),
        ).toEqual(log);
        const accepted = state.control.trail
          .filter(({ event }) => event.startsWith("HANDOFF."))
          .map(({ by, event }) => [by, event.slice("HANDOFF.".length)]);
        const logged = conversationLog(state.messages, { type: "handoff" }).filter(({ content }) => content.startsWith("Handed over to "));
        expect(logged.map(({ author, recipient }) => [author, recipient])).toEqual(accepted);
      }),
      { numRuns: runs(8, 40) },
    );
  });
});
