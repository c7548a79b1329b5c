import { expect, it } from "vitest";
import { handoff, swarm, type Turn } from "../../index.js";
import { manualClock, scripted, scriptedAgent } from "../../testing/index.js";
import { restricted } from "../patterns/subjects.js";
import { failure, lines, says, thread } from "../patterns/says.js";

it("plays its script turn by turn and keeps the turns", async () => {
  const { checkpointer, config } = thread();
  const only = scriptedAgent("only", ["one", (turn) => `two: ${turn.messages.length}`, new Error("three")]);
  const graph = swarm({ name: "desk", agents: [only] }).compile({ checkpointer });
  await graph.invoke(says("a"), config);
  await graph.invoke(says("b"), config);
  expect((await failure(graph.invoke(says("c"), config))).message).toBe('three [agent "only", phase "only"]');
  expect(only.turns.map((turn) => turn.messages.length)).toEqual([1, 3, 5]);
  expect(lines((await graph.getState(config)).values.messages)).toEqual(["user: a", "only: one", "user: b", "only: two: 3", "user: c"]);
  only.assertDone();
});

it("fails on a turn too many, at once and in the end", async () => {
  const only = scriptedAgent("only", []);
  const message = 'scriptedAgent "only": turn 1 was not expected, the script has 0 steps.';
  expect(
    (
      await failure(
        swarm({ name: "desk", agents: [only] })
          .compile()
          .invoke(says("a")),
      )
    ).message,
  ).toBe(`${message} [agent "only", phase "only"]`);
  expect(() => only.assertDone()).toThrow(message);
});

it("fails in the end on turns that never came, and at once on an id that is none", () => {
  expect(() => scriptedAgent("only", ["a", "b"]).assertDone()).toThrow('scriptedAgent "only": 2 of 2 steps were not used.');
  expect(() => scriptedAgent("not an id", [])).toThrow('scriptedAgent: "not an id" is no agent id.');
});

it("scripted() keeps the chart, the ids and the threads of an orchestration, and replaces who works", async () => {
  const { checkpointer, config } = thread();
  const played = scripted(restricted, (turn: Turn) => (turn.phase === "b" ? handoff("c") : `${turn.agent} in ${turn.phase}`));
  expect(played.chart.fingerprint).toBe(restricted.chart.fingerprint);
  const state = await played.compile({ checkpointer }).invoke(says("hi"), config);
  expect(state.messages.at(-1)?.text).toBe("c in c");
  expect((await restricted.compile({ checkpointer }).invoke(says("and now?"), config)).messages.at(-1)?.text).toBe("Done.");
});

it("an agent that works in two phases is asked for once", () => {
  const asked: string[] = [];
  restricted.withAgents((agent) => {
    asked.push(agent.id);
    return agent;
  });
  expect(asked).toEqual(["a", "b", "c"]);
});

it("a manual clock stands still, goes on when told, and counts its ids", () => {
  const clock = manualClock(1_000, "x");
  expect([clock.now(), clock.now(), clock.id(), clock.id()]).toEqual([1_000, 1_000, "x1", "x2"]);
  clock.advance(500);
  expect(clock.now()).toBe(1_500);
  expect(() => clock.advance(-1)).toThrow(RangeError);
  expect(() => clock.advance(Number.NaN)).toThrow(RangeError);
});

it("two runs with a manual clock store the same", async () => {
  const store = async () => {
    const { checkpointer, config } = thread();
    const graph = swarm({ name: "desk", agents: [scriptedAgent("a", ["hi"])] }).compile({ checkpointer, clock: manualClock() });
    return JSON.stringify(await graph.invoke(says("hi"), config));
  };
  expect(await store()).toBe(await store());
});
