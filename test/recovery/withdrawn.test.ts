import { Command, MemorySaver, type BaseCheckpointSaver } from "@langchain/langgraph";
import { tool } from "@langchain/core/tools";
import { createAgent } from "langchain";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { agent, human, pipeline, repairHistory, swarm, type ApprovalQuestion } from "../../index.js";
import { callTool, KillableSaver, scriptedModel } from "../../testing/index.js";
import { refunding, SAVERS, sensible, shape, thread, user } from "./job.js";

const look = (runs: string[]) =>
  tool(() => (runs.push("look"), "A1 is paid."), { name: "look", description: "Looks.", schema: z.object({}) });

/** A desk that has looked already and waits for a person's yes to a refund, and to a second look beside it. */
async function asking(checkpointer: BaseCheckpointSaver | undefined) {
  const { refund, keys } = refunding();
  const runs: string[] = [];
  const model = scriptedModel([
    callTool("look"),
    [callTool("refund", { order: "A1" }), callTool("look")],
    ({ messages }) => messages.map(({ text }) => text).join(" | "),
  ]);
  const desk = agent({ id: "desk", model, tools: [refund, look(runs)], approval: ["refund"] });
  const graph = swarm({ name: "team", agents: [desk] }).compile({ checkpointer });
  await graph.invoke(user("refund A1"), thread());
  return { graph, keys, runs };
}

describe("H2 a question that is open when the user writes instead", () => {
  for (const [name, open] of Object.entries(SAVERS)) {
    it(`is withdrawn, and the calls that waited say so; what was done stays (${name})`, async () => {
      const { graph, keys, runs } = await asking(open());
      const after = await graph.invoke(user("never mind"), thread());
      expect(keys).toEqual([]);
      expect(runs).toEqual(["look"]);
      expect(shape(after)).toBe("hatattha");
      const withdrawn = after.messages.filter(({ text, id }) => text.startsWith("Not executed") && id !== undefined);
      expect(withdrawn.map(({ text }) => text)).toEqual([
        expect.stringContaining("waited for a person's answer"),
        expect.stringContaining("waited for a person's answer"),
      ]);
      expect(after.messages.at(-1)?.text).toContain("A1 is paid.");
    });
  }

  it("cannot be answered afterwards", async () => {
    const { graph, keys } = await asking(new MemorySaver());
    const state = await graph.getState(thread());
    const question = state.tasks[0]?.interrupts[0]?.value as ApprovalQuestion;
    await graph.invoke(user("never mind"), thread());
    const answer = { nonce: question.nonce, decisions: question.requests.map(({ id }) => ({ id, decision: "approve" })) };
    await expect(graph.invoke(new Command({ resume: answer }), thread())).rejects.toThrow();
    expect(keys).toEqual([]);
  });

  it("is asked again by a phase that is a person: the chart still stands there", async () => {
    const boss = human({ id: "boss", question: "Is it right?" });
    const team = pipeline({ name: "team", stages: [{ phase: "ask", agent: boss }] });
    const graph = team.compile({ checkpointer: new MemorySaver() });
    await graph.invoke(user("go"), thread());
    await graph.invoke(user("hurry"), thread());
    const { tasks, values } = await graph.getState(thread());
    expect(tasks[0]?.interrupts[0]?.value).toMatchObject({ question: "Is it right?" });
    expect(shape(values)).toBe("hh");
  });
});

describe("H1 a process that dies", () => {
  it("between any two writes of an agent made by createAgent: what was stored of it is found by the next message", async () => {
    const make = (saver: KillableSaver) => {
      const { refund, keys } = refunding();
      const inner = createAgent({ model: scriptedModel([sensible, sensible]), tools: [refund] });
      const graph = swarm({ name: "team", agents: [agent({ id: "desk", graph: inner })] }).compile({
        checkpointer: saver,
        durability: "sync",
      });
      return { graph, keys };
    };
    const whole = new KillableSaver();
    await make(whole).graph.invoke(user("refund A1"), thread());
    let found = 0;
    for (let writes = 1; writes < whole.stored; writes += 1) {
      const saver = new KillableSaver();
      saver.killAfter(writes);
      const first = make(saver);
      await expect(first.graph.invoke(user("refund A1"), thread())).rejects.toThrow();
      saver.revive();
      const isStored = saver.bytes("1").includes("refunded A1");
      const second = make(saver);
      const after = await second.graph.invoke(user("did it work?"), thread());
      expect(repairHistory(after.messages)).toEqual(after.messages);
      if (!isStored) continue;
      found += 1;
      expect([writes, first.keys.length + second.keys.length]).toEqual([writes, 1]);
    }
    expect(found).toBeGreaterThan(0);
  });
});

describe("A4 a thread of an earlier release", () => {
  it("goes on with results that do not tell whose they are", async () => {
    const { refund, keys } = refunding();
    const script = [callTool("refund", { order: "A1" }), sensible];
    const saver = new MemorySaver();
    const desk = agent({ id: "desk", model: scriptedModel(script), tools: [refund], approval: ["refund"] });
    const graph = swarm({ name: "team", agents: [desk] }).compile({ checkpointer: saver, durability: "sync" });
    await graph.invoke(user("refund A1"), thread());
    await asEarlier(saver);
    const { value } = (await graph.getState(thread())).tasks[0]?.interrupts[0] ?? {};
    const { nonce, requests } = value as ApprovalQuestion;
    const answer = { nonce, decisions: requests.map(({ id }) => ({ id, decision: "approve" })) };
    const after = await graph.invoke(new Command({ resume: answer }), thread());
    expect(shape(after)).toBe("hata");
    expect(keys).toHaveLength(1);
  });
});

/** Writes what durable tasks returned as earlier releases did: `{ value }`. */
async function asEarlier(saver: MemorySaver): Promise<void> {
  for (const writes of Object.values(saver.writes)) {
    for (const [key, [task, channel, bytes]] of Object.entries(writes)) {
      if (channel !== "__return__") continue;
      const stored = (await saver.serde.loadsTyped("json", bytes)) as { said: unknown[] };
      const [, written] = await saver.serde.dumpsTyped({ value: stored.said.at(-1) });
      writes[key] = [task, channel, written];
    }
  }
}
