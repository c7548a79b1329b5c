import { describe, expect, it } from "vitest";
import { agent, Cancellation, orchestratorWorker, planner, planOf, reply, type Task, type Turn } from "../../index.js";
import { callTool, scriptedModel } from "../../testing/index.js";
import { failure, lines, says, thread } from "./says.js";

const plans = (...rounds: readonly (readonly Task[])[]) => {
  let round = 0;
  return agent({ id: "planner", run: () => reply(`Plan ${round + 1}.`, { data: { tasks: rounds[round++] ?? [] } }) });
};
const task = (id: string, more: Partial<Task> = {}): Task => ({ id, input: `do ${id}`, ...more });
const inputOf = (turn: Turn): string => turn.messages[0]?.text ?? "";

/** A worker that keeps a list of what it ran, and fails what it is told to. */
function crew(fails: (input: string, run: number) => boolean = () => false) {
  const ran: string[] = [];
  const worker = agent({
    id: "worker",
    run: (turn) => {
      const input = inputOf(turn).split("\n")[0] ?? "";
      ran.push(`${turn.task?.id}: ${input}`);
      if (fails(input, ran.filter((line) => line.endsWith(input)).length)) throw new Error(`cannot ${input}`);
      return `${input} with ${Object.keys(turn.results).join("+") || "nothing"}`;
    },
  });
  return { ran, worker };
}

