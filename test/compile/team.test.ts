import { describe, expect, it } from "vitest";
import { createMachine } from "xstate";
import {
  agent,
  consensus,
  defineOrchestration,
  loop,
  mapReduce,
  pipeline,
  sequential,
  supervisor,
  swarm,
  teamOf,
  withTask,
  type Agent,
  type Team,
} from "../../index.js";

const idle = <const Id extends string>(id: Id): Agent<Id> => agent({ id, run: () => "Done." });
const pathsIn = (orchestration: Team): string[] =>
  teamOf(orchestration).map(({ path, as, agent: { id } }) => `${path.join("/")} ${as} ${id}`);

describe("G1 a whole team, seen from outside", () => {
  it("shows those in nested teams, in fan-outs, and those who look on, also behind what patterns put around them", () => {
    const inner = pipeline({ name: "inner", waits: false, supervisor: idle("boss"), stages: [{ phase: "draft", agent: idle("writer") }] });
    const fan = mapReduce({
      name: "fan",
      items: () => [1],
      mapper: sequential({ name: "two", agents: [idle("x"), idle("y")] }),
      concurrency: 3,
    });
    const team = sequential({
      name: "team",
      agents: [withTask(inner, "Write."), fan, supervisor({ name: "desk", supervisor: idle("lead"), workers: [idle("reader")] })],
    });
    expect(pathsIn(team)).toEqual([
      "inner phase inner",
      "inner/draft phase writer",
      "inner/draft/boss observer boss",
      "fan phase fan",
      "fan/map phase map",
      "fan/map/two worker two",
      "fan/map/two/x phase x",
      "fan/map/two/y phase y",
      "desk phase desk",
      "desk/lead phase lead",
      "desk/workers phase workers",
      "desk/workers/reader worker reader",
    ]);
    expect(teamOf(team).find(({ agent: { id } }) => id === "two")).toMatchObject({ most: 3 });
  });

  it("keeps what an agent says of itself", () => {
    const manifest = { sends: ["DONE"], brings: ["web"], estimate: { modelCalls: { min: 1, max: 3 } } };
    const search = agent({ id: "search", run: () => "Found.", manifest });
    expect(teamOf(consensus({ name: "jury", voters: [search, idle("b")] }))[0]?.agent.manifest).toEqual(manifest);
  });

  it("verify() tells what it finds in nested teams and among workers, each with the way there", () => {
    const machine = createMachine({
      initial: "x",
      states: { x: { on: { GO: "pit", DONE: "over" } }, pit: { on: { NEVER: "pit" } }, over: { type: "final" } },
    });
    const dead = defineOrchestration({ name: "dead", machine, agents: { x: idle("x"), pit: idle("p") } });
    const outer = sequential({ name: "outer", agents: [dead, mapReduce({ name: "fan", items: () => [1], mapper: dead })] });
    const places = outer
      .verify()
      .findings.filter(({ code }) => code === "DEAD_END")
      .map(({ place }) => place);
    expect(places).toEqual(["dead/pit", "fan/map/dead/pit"]);
    expect(() => outer.verify().assertOk()).toThrow(/dead\/pit/);
  });
});

describe("G10 the fingerprint of a chart", () => {
  const prints = (...orchestrations: readonly { readonly chart: { readonly fingerprint: string } }[]) =>
    new Set(orchestrations.map(({ chart }) => chart.fingerprint)).size;
  const agents = [idle("a"), idle("b")];

  it("tells limits apart", () => {
    expect(prints(...[5, 1].map((maxHandoffs) => swarm({ name: "m", agents, maxHandoffs })))).toBe(2);
    expect(prints(...[5, 1].map((maxIterations) => loop({ name: "l", producer: idle("p"), reviewers: agents, maxIterations })))).toBe(2);
    expect(prints(...[0.5, 0.9].map((threshold) => consensus({ name: "c", voters: agents, threshold })))).toBe(2);
  });

  it("changes with what is nested, with a fan-out's workers and with who looks on", () => {
    const nested = (max: number) =>
      sequential({ name: "outer", agents: [withTask(swarm({ name: "inner", agents, maxHandoffs: max }), "Go."), idle("z")] });
    expect(prints(nested(1), nested(2))).toBe(2);
    const fan = (mapper: Agent) => mapReduce({ name: "fan", items: () => [1], mapper });
    expect(prints(fan(idle("a")), fan(idle("b")), fan(nested(1)), fan(nested(2)))).toBe(4);
    const watched = (id: string) => pipeline({ name: "p", supervisor: idle(id), stages: [{ phase: "x", agent: idle("x") }] });
    expect(prints(watched("a"), watched("b"))).toBe(2);
  });

  it("stays when agents of the same ids take their places", () => {
    const team = sequential({ name: "outer", agents: [swarm({ name: "inner", agents }), idle("z")] });
    expect(team.withAgents((each) => each).chart.fingerprint).toBe(team.chart.fingerprint);
  });
});
