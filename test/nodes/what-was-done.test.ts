import { MemorySaver, type BaseCheckpointSaver } from "@langchain/langgraph";
import { createAgent } from "langchain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  agent,
  Cancellation,
  delegate,
  mapped,
  mapReduce,
  orchestratorWorker,
  parallel,
  reply,
  sequential,
  supervisor,
  type Agent,
  type TaskRecord,
} from "../../index.js";
import { withWhatWasDone } from "../../nodes/executor/what-was-done.js";
import { AIMessage, ToolMessage } from "@langchain/core/messages";
import { callTool, scriptedModel, type ModelStep } from "../../testing/index.js";
import { overloaded, refunding, thread, user } from "../recovery/job.js";

const pays = callTool("refund", { order: "A1" });
type Refund = ReturnType<typeof refunding>["refund"];
const clerk = (steps: readonly ModelStep[], refund: Refund): Agent => agent({ id: "w", model: scriptedModel(steps), tools: [refund] });

/** Who pays back, and then fails. */
const workers: Readonly<Record<string, (refund: Refund) => Agent>> = {
  "a model with tools": (refund) => clerk([pays, overloaded], refund),
  "a createAgent agent": (refund) =>
    agent({ id: "w", graph: createAgent({ model: scriptedModel([pays, overloaded]) as never, tools: [refund] }) }) as Agent, // two copies of LangChain's types
  "a team whose second member fails": (refund) =>
    sequential({
      name: "w",
      agents: [agent({ id: "one", model: scriptedModel([pays, "Paid."]), tools: [refund] }), failing("two")],
    }) as Agent,
  "a team in a team": (refund) =>
    sequential({ name: "w", agents: [sequential({ name: "in", agents: [clerk([pays, overloaded], refund)] })] }) as Agent,
  "a branch beside one that fails": (refund) =>
    parallel({
      name: "w",
      onFailure: "stop",
      branches: [agent({ id: "one", model: scriptedModel([pays, "Paid."]), tools: [refund] }), failing("two")],
    }) as Agent,
  "a supervisor with a worker of its own": (refund) =>
    supervisor({
      name: "w",
      supervisor: agent({ id: "chief", model: scriptedModel([callTool("delegate_to_w2", { task: "pay" }), overloaded]) }),
      workers: [agent({ id: "w2", model: scriptedModel([pays, "Paid."]), tools: [refund] })],
    }) as Agent,
};

function failing<const Id extends string>(id: Id): Agent<Id> {
  return agent({ id, run: () => new Promise<never>((_resolve, reject) => setTimeout(() => reject(new Error("no disk")), 30)) });
}

const SAVERS: Readonly<Record<string, () => BaseCheckpointSaver | undefined>> = {
  stored: () => new MemorySaver(),
  "not stored": () => undefined,
};