describe("B10 orchestrator-worker", () => {
  it("plans, works in the order of the dependencies, and puts the results together", async () => {
    const { worker } = crew();
    const writer = agent({
      id: "writer",
      run: (turn) =>
        `From ${planOf(turn)
          ?.progress.map(({ content }) => content)
          .join("; ")}`,
    });
    const team = orchestratorWorker({
      name: "team",
      planner: plans([task("c", { dependsOn: ["a", "b"] }), task("a"), task("b", { dependsOn: ["a"] })]),
      workers: [worker],
      synthesizer: writer,
    });
    expect(team.verify().findings).toEqual([]);
    const { messages, control } = await team.compile().invoke(says("Go."));
    expect(messages.at(-1)?.text).toBe("From do c with a+b; do a with nothing; do b with a");
    expect(control.done).toBe(true);
  });

  it("D5 knows the status of every task, also of those not begun, and D4 what it will take before it runs", async () => {
    const { checkpointer, config } = thread();
    let seen: unknown;
    const worker = agent({
      id: "worker",
      run: (turn) => {
        if (turn.task?.id === "b") throw new Error("no");
        return "ok";
      },
    });
    const team = orchestratorWorker({
      name: "team",
      planner: plans([task("a"), task("b"), task("c", { dependsOn: ["b"] })]),
      workers: [worker],
      synthesizer: agent({
        id: "writer",
        run: (turn) => {
          seen = planOf(turn)?.estimate;
          return "done";
        },
      }),
      onFailure: "skip",
      estimate: { milliseconds: () => 100, cost: () => 2 },
      concurrency: 1,
    });
    const graph = team.compile({ checkpointer, interruptBefore: ["work"] });
    await graph.invoke(says("Go."), config);
    const before = planOf((await graph.getState(config)).values);
    expect(before?.progress.map(({ status }) => status)).toEqual(["pending", "pending", "pending"]);
    expect(before?.estimate).toEqual({
      milliseconds: 300,
      criticalPath: { tasks: ["b", "c"], milliseconds: 200 },
      work: 300,
      cost: 6,
      widest: 1,
    });
    const plan = planOf(await graph.invoke(null, config));
    expect(plan?.progress.map(({ task: id, status }) => `${id} ${status}`)).toEqual(["a completed", "b failed", "c skipped"]);
    expect(plan?.counts).toEqual({ pending: 0, in_progress: 0, completed: 1, failed: 1, skipped: 1, cancelled: 0 });
    expect(plan?.settled).toBe(true);
    expect(seen).toEqual(plan?.estimate);
  });

  it("a failure leads to a new plan that keeps what is done, and a task that has changed is done again", async () => {
    const { ran, worker } = crew((input) => input === "do b");
    const first = [task("a"), task("b"), task("c", { dependsOn: ["a"] })];
    const second = [task("a"), task("b", { input: "do b otherwise" }), task("c", { input: "do c again", dependsOn: ["a"] })];
    const team = orchestratorWorker({ name: "team", planner: plans(first, second), workers: [worker] });
    const { messages, tasks, control, results } = await team.compile().invoke(says("Go."));
    expect(ran).toEqual(["a: do a", "b: do b", "c: do c", "b.r1: do b otherwise", "c.r1: do c again"]);
    expect(lines(messages)[2]).toBe("crew: 2 of 3 tasks done.\n- b failed: cannot do b");
    const plan = planOf({ tasks, control, results });
    expect(plan?.revision).toBe(1);
    expect(plan?.progress.map(({ task: id, content }) => `${id}: ${content}`)).toEqual([
      "a: do a with nothing",
      "b.r1: do b otherwise with nothing",
      "c.r1: do c again with a",
    ]);
  });

  it("the same task in the next plan is tried again, never taken for failed because it failed before", async () => {
    const { ran, worker } = crew((input, run) => input === "do a" && run === 1);
    const same = [task("a"), task("b", { dependsOn: ["a"] })];
    const { messages } = await orchestratorWorker({ name: "team", planner: plans(same, same), workers: [worker] })
      .compile()
      .invoke(says("Go."));
    expect(ran).toEqual(["a: do a", "a.r1: do a", "b.r1: do b"]);
    expect(messages.at(-1)?.text).toContain("2 of 2 tasks done.");
  });

  it("new plans are bounded, and the end says what is missing", async () => {
    const { ran, worker } = crew(() => true);
    const bad = [task("a")];
    const team = orchestratorWorker({ name: "team", planner: plans(bad, bad, bad, bad), workers: [worker], maxReplans: 2 });
    const { messages } = await team.compile().invoke(says("Go."));
    expect(ran).toHaveLength(3);
    expect(messages.at(-1)?.text).toBe("0 of 1 tasks done.\n- a.r2 failed: cannot do a");
  });

  it("tasks are retried before a failure counts; onFailure stop ends the run with an error", async () => {
    const flaky = crew((_input, run) => run === 1);
    const options = { name: "team", retries: 1, backoff: () => 0 } as const;
    const { messages } = await orchestratorWorker({ ...options, planner: plans([task("a")]), workers: [flaky.worker] })
      .compile()
      .invoke(says("Go."));
    expect(messages.at(-1)?.text).toContain("1 of 1 tasks done.");
    const broken = crew(() => true);
    const stopping = orchestratorWorker({ ...options, planner: plans([task("a")]), workers: [broken.worker], onFailure: "stop" });
    expect((await failure(stopping.compile().invoke(says("Go.")))).message).toContain("cannot do a");
  });

  it.each([
    [[task("a", { dependsOn: ["b"] }), task("b", { dependsOn: ["a"] })], /a → b → a|b → a → b/],
    [[task("a", { agent: "nobody" })], /no worker "nobody"/],
    [[task("a", { dependsOn: ["z"] })], /no task "z"/],
    [[task("a"), task("a")], /given twice/],
  ])("refuses a plan that cannot be carried out, and says why", async (bad, message) => {
    const graph = orchestratorWorker({ name: "team", planner: plans(bad), workers: [crew().worker] }).compile();
    expect((await failure(graph.invoke(says("Go.")))).message).toMatch(message);
  });

  it("a planner without a plan is an error that says what is expected", async () => {
    const talker = agent({ id: "planner", run: () => "I would begin with tea." });
    const graph = orchestratorWorker({ name: "team", planner: talker, workers: [crew().worker] }).compile();
    expect((await failure(graph.invoke(says("Go.")))).message).toContain("data: { tasks:");
  });

  it("the plan of a model is checked, and the model told what is wrong: here, a cycle", async () => {
    const entry = (id: string, dependsOn: string[]) => ({ id, input: `do ${id}`, agent: "worker", dependsOn });
    const model = scriptedModel([
      callTool("respond", { tasks: [entry("a", ["b"]), entry("b", ["a"])] }),
      callTool("respond", { tasks: [entry("a", []), entry("b", ["a"])] }),
    ]);
    const { worker } = crew();
    const team = orchestratorWorker({ name: "team", planner: planner({ id: "planner", model, workers: [worker] }), workers: [worker] });
    const { messages } = await team.compile().invoke(says("Go."));
    model.assertDone();
    expect(model.calls[0]?.messages[0]?.text).toContain("- worker: ");
    expect(model.calls[1]?.messages.at(-1)?.text).toMatch(/wait for each other: (a → b → a|b → a → b)/);
    expect(messages.at(-1)?.text).toContain("2 of 2 tasks done.");
  });
});

