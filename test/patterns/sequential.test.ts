import { describe, expect, it } from "vitest";
import { agent, reply, sequential } from "../../index.js";
import { scriptedAgent } from "../../testing/index.js";
import { failure, lines, says, thread } from "./says.js";

describe("B1 sequential", () => {
  it("gives each agent what those before it said and computed", async () => {
    const first = scriptedAgent("first", [reply("one", { data: { count: 1 } })]);
    const second = scriptedAgent("second", [(turn) => `${turn.messages.at(-1)?.text}, ${JSON.stringify(turn.results["first"]?.data)}`]);
    const state = await sequential({ name: "line", agents: [first, second] })
      .compile()
      .invoke(says("go"));
    expect(lines(state.messages)).toEqual(["user: go", "first: one", 'second: one, {"count":1}']);
    expect(state.control.done).toBe(true);
    first.assertDone();
    second.assertDone();
  });

  it("stops at a failure when strict, and goes on there when it is run again", async () => {
    const { checkpointer, config } = thread();
    const first = scriptedAgent("first", ["one"]);
    const second = scriptedAgent("second", [new Error("no ink"), "two"]);
    const third = scriptedAgent("third", ["three"]);
    const graph = sequential({ name: "line", agents: [first, second, third] }).compile({ checkpointer });
    expect((await failure(graph.invoke(says("go"), config))).message).toBe(`no ink [agent "second", phase "second"]`);
    expect((await graph.getState(config)).values.control.value).toBe("second");
    const state = await graph.invoke(null, config);
    expect(lines(state.messages)).toEqual(["user: go", "first: one", "second: two", "third: three"]);
    first.assertDone();
  });

  it("records a failure and goes on when not strict", async () => {
    const line = sequential({
      name: "line",
      strict: false,
      agents: [scriptedAgent("first", [new TypeError("no ink")]), scriptedAgent("second", ["two"])],
    });
    const state = await line.compile().invoke(says("go"));
    expect(line.results(state).map(({ phase, status, error }) => ({ phase, status, error }))).toEqual([
      { phase: "first", status: "failed", error: { name: "TypeError", message: "no ink" } },
      { phase: "second", status: "ok", error: undefined },
    ]);
    expect(state.control.done).toBe(true);
  });

  it("begins again with the next input, and forgets the results but not the words of before", async () => {
    const { checkpointer, config } = thread();
    const only = scriptedAgent("only", ["one", (turn) => `again, ${Object.keys(turn.results).length} results`]);
    const line = sequential({ name: "line", agents: [only] });
    const graph = line.compile({ checkpointer });
    await graph.invoke(says("go"), config);
    const state = await graph.invoke(says("and again"), config);
    expect(lines(state.messages)).toEqual(["user: go", "only: one", "user: and again", "only: again, 0 results"]);
    expect(state.control.episode).toBe(2);
  });

  it("refuses a second input when told so, and says what is legal", async () => {
    const { checkpointer, config } = thread();
    const graph = sequential({ name: "line", agents: [scriptedAgent("only", ["one"])], whenDone: "refuse" }).compile({ checkpointer });
    await graph.invoke(says("go"), config);
    expect(await failure(graph.invoke(says("again"), config))).toMatchObject({ name: "IllegalTransitionError", event: "INPUT", legal: [] });
    expect((await graph.getState(config)).values.messages).toHaveLength(2);
  });
});

describe("G3 limits", () => {
  it("a limit on phase runs ends the turn with an error that says where", async () => {
    const agents = ["a", "b", "c"].map((id) => scriptedAgent(id, ["x"]));
    const error = await failure(
      sequential({ name: "line", agents, limits: { steps: 2 } })
        .compile()
        .invoke(says("go")),
    );
    expect(error).toMatchObject({ name: "LoopLimitError", limit: 2, phase: "c" });
  });

  it("limits of the outermost orchestration hold in those it contains", async () => {
    let runs = 0;
    const busy = (id: string) => agent({ id, run: () => String((runs += 1)) });
    const inner = sequential({ name: "inner", agents: [busy("a"), busy("b"), busy("c"), busy("d")] });
    const middle = sequential({ name: "middle", agents: [inner] });
    const outer = sequential({ name: "outer", agents: [middle], limits: { steps: 4 } });
    expect(await failure(outer.compile().invoke(says("go")))).toMatchObject({ name: "BudgetExceededError", owner: "outer", limit: 4 });
    expect(runs).toBe(2); // the runs of "middle" and "inner" themselves are counted too
  });
});