describe("H1 a failed worker's supervisor reads what it had done", () => {
  const told = expect.stringMatching(/Done before that:\n(.*\n)*- refund\(\{"order":"A1"\}\) → refunded A1/);

  for (const [who, made] of Object.entries(workers)) {
    for (const [how, saver] of Object.entries(SAVERS)) {
      it(`${who}, ${how}`, async () => {
        const { refund } = refunding();
        const boss = agent({
          id: "boss",
          run: (turn) => (turn.messages.at(-1)?.getType() === "tool" ? "Sorry." : delegate(turn, [{ worker: "w", task: "pay back A1" }])),
        });
        const graph = supervisor({ name: "desk", supervisor: boss, workers: [made(refund)] }).compile({ checkpointer: saver() });
        const { messages } = await graph.invoke(user("pay back"), thread());
        expect(messages.find((message) => message.getType() === "tool")?.text).toEqual(told);
      });
    }
  }

  it("of a task that ran out of time, of one that was cancelled, and of one that was stopped with another", async () => {
    const { refund } = refunding();
    const never = agent({
      id: "w",
      model: scriptedModel([pays, () => new Promise<never>(() => undefined)]),
      tools: [refund],
    });
    const late = mapReduce({ name: "late", items: () => ["a"], mapper: never, timeout: 60 }).compile();
    expect(records(await late.invoke(user("go")))[0]?.error).toMatchObject({ name: "StepTimeoutError", message: told });

    const cancellation = new Cancellation();
    const stuck = agent({
      id: "w",
      model: scriptedModel([
        pays,
        () => {
          cancellation.cancel("1", "0");
          return new Promise<never>(() => undefined);
        },
      ]),
      tools: [refund],
    });
    const cancelled = mapReduce({ name: "cancelled", items: () => ["a"], mapper: stuck, cancellation }).compile();
    expect(records(await cancelled.invoke(user("go"), thread()))[0]?.error).toMatchObject({ name: "TaskCancelled", message: told });
  });

  it("tries again are told together, and a worker that comes to its end is told as ever", async () => {
    const { refund, keys } = refunding();
    const steps = [pays, overloaded, overloaded, pays, overloaded, "Paid."];
    const team = (checkpointer: BaseCheckpointSaver) =>
      mapReduce({
        name: "fan",
        items: () => ["a", "b"],
        mapper: clerk(steps, refund),
        retries: 1,
        backoff: () => 0,
        concurrency: 1,
      }).compile({
        checkpointer,
      });
    const [failed, done] = records(await team(new MemorySaver()).invoke(user("go"), thread()));
    expect(failed).toMatchObject({ status: "failed", error: { message: told } });
    expect(failed?.error?.message.match(/refund\(/g)).toHaveLength(1);
    expect(done).toMatchObject({ status: "completed", content: "Paid." });
    expect(keys).toHaveLength(2);
  });

  it("what was done in a process that is gone is told too", async () => {
    const { refund } = refunding();
    const checkpointer = new MemorySaver();
    const stop = new AbortController();
    const graph = (second: Agent) =>
      mapReduce({
        name: "fan",
        items: () => ["a"],
        mapper: sequential({ name: "w", agents: [agent({ id: "one", model: scriptedModel([pays, "Paid."]), tools: [refund] }), second] }),
      }).compile({ checkpointer, durability: "sync" });
    const stopping = agent({ id: "two", run: () => (stop.abort(), new Promise<never>(() => undefined)) });
    await graph(stopping)
      .invoke(user("go"), { ...thread(), signal: stop.signal })
      .catch(() => undefined);
    const [record] = records(await graph(failing("two")).invoke(null, thread()));
    expect(record).toMatchObject({ status: "failed", error: { message: told } });
  });

  it("a plan made anew, and whoever sums up, read it as well", async () => {
    const { refund } = refunding();
    const read: string[] = [];
    const planner = agent({
      id: "planner",
      run: (turn) => {
        read.push(turn.messages.at(-1)?.text ?? "");
        return reply("", { data: { tasks: read.length > 1 ? [] : [{ id: "t", input: "pay back A1" }] } });
      },
    });
    const graph = orchestratorWorker({ name: "plan", planner, workers: [clerk([pays, overloaded], refund)] }).compile();
    await graph.invoke(user("go"));
    expect(read[1]).toEqual(told);
  });
});

describe("what is told is bounded, and true", () => {
  it("whatever was called", () => {
    const call = fc.record({ name: fc.string({ minLength: 1, maxLength: 64 }), text: fc.string({ maxLength: 3_000, unit: "grapheme" }) });
    fc.assert(
      fc.property(fc.string({ maxLength: 3_000 }), fc.array(call, { maxLength: 60 }), (reason, calls) => {
        const said = calls.flatMap(({ name, text }, index) => [
          new AIMessage({ content: "", tool_calls: [{ id: `c${index}`, name, args: { text }, type: "tool_call" }] }),
          new ToolMessage({ content: text, name, tool_call_id: `c${index}` }),
        ]);
        const told = withWhatWasDone(reason, said);
        if (calls.length === 0) {
          expect(told).toBe(reason);
          return;
        }
        expect(told.length).toBeLessThanOrEqual(2_000);
        expect(told.startsWith(reason.slice(0, 799))).toBe(true);
        expect(told).toContain(calls.at(-1)?.name);
      }),
      { numRuns: 200 },
    );
  });
});

const records = (state: Parameters<typeof mapped>[0]): TaskRecord[] => mapped(state);
