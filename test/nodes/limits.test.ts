import { MemorySaver } from "@langchain/langgraph";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { agent, mapReduce, mapped, orchestratorWorker, parallel, planOf, reply, sequential } from "../../index.js";
import { openBudget, taskBudget, type Budget, type Limits } from "../../src/agent/budget.js";
import { scriptedModel } from "../../testing/index.js";

const says = (content: string) => ({ messages: [{ role: "user" as const, content }] });
const on = (thread: string) => ({ configurable: { thread_id: thread } });
const never = () => new Promise<never>(() => undefined);
const items = (count: number) => Array.from({ length: count }, (_, index) => `item ${index}`);
const model = (answers: number) => scriptedModel(Array.from({ length: answers }, () => "did it"));

const fan = (count: number, limits?: Limits) => {
  const mapper = model(count);
  const orchestration = mapReduce({
    name: "fan",
    items: () => items(count),
    mapper: agent({ id: "mapper", model: mapper }),
    reducer: agent({ id: "sum", run: (turn) => `${mapped(turn).filter(({ status }) => status === "completed").length} of ${count}` }),
    ...(limits === undefined ? {} : { limits }),
  });
  return { mapper, graph: orchestration.compile({ checkpointer: new MemorySaver() }) };
};

describe("what a fan-out spends of its team's limits", () => {
  it("is no step for any of its tasks, and no call that the default limits would refuse", async () => {
    const { graph } = fan(300);
    const state = await graph.invoke(says("go"), on("1"));
    expect(state.messages.at(-1)?.text).toBe("300 of 300");
    expect(state.control.usage).toEqual({ steps: 2, modelCalls: 300, toolCalls: 0, tasks: 300 });
  });

  it("a plan of more tasks than a turn has steps is carried out", async () => {
    const graph = orchestratorWorker({
      name: "plan",
      planner: agent({
        id: "p",
        run: () => reply("", { data: { tasks: items(120).map((_, index) => ({ id: `t${index}`, input: `x${index}` })) } }),
      }),
      workers: [agent({ id: "w", model: model(120) })],
      synthesizer: agent({ id: "s", run: (turn) => `done ${planOf(turn)?.counts.completed}` }),
    }).compile({ checkpointer: new MemorySaver() });
    expect((await graph.invoke(says("go"), on("1"))).messages.at(-1)?.text).toBe("done 120");
  });

  it("a limit of one's own counts everything, and what it cannot pay for is refused before anything is paid", async () => {
    const { graph, mapper } = fan(30, { modelCalls: 20 });
    await expect(graph.invoke(says("go"), on("1"))).rejects.toThrow(/may use 20 modelCalls, and what was to begin needs 30 more at least/);
    expect(mapper.calls).toEqual([]);
  });

  it("a team with limits of its own works within a task as it would anywhere", async () => {
    const stages = items(120).map((_, index) => agent({ id: `a${index}`, run: () => `${index}` }));
    const team = sequential({ name: "team", agents: stages, limits: { steps: 200 } });
    const graph = mapReduce({ name: "fan", items: () => ["x"], mapper: team }).compile({ checkpointer: new MemorySaver() });
    expect(mapped(await graph.invoke(says("go"), on("1"))).map(({ status, content }) => [status, content])).toEqual([["completed", "119"]]);
  });
});

describe("budgets in budgets", () => {
  it("a call that anyone refuses is charged to nobody, and what was spent is what was accepted", () => {
    const limit = fc.record({ modelCalls: fc.integer({ min: 0, max: 20 }), toolCalls: fc.integer({ min: 0, max: 20 }) });
    const spending = fc.array(fc.tuple(fc.constantFrom("modelCalls" as const, "toolCalls" as const), fc.integer({ min: 1, max: 5 })));
    fc.assert(
      fc.property(fc.array(limit, { minLength: 1, maxLength: 4 }), spending, (limits, spent) => {
        const chain: Budget[] = [];
        for (const one of limits) chain.push(openBudget("owner", one, { steps: 0, modelCalls: 0, toolCalls: 0 }, chain.at(-1)));
        const accepted = { modelCalls: 0, toolCalls: 0 };
        for (const [resource, amount] of spent) {
          const fits = limits.every((one) => accepted[resource] + amount <= one[resource]);
          const spend = (): void => taskBudget(() => chain.at(-1) as Budget).spend(resource, amount);
          if (fits) spend();
          else expect(spend).toThrow(/reached its limit/);
          if (fits) accepted[resource] += amount;
          for (const budget of chain) expect(budget.used(resource)).toBe(accepted[resource]);
        }
      }),
    );
  });
});

describe("no kind of agent works without a limit on its time", () => {
  it("a function is stopped when its time is over, though it does not listen", async () => {
    const slow = agent({ id: "a", run: never, limits: { milliseconds: 30 } });
    await expect(
      sequential({ name: "s", agents: [slow] })
        .compile()
        .invoke(says("x")),
    ).rejects.toThrow('Agent "a" did not finish its turn within 30 ms (limits.milliseconds).');
  });

  it("a function hears of it by its signal", async () => {
    let heard: AbortSignal | undefined;
    const slow = agent({
      id: "a",
      run: (turn) => {
        heard = turn.config.signal;
        return never();
      },
      limits: { milliseconds: 30 },
    });
    await expect(
      sequential({ name: "s", agents: [slow] })
        .compile()
        .invoke(says("x")),
    ).rejects.toThrow(/30 ms/);
    expect(heard?.aborted).toBe(true);
  });

  it("a branch that takes too long has failed, and the others have not", async () => {
    const state = await parallel({
      name: "p",
      timeout: 50,
      branches: [
        agent({ id: "a", run: never }),
        agent({ id: "b", run: () => "b" }),
        sequential({ name: "c", agents: [agent({ id: "d", run: never })] }),
      ],
    })
      .compile()
      .invoke(says("x"));
    expect(Object.values(state.results).map(({ phase, status }) => `${phase} ${status}`)).toEqual(["a failed", "b ok", "c failed"]);
    expect(state.results["c"]?.error).toEqual({
      name: "StepTimeoutError",
      message: 'Agent "c" did not finish its turn within 50 ms (timeout).',
    });
  });
});

describe("a recursionLimit in the run's config", () => {
  const timed = (milliseconds: number) =>
    mapReduce({
      name: "map",
      items: () => items(20),
      mapper: agent({ id: "mapper", run: () => new Promise<string>((done) => setTimeout(() => done("x"), milliseconds)) }),
      concurrency: 1,
      flush: 0,
    }).compile();

  it("does not count how often a fan-out returns, so that slow work ends as quick work does", async () => {
    for (const milliseconds of [0, 5]) {
      const state = await timed(milliseconds).invoke(says("go"), { recursionLimit: 5 });
      expect(state.messages.at(-1)?.text).toMatch(/^20 of 20/);
    }
  });

  it("bounds the steps of a run, as it does for any graph, and says what to set", async () => {
    const agents = items(4).map((_, index) => agent({ id: `a${index}`, run: () => "." }));
    const graph = sequential({ name: "line", agents }).compile();
    await expect(graph.invoke(says("go"), { recursionLimit: 4 })).resolves.toBeDefined();
    await expect(graph.invoke(says("go"), { recursionLimit: 3 })).rejects.toThrow(/ran 3 steps in this run \(recursionLimit\).*"a3"/);
  });
});
