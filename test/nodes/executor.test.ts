import { Command, isInterrupted, MemorySaver } from "@langchain/langgraph";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMachine } from "xstate";
import {
  agent,
  defineOrchestration,
  executor,
  handoff,
  human,
  InvalidDefinitionError,
  reply,
  sequential,
  tasksOf,
  type Agent,
  type ExecutorDefinition,
  type HumanQuestion,
  type Task,
  type Turn,
} from "../../index.js";

const again = { target: "work", reenter: true };
const machine = createMachine({
  id: "m",
  initial: "work",
  states: { work: { on: { PROGRESS: again, DONE: "end" } }, end: { type: "final" } },
});
const go = { messages: [{ role: "user" as const, content: "go" }] };
const config = { configurable: { thread_id: "1" } };

type Options = Partial<Omit<ExecutorDefinition<string, object>, "tasks">> & { readonly tasks: readonly Task[] };

/** An orchestration that is one executor. */
const team = ({ tasks, ...options }: Options) =>
  defineOrchestration({
    name: "team",
    machine,
    agents: { work: executor({ id: "work", workers: [echo], backoff: () => 0, ...options, tasks: () => tasks }) as Agent },
  });

const echo = agent({ id: "echo", run: (turn) => `${turn.task?.id} after ${Object.keys(turn.results).join("+") || "nothing"}` });
const task = (id: string, more: Partial<Task> = {}): Task => ({ id, input: id, ...more });

/** A worker that is done when the test says so, and tells what it was given. */
function gate() {
  const waiting = new Map<string, (words: string) => void>();
  const begun: string[] = [];
  let announce: () => void = () => undefined;
  const worker = agent({
    id: "gate",
    run: async (turn: Turn) => {
      const id = turn.task?.id ?? "";
      begun.push(id);
      announce();
      return new Promise<string>((done) => waiting.set(id, done));
    },
  });
  const open = (id: string): void => waiting.get(id)?.(`${id} done`);
  const until = async (count: number): Promise<void> => {
    while (begun.length < count) await new Promise<void>((done) => (announce = done));
  };
  return { worker, begun, open, until };
}

const statuses = (state: { readonly tasks: Parameters<typeof tasksOf>[0] }): Record<string, string> =>
  Object.fromEntries([...tasksOf(state.tasks, "work", 1)].map(([id, record]) => [id, record.status]));

