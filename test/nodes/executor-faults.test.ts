import { MemorySaver } from "@langchain/langgraph";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMachine } from "xstate";
import {
  agent,
  defineOrchestration,
  executor,
  human,
  reply,
  watch,
  type Agent,
  type RunEvent,
  type Task,
  type TaskRecord,
  type Turn,
} from "../../index.js";
import { runs } from "../runs.js";

const again = { target: "work", reenter: true };
/** What the fan-out comes to is known in the end, whether it failed or not. */
const machine = createMachine({
  id: "m",
  initial: "work",
  states: { work: { on: { PROGRESS: again, DONE: "after", FAIL: "after" } }, after: { on: { DONE: "end" } }, end: { type: "final" } },
});
const go = { messages: [{ role: "user" as const, content: "go" }] };

/** A callback that does one of the things that callbacks do. */
const FAULTS = {
  none: undefined,
  throws: () => {
    throw new Error("no");
  },
  "throws null": () => {
    throw null;
  },
  "throws an error without text": () => {
    throw Object.assign(new Error("x"), { message: { code: 17 }, name: undefined });
  },
  "throws what cannot be read": () => {
    throw new Proxy(
      {},
      {
        get: () => {
          throw new Error("a trap");
        },
      },
    );
  },
  "gives nothing": () => undefined,
  "gives what is no number": () => Number.NaN,
  rejects: () => Promise.reject(new Error("later")),
} as const;
type Fault = keyof typeof FAULTS;
const fault = fc.constantFrom(...(Object.keys(FAULTS) as Fault[]));

interface Trial {
  readonly worker: readonly Fault[];
  readonly backoff: Fault;
  readonly fold: Fault;
  readonly done: Fault;
  readonly retries: number;
  readonly onFailure: "skip" | "stop";
  readonly threads: boolean;
  readonly chained: boolean;
}

const trials = fc.record<Trial>({
  worker: fc.array(fault, { minLength: 1, maxLength: 4 }),
  backoff: fault,
  fold: fault,
  done: fault,
  retries: fc.integer({ min: 0, max: 2 }),
  onFailure: fc.constantFrom("skip", "stop"),
  threads: fc.boolean(),
  chained: fc.boolean(),
});

function teamOf(trial: Trial) {
  const run = agent({
    id: "worker",
    run: (turn: Turn) => {
      const index = Number(turn.task?.id ?? turn.messages.at(-1)?.text);
      const answer: unknown = FAULTS[trial.worker[index] ?? "none"]?.();
      return (answer ?? "fine") as string; // what a user's function may return in plain JavaScript
    },
  });
  // anything but a function works in a thread of its own
  const worker: Agent = trial.threads ? { ...run, node: (place) => ({ ...run.node(place), plain: false }) } : run;
  const tasks = trial.worker.map((_, index): Task => {
    return { id: String(index), input: String(index), dependsOn: trial.chained && index > 0 ? [String(index - 1)] : [] };
  });
  const { backoff = () => 0, fold, done } = { backoff: FAULTS[trial.backoff], fold: FAULTS[trial.fold], done: FAULTS[trial.done] };
  const fan = executor({
    id: "work",
    workers: [worker],
    tasks: () => tasks,
    retries: trial.retries,
    onFailure: trial.onFailure,
    flush: 0,
    backoff: backoff as never, // what it gives is what is tried here
    ...(fold === undefined ? {} : { fold: { initial: 0, step: fold } }),
    ...(done === undefined ? {} : { done: done as never }),
  });
  return defineOrchestration({ name: "team", machine, agents: { work: fan as Agent, after: agent({ id: "after", run: () => "after" }) } });
}

describe("callbacks that misbehave in a fan-out", () => {
  it("cost their task or their phase, and nothing else: the run ends once, and no task is left without an end", async () => {
    await fc.assert(
      fc.asyncProperty(trials, async (trial) => {
        const graph = teamOf(trial).compile({ checkpointer: new MemorySaver() });
        const config = { configurable: { thread_id: "1" } };
        const events: RunEvent[] = [];
        for await (const event of watch(graph, go, config)) events.push(event);
        const ends = events.filter(({ type }) => /completed|failed|waiting|interrupted/.test(type) && type.startsWith("orchestration."));
        expect(ends.map(({ type }) => type)).toEqual(["orchestration.completed"]);
        const { values } = await graph.getState(config);
        expect(Object.values<TaskRecord>(values.tasks).filter(({ status }) => status === "in_progress")).toEqual([]);
        expect(values.messages.at(-1)?.text).toBe("after");
      }),
      { numRuns: runs(30, 150) },
    );
  });

  it("a task that asks a person has an end too when another one stops the plan", async () => {
    const person = human({ id: "person", question: "well?" });
    const bad = agent({
      id: "bad",
      run: async () => {
        throw new Error("broken");
      },
    });
    const fan = executor({
      id: "work",
      workers: [person, bad],
      tasks: () => [
        { id: "asks", input: "a", agent: "person" },
        { id: "fails", input: "b", agent: "bad" },
      ],
      retries: 1,
      backoff: () => 20,
      onFailure: "stop",
      flush: 0,
    });
    const graph = defineOrchestration({
      name: "team",
      machine,
      agents: { work: fan as Agent, after: agent({ id: "after", run: () => reply("after") }) },
    }).compile({ checkpointer: new MemorySaver() });
    const state = await graph.invoke(go, { configurable: { thread_id: "1" } });
    expect(Object.fromEntries(Object.values(state.tasks).map(({ task, status }) => [task, status]))).toEqual({
      asks: "cancelled",
      fails: "failed",
    });
  });
});