describe("D5 cancel", () => {
  /** A worker whose tasks end when the test says so, or when they are stopped. */
  function held() {
    let began: () => void = () => undefined;
    const begun = new Promise<void>((done) => (began = done));
    const open = new Map<string, () => void>();
    const worker = agent({
      id: "worker",
      run: (turn) =>
        new Promise<string>((done) => {
          open.set(turn.task?.id ?? "", () => done("ok"));
          if (open.size === 2) began();
        }),
    });
    return { worker, begun, open };
  }
  const two = [task("a"), task("b"), task("c", { dependsOn: ["a"] })];

  it("stops one task at work: it is cancelled, what depends on it is skipped, the rest is done", async () => {
    const { worker, begun, open } = held();
    const { checkpointer, config } = thread();
    const cancellation = new Cancellation();
    const graph = orchestratorWorker({ name: "team", planner: plans(two), workers: [worker], cancellation }).compile({ checkpointer });
    const run = graph.invoke(says("Go."), config);
    await begun;
    expect(cancellation.cancel("1", "nothing")).toBe(false);
    expect(cancellation.cancel("2", "a")).toBe(false);
    expect(cancellation.cancel("1", "a")).toBe(true);
    open.get("b")?.();
    const plan = planOf(await run);
    expect(plan?.progress.map(({ status }) => status)).toEqual(["cancelled", "completed", "skipped"]);
    expect(cancellation.cancel("1")).toBe(false);
  });

  it("stops a whole plan at work: the run ends as cancelled, and stays so", async () => {
    const { worker, begun } = held();
    const { checkpointer, config } = thread();
    const cancellation = new Cancellation();
    const graph = orchestratorWorker({ name: "team", planner: plans(two), workers: [worker], cancellation }).compile({ checkpointer });
    const run = graph.invoke(says("Go."), config);
    await begun;
    expect(cancellation.cancel("1")).toBe(true);
    const state = await run;
    expect(state.control.value).toBe("(cancelled)");
    expect(planOf(state)?.counts).toMatchObject({ cancelled: 3, pending: 0 });
  });

  it("ends a plan that is not at work by an event", async () => {
    const { checkpointer, config } = thread();
    const team = orchestratorWorker({ name: "team", planner: plans(two), workers: [crew().worker] });
    const graph = team.compile({ checkpointer, interruptBefore: ["work"] });
    await graph.invoke(says("Go."), config);
    await graph.updateState(config, { control: { type: "CANCEL" } });
    const { values, next } = await graph.getState(config);
    expect(next).toEqual([]);
    expect(planOf(values)?.progress.map(({ status }) => status)).toEqual(["cancelled", "cancelled", "cancelled"]);
  });
});

describe("D6 ledgers of a plan", () => {
  it("are read from the checkpoint, shared and of each agent", async () => {
    const { checkpointer, config } = thread();
    const worker = <const Id extends string>(id: Id) => agent({ id, run: (turn) => `${id} did ${turn.task?.id}` });
    const tasks = [task("a", { agent: "one" }), task("b", { agent: "two", dependsOn: ["a"] }), task("c")];
    const team = orchestratorWorker({ name: "team", planner: plans(tasks), workers: [worker("one"), worker("two")] });
    await team.compile({ checkpointer }).invoke(says("Go."), config);
    const plan = planOf((await team.compile({ checkpointer }).getState(config)).values);
    expect(plan?.tasks).toEqual([
      { task: "a", agent: "one", input: "do a", dependsOn: [] },
      { task: "b", agent: "two", input: "do b", dependsOn: ["a"] },
      { task: "c", agent: "one", input: "do c", dependsOn: [] },
    ]);
    expect(plan?.agents["one"]?.tasks.map((entry) => entry.task)).toEqual(["a", "c"]);
    expect(plan?.agents["two"]?.progress).toEqual([
      { task: "b", agent: "two", status: "completed", attempts: 1, at: expect.any(Number) as number, content: "two did b" },
    ]);
    expect(plan?.agents["two"]?.counts.completed).toBe(1);
  });
});
