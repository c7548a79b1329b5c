import { AIMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { createAgent } from "langchain";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { agent, pipeline, readRecord, repairHistory, sequential, swarm, type TurnLimits } from "../../index.js";
import { callHandoff, callTool, scriptedModel, type ModelStep } from "../../testing/index.js";
import { DURABILITIES, overloaded, refunding, SAVERS, sensible, shape, thread, user } from "./job.js";

/** A way in which a turn ends before its end, after a tool had its effect. */
interface Way {
  readonly error: string;
  readonly script: (stop: () => void) => readonly ModelStep[];
  readonly limits?: TurnLimits;
  readonly output?: z.ZodType<{ done: boolean }>;
}

const WAYS: Readonly<Record<string, Way>> = {
  "the provider fails": { error: "Error", script: () => [sensible, overloaded, sensible, sensible] },
  "it is stopped": {
    error: "AbortError",
    script: (stop) => [sensible, ({ options }) => stopped(stop, options["signal"] as AbortSignal), sensible, sensible],
  },
  "it reaches the limit of model calls": {
    error: "BudgetExceededError",
    script: () => [sensible, callTool("no_such_tool"), sensible, sensible],
    limits: { modelCalls: 2 },
  },
  "it reaches the limit of tool calls": {
    error: "BudgetExceededError",
    script: () => [sensible, callTool("refund", { order: "A1" }), sensible, sensible],
    limits: { toolCalls: 1 },
  },
  "its time is over": {
    error: "StepTimeoutError",
    script: () => [sensible, ({ options }) => stopped(() => undefined, options["signal"] as AbortSignal), sensible, sensible],
    limits: { milliseconds: 150 },
  },
  "the model keeps handing over to nobody": {
    error: "HandoffRejectedError",
    script: () => [sensible, callHandoff("nobody"), callHandoff("nobody"), callHandoff("nobody"), sensible, sensible],
  },
  "its output does not fit": {
    error: "InvalidModelOutputError",
    script: () => [sensible, "no", "no", "no", sensible, callTool("respond", { done: true })],
    output: z.object({ done: z.boolean() }),
  },
};

/** An answer that never comes; `stop` is called once it is waited for. */
async function stopped(stop: () => void, signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(new Error("stopped")));
    stop();
  });
}

function desk({ output, limits }: Way, script: readonly ModelStep[], refund: ReturnType<typeof refunding>["refund"]) {
  const model = scriptedModel(script);
  const common = { id: "desk", model, tools: [refund], ...(limits === undefined ? {} : { limits }) };
  const main = output === undefined ? agent(common) : agent({ ...common, output });
  return swarm({ name: "team", agents: [main, agent({ id: "other", run: () => "" })] });
}

describe("H1 a turn that ends early", () => {
  for (const [title, way] of Object.entries(WAYS)) {
    for (const [name, open] of Object.entries(SAVERS)) {
      for (const durability of DURABILITIES) {
        it(`is not forgotten when ${title} (${name}, ${durability})`, async () => {
          const { refund, keys } = refunding();
          const controller = new AbortController();
          const team = desk(
            way,
            way.script(() => controller.abort()),
            refund,
          );
          const graph = team.compile({ checkpointer: open(), durability });
          await expect(graph.invoke(user("refund A1"), { ...thread(), signal: controller.signal })).rejects.toMatchObject({
            name: way.error,
          });
          const after = await graph.invoke(user("did it work?"), thread());
          expect(keys).toHaveLength(1);
          expect(shape(after)).toMatch(/^hat.*ha/);
          expect(repairHistory(after.messages)).toEqual(after.messages);
          expect(new Set(after.messages.map(({ id }) => id)).size).toBe(after.messages.length);
          expect(JSON.stringify(after.messages)).not.toContain("sk-secret");
        });
      }
    }
  }
});

/** The answers to tool calls, as the model reads them. */
const answers = (state: { readonly messages: readonly BaseMessage[] }): string[] =>
  state.messages.filter((message) => ToolMessage.isInstance(message)).map(({ text }) => text);