describe("the executor", () => {
  it("does every task, shows each what it builds on, and answers in the plan's order", async () => {
    const state = await team({ tasks: [task("c", { dependsOn: ["a", "b"] }), task("a"), task("b", { dependsOn: ["a"] })] })
      .compile()
      .invoke(go);
    expect(state.messages.at(-1)?.text).toBe("c after a+b\na after nothing\nb after a");
    expect(state.control.done).toBe(true);
  });

  it("never runs more at once than it may, in all and by worker, and begins a task only after those it depends on", async () => {
    const plan = fc
      .array(
        fc.record({
          dependsOn: fc.array(fc.nat(30), { maxLength: 3 }),
          worker: fc.constantFrom("one", "two"),
          priority: fc.nat(3),
          yields: fc.nat(4),
        }),
        { minLength: 1, maxLength: 25 },
      )
      .map((list) =>
        list.map((entry, index) => ({ ...entry, dependsOn: [...new Set(entry.dependsOn.filter((before) => before < index))] })),
      );
    await fc.assert(
      fc.asyncProperty(plan, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 2 }), async (list, concurrency, ofOne) => {
        const running = new Map<string, number>();
        const finished = new Set<string>();
        const worker = (id: string) =>
          agent({
            id,
            run: async (turn: Turn) => {
              const index = Number(turn.task?.id.slice(1));
              running.set(id, (running.get(id) ?? 0) + 1);
              expect([...running.values()].reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(concurrency);
              if (id === "one") expect(running.get(id)).toBeLessThanOrEqual(ofOne);
              for (const before of list[index]?.dependsOn ?? []) expect(finished).toContain(`t${before}`);
              for (let left = list[index]?.yields ?? 0; left > 0; left -= 1) await Promise.resolve();
              finished.add(`t${index}`);
              running.set(id, (running.get(id) ?? 1) - 1);
              return "done";
            },
          });
        const tasks = list.map((entry, index) =>
          task(`t${index}`, { agent: entry.worker, priority: entry.priority, dependsOn: entry.dependsOn.map((before) => `t${before}`) }),
        );
        const state = await team({ tasks, workers: [worker("one"), worker("two")], concurrency, perAgent: { one: ofOne } })
          .compile()
          .invoke(go);
        expect(Object.values(statuses(state))).toEqual(list.map(() => "completed"));
      }),
      { numRuns: 60 },
    );
  });

  it("begins the longest way first, and what has priority before that", async () => {
    const { worker, begun, open, until } = gate();
    const tasks = [task("short"), task("long"), task("longer", { dependsOn: ["long"] }), task("urgent", { priority: 1 })];
    const run = team({ tasks, workers: [worker], concurrency: 1 })
      .compile()
      .invoke(go);
    for (const [index, id] of ["urgent", "long", "short", "longer"].entries()) {
      await until(index + 1);
      open(begun[index] ?? id);
    }
    await run;
    expect(begun).toEqual(["urgent", "long", "short", "longer"]);
  });

  it("keeps failures to their tasks: what builds on them is skipped, the rest goes on", async () => {
    const worker = agent({
      id: "worker",
      run: (turn: Turn) => {
        if (turn.task?.id === "throws") throw new Error("no");
        if (turn.task?.id === "hands-off") return handoff("nobody");
        return turn.task?.id === "nonsense" ? reply("x", { data: () => 1 }) : "fine";
      },
    });
    const tasks = [
      task("throws"),
      task("hands-off"),
      task("nonsense"),
      task("after", { dependsOn: ["throws"] }),
      task("later", { dependsOn: ["after"] }),
      task("other"),
    ];
    const state = await team({ tasks, workers: [worker] })
      .compile()
      .invoke(go);
    expect(statuses(state)).toEqual({
      throws: "failed",
      "hands-off": "failed",
      nonsense: "failed",
      after: "skipped",
      later: "skipped",
      other: "completed",
    });
    expect(tasksOf(state.tasks, "work", 1).get("hands-off")?.error?.name).toBe("IllegalTransitionError");
  });

  it("tries again as often as it may, and says how often it did", async () => {
    let runs = 0;
    const flaky = agent({
      id: "flaky",
      run: () => {
        runs += 1;
        if (runs < 3) throw new Error("not yet");
        return "at last";
      },
    });
    const state = await team({ tasks: [task("a")], workers: [flaky], retries: 2 })
      .compile()
      .invoke(go);
    expect(tasksOf(state.tasks, "work", 1).get("a")).toMatchObject({ status: "completed", attempts: 3, content: "at last" });
  });

  it("ends a task that hangs, and a task that timed out is not completed", async () => {
    const hangs = agent({ id: "hangs", run: () => new Promise<string>(() => undefined) });
    const state = await team({ tasks: [task("a")], workers: [hangs], timeout: 20 })
      .compile()
      .invoke(go);
    expect(tasksOf(state.tasks, "work", 1).get("a")).toMatchObject({ status: "failed", error: { name: "StepTimeoutError" } });
  });

  it("stops the plan at the first failure when asked to, and keeps what was done", async () => {
    const worker = agent({
      id: "worker",
      run: async (turn: Turn) => {
        if (turn.task?.id === "bad") throw new Error("broken");
        return turn.task?.id === "slow" ? new Promise<string>(() => undefined) : "fine";
      },
    });
    const graph = team({ tasks: [task("good"), task("slow"), task("bad")], workers: [worker], onFailure: "stop" }).compile({
      checkpointer: new MemorySaver(),
    });
    await expect(graph.invoke(go, config)).rejects.toThrow('Task "bad" of "work" failed (worker "worker"): broken');
    expect(statuses((await graph.getState(config)).values)).toEqual({ good: "completed", slow: "cancelled", bad: "failed" });
  });

  it("shows its progress in the state while it runs, and counts as one step", async () => {
    const { worker, open, until } = gate();
    const graph = team({ tasks: [task("a"), task("b")], workers: [worker], flush: 0 }).compile({ checkpointer: new MemorySaver() });
    const seen: Record<string, string>[] = [];
    const run = (async () => {
      for await (const state of await graph.stream(go, { ...config, streamMode: "values" })) {
        seen.push(statuses(state));
        if (statuses(state)["a"] === "completed") open("b");
      }
    })();
    await until(2);
    open("a");
    await run;
    expect(seen).toContainEqual({ a: "completed", b: "in_progress" });
    expect(seen.at(-1)).toEqual({ a: "completed", b: "completed" });
    expect((await graph.getState(config)).values.control.usage.steps).toBe(1);
  });

  it("after a stop the next run does only what was not done", async () => {
    const checkpointer = new MemorySaver();
    const ran: string[] = [];
    let broken = true;
    const worker = agent({
      id: "worker",
      run: async (turn: Turn) => {
        const id = turn.task?.id ?? "";
        ran.push(id);
        if (id === "c" && broken) throw new Error("the machine went down");
        return `${id} done`;
      },
    });
    const tasks = [task("a"), task("b", { dependsOn: ["a"] }), task("c", { dependsOn: ["b"] }), task("d", { dependsOn: ["c"] })];
    const compiled = () => team({ tasks, workers: [worker], onFailure: "stop", flush: 0 }).compile({ checkpointer });
    await expect(compiled().invoke(go, config)).rejects.toThrow("the machine went down");
    const records = (await compiled().getState(config)).values.tasks;
    expect(records["work/a"]?.status).toBe("completed");
    broken = false;
    ran.length = 0;
    await compiled().invoke(null, config);
    expect(ran).toEqual(["c", "d"]);
  });

  it("workers that are more than a function run in threads of their own, ask together, and go on where they asked", async () => {
    const asks = human({ id: "person", question: (turn) => turn.messages.at(-1)?.text ?? "" });
    const graph = team({
      tasks: [task("first"), task("ask", { agent: "person", dependsOn: ["first"] }), task("too", { agent: "person" })],
      workers: [echo, asks],
    }).compile({
      checkpointer: new MemorySaver(),
    });
    const parked = await graph.invoke(go, config);
    if (!isInterrupted<HumanQuestion>(parked)) throw new Error("nobody was asked");
    const shown = parked.__interrupt__;
    expect(shown.map(({ value }) => [value?.kind, value?.agent, value?.task]).sort()).toEqual([
      ["human", "person", "ask"],
      ["human", "person", "too"],
    ]);
    await expect(graph.invoke(new Command({ resume: "yes" }), config)).rejects.toThrow(/2 questions are open/);
    const [first, second] = shown;
    const half = await graph.invoke(new Command({ resume: { [first?.id ?? ""]: `answer to ${first?.value?.task}` } }), config);
    expect(isInterrupted<HumanQuestion>(half) && half.__interrupt__.map(({ id, value }) => [id, value?.nonce])).toEqual([
      [second?.id, second?.value?.nonce],
    ]);
    const again = new Command({ resume: { [first?.id ?? ""]: "twice" } });
    await expect(graph.invoke(again, config)).rejects.toMatchObject({ name: "AnswerRefusedError" });
    const state = await graph.invoke(new Command({ resume: { [second?.value?.nonce ?? ""]: `answer to ${second?.value?.task}` } }), config);
    expect(state.messages.at(-1)?.text).toBe("first after nothing\nanswer to ask\nanswer to too");
    expect(tasksOf(state.tasks, "work", 1).get("ask")?.attempts).toBe(1);
  });

  it("an orchestration can be a worker", async () => {
    const pair = sequential({
      name: "pair",
      agents: [agent({ id: "one", run: () => "1" }), agent({ id: "two", run: (turn) => `${turn.results["one"]?.content}2` })],
    });
    const state = await team({ tasks: [task("a"), task("b")], workers: [pair] })
      .compile({ checkpointer: new MemorySaver() })
      .invoke(go, config);
    expect(state.messages.at(-1)?.text).toBe("12\n12");
  });

  it("refuses a plan that cannot be carried out, and names the cycle", async () => {
    const bad = team({ tasks: [task("a", { dependsOn: ["c"] }), task("b", { dependsOn: ["a"] }), task("c", { dependsOn: ["b"] })] });
    await expect(bad.compile().invoke(go)).rejects.toThrow(/a → c → b → a|b → a → c → b|c → b → a → c/);
    await expect(
      team({ tasks: [task("a"), task("a")] })
        .compile()
        .invoke(go),
    ).rejects.toThrow("given twice");
    await expect(
      team({ tasks: [task("a", { agent: "nobody" })] })
        .compile()
        .invoke(go),
    ).rejects.toThrow('no worker "nobody"');
    expect(() => executor({ id: "e", workers: [], tasks: () => [], concurrency: 0 })).toThrow(InvalidDefinitionError);
  });

  it("ends what is in flight when the run is aborted", async () => {
    const { worker, until } = gate();
    const stop = new AbortController();
    const run = team({ tasks: [task("a")], workers: [worker] })
      .compile()
      .invoke(go, { signal: stop.signal });
    await until(1);
    stop.abort();
    await expect(run).rejects.toThrow();
  });
});