describe("H1 what is found of a turn that ended early", () => {
  const two = [callTool("refund", { order: "A1" }), callTool("slow")];
  const slow = (signal: (signal: AbortSignal | undefined) => void) =>
    tool(
      async (_input, config) => {
        signal(config.signal);
        return new Promise<string>(() => undefined);
      },
      { name: "slow", description: "Never ends.", schema: z.object({}) },
    );

  it("a call that was under way is answered as of unknown effect, the one beside it with its result", async () => {
    const { refund, keys } = refunding();
    const controller = new AbortController();
    const model = scriptedModel([two, "I know."]);
    const tools = [refund, slow(() => setTimeout(() => controller.abort(), 20))];
    const graph = swarm({ name: "team", agents: [agent({ id: "desk", model, tools })] }).compile({
      checkpointer: SAVERS["MemorySaver"]?.(),
    });
    await expect(graph.invoke(user("go"), { ...thread(), signal: controller.signal })).rejects.toThrow();
    const after = await graph.invoke(user("well?"), thread());
    expect(answers(after)).toEqual(["refunded A1", expect.stringMatching(/^Not executed, or not to its end: .*stopped.* not known/)]);
    expect(keys).toHaveLength(1);
  });

  it("its messages carry their author and phase, and stand before what the user wrote next", async () => {
    const { refund } = refunding();
    const model = scriptedModel([sensible, overloaded, sensible]);
    const graph = swarm({ name: "team", agents: [agent({ id: "desk", model, tools: [refund] })] }).compile({
      checkpointer: SAVERS["MemorySaver"]?.(),
    });
    await expect(graph.invoke(user("refund A1"), thread())).rejects.toThrow("529");
    const after = await graph.invoke(user("did it work?"), thread());
    expect(after.messages.map((message) => [readRecord(message)?.author, message.text])).toEqual([
      ["user", "refund A1"],
      ["desk", ""],
      ["desk", "refunded A1"],
      ["user", "did it work?"],
      ["desk", "It is refunded."],
    ]);
    expect(after.messages.slice(1, 3).map((message) => readRecord(message)?.phase)).toEqual(["desk", "desk"]);
    expect(after.control.usage).toMatchObject({ modelCalls: 1, toolCalls: 0 });
  });

  it("going on without a new input makes use of it as it is, and adds nothing", async () => {
    const { refund, keys } = refunding();
    const model = scriptedModel([sensible, overloaded, sensible]);
    const graph = swarm({ name: "team", agents: [agent({ id: "desk", model, tools: [refund] })] }).compile({
      checkpointer: SAVERS["MemorySaver"]?.(),
    });
    await expect(graph.invoke(user("refund A1"), thread())).rejects.toThrow("529");
    const after = await graph.invoke(null, thread());
    expect(shape(after)).toBe("hata");
    expect(keys).toHaveLength(1);
  });

  it("a state edit keeps it too", async () => {
    const { refund, keys } = refunding();
    const model = scriptedModel([sensible, overloaded, sensible]);
    const graph = swarm({ name: "team", agents: [agent({ id: "desk", model, tools: [refund] })] }).compile({
      checkpointer: SAVERS["MemorySaver"]?.(),
    });
    await expect(graph.invoke(user("refund A1"), thread())).rejects.toThrow("529");
    await graph.updateState(thread(), { messages: [new AIMessage("A note.")] });
    expect(shape((await graph.getState(thread())).values)).toBe("hata");
    const after = await graph.invoke(null, thread());
    expect(shape(after)).toBe("hataa");
    expect(keys).toHaveLength(1);
  });

  it("addressed by its checkpoint it is found as well, and a fork of an older one leaves it behind", async () => {
    const { refund, keys } = refunding();
    const model = scriptedModel(["Hello.", sensible, overloaded, sensible, "A fork."]);
    const graph = swarm({ name: "team", agents: [agent({ id: "desk", model, tools: [refund] })] }).compile({
      checkpointer: SAVERS["MemorySaver"]?.(),
    });
    await graph.invoke(user("hi"), thread());
    const older = (await graph.getState(thread())).config;
    await expect(graph.invoke(user("refund A1"), thread())).rejects.toThrow("529");
    const head = (await graph.getState(thread())).config;
    const after = await graph.invoke(user("did it work?"), head);
    expect(shape(after)).toBe("hahatha");
    expect(shape(await graph.invoke(user("something else"), older))).toBe("haha");
    expect(keys).toHaveLength(1);
  });

  it("where failing is part of the chart, the phase after it reads what was done", async () => {
    const { refund, keys } = refunding();
    const seen: string[] = [];
    const first = agent({ id: "first", model: scriptedModel([sensible, overloaded]), tools: [refund] });
    const second = agent({ id: "second", run: ({ messages }) => (seen.push(...messages.map(({ text }) => text)), "Looked at it.") });
    const team = sequential({ name: "team", strict: false, agents: [first, second] });
    const after = await team.compile().invoke(user("refund A1"));
    expect(after.results["first"]?.status).toBe("failed");
    expect(seen).toContain("refunded A1");
    expect(keys).toHaveLength(1);
  });

  it("holds in a phase that does not talk with the user", async () => {
    const { refund, keys } = refunding();
    const model = scriptedModel([sensible, overloaded, sensible]);
    const team = pipeline({ name: "team", stages: [{ phase: "pay", agent: agent({ id: "desk", model, tools: [refund] }) }] });
    const graph = team.compile({ checkpointer: SAVERS["MemorySaver"]?.() });
    await expect(graph.invoke(user("refund A1"), thread())).rejects.toThrow("529");
    expect(shape(await graph.invoke(user("did it work?"), thread()))).toBe("hatha");
    expect(keys).toHaveLength(1);
  });

  it("without durable calls an error still leaves it in the thread", async () => {
    const { refund, keys } = refunding();
    const model = scriptedModel([sensible, overloaded, sensible]);
    const graph = swarm({ name: "team", agents: [agent({ id: "desk", model, tools: [refund], durable: false })] }).compile({
      checkpointer: SAVERS["MemorySaver"]?.(),
    });
    await expect(graph.invoke(user("refund A1"), thread())).rejects.toThrow("529");
    expect(shape(await graph.invoke(user("did it work?"), thread()))).toBe("hatha");
    expect(keys).toHaveLength(1);
  });

  for (const [name, open] of Object.entries(SAVERS)) {
    it(`an agent made by createAgent is not forgotten either (${name})`, async () => {
      const { refund, keys } = refunding();
      const inner = createAgent({ model: scriptedModel([sensible, overloaded, sensible]), tools: [refund] });
      const graph = swarm({ name: "team", agents: [agent({ id: "desk", graph: inner })] }).compile({ checkpointer: open() });
      await expect(graph.invoke(user("refund A1"), thread())).rejects.toThrow("529");
      const after = await graph.invoke(user("did it work?"), thread());
      expect(shape(after)).toBe("hatha");
      expect(after.messages[1]?.name).toBe("desk");
      expect(keys).toHaveLength(1);
    });

    it(`an agent made by createAgent that is stopped is not forgotten either (${name})`, async () => {
      const { refund, keys } = refunding();
      const controller = new AbortController();
      const wait: ModelStep = ({ options }) => stopped(() => controller.abort(), options["signal"] as AbortSignal);
      const inner = createAgent({ model: scriptedModel([sensible, wait, sensible]), tools: [refund] });
      const graph = swarm({ name: "team", agents: [agent({ id: "desk", graph: inner })] }).compile({ checkpointer: open() });
      await expect(graph.invoke(user("refund A1"), { ...thread(), signal: controller.signal })).rejects.toThrow();
      expect(shape(await graph.invoke(user("did it work?"), thread()))).toBe("hatha");
      expect(keys).toHaveLength(1);
    });
  }
});
