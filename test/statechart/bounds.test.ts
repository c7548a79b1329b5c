import { MemorySaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { assign, createMachine } from "xstate";
import {
  agent,
  defineOrchestration,
  handoff,
  IllegalTransitionError,
  parallel,
  pipeline,
  reply,
  send,
  sequential,
  type Turn,
} from "../../index.js";
import { verifyMachine } from "../../src/statechart/index.js";
import { failure, says } from "../patterns/says.js";

const config = { configurable: { thread_id: "1" } };
const end = { type: "final" } as const;

/** Two regions; `quick` leaves both by an event of any name, before the answer of `slow` is taken. */
const racing = (leaving: string, late: string) =>
  createMachine({
    initial: "race",
    context: { rounds: 0 },
    states: {
      race: {
        type: "parallel",
        on: { [leaving]: "again" },
        states: {
          quick: { initial: "run", states: { run: {} } },
          slow: { initial: "walk", states: { walk: { on: { [late]: "there" } }, there: end } },
        },
      },
      again: {
        on: {
          DONE: [
            {
              guard: ({ context }) => context.rounds < 15,
              target: "race",
              actions: assign({ rounds: ({ context }) => context.rounds + 1 }),
            },
            "end",
          ],
        },
      },
      end,
    },
  });

/** A team in which an answer comes too late in each of sixteen rounds. */
function lateTeam(late: string) {
  return defineOrchestration({
    name: "late",
    machine: racing("A_LEAVES", late),
    agents: {
      "race.quick.run": agent({ id: "a", run: () => send("A_LEAVES") }),
      "race.slow.walk": agent({ id: "b", run: () => send(late) }),
      again: agent({ id: "starter", run: () => "once more" }),
    },
  });
}

describe("what a thread keeps is bounded", () => {
  it("of refusals the newest ten are kept, and all are counted", async () => {
    const { control } = await lateTeam("LATE").compile().invoke(says("go"));
    expect(control).toMatchObject({ done: true, refusals: 16 });
    expect(control.refused).toHaveLength(10);
    expect(control.refused.every(({ event, why }) => event === "LATE" && why.includes("had been left before its agent answered"))).toBe(
      true,
    );
  });

  it("the name of a refused event is kept up to a hundred characters", async () => {
    const late = "L".repeat(5_000);
    const { control } = await lateTeam(late).compile().invoke(says("go"));
    expect(control.refused.at(-1)?.event).toBe("L".repeat(100));
    expect(control.last.event.length).toBeLessThanOrEqual(100);
  });

  it("the name of an event that is none is kept up to a hundred characters", async () => {
    const graph = lateTeam("LATE").compile({ checkpointer: new MemorySaver() });
    const error = await failure(graph.updateState(config, { control: { type: "X".repeat(5_000), meta: 7 } } as never));
    expect(error).toBeInstanceOf(IllegalTransitionError);
    expect((error as IllegalTransitionError).event).toBe("X".repeat(100));
  });

  it("of the trail the newest entries are kept, as many as `trailLimit` says", async () => {
    const line = sequential({ name: "line", trailLimit: 3, agents: ["a", "b", "c", "d", "e"].map((id) => agent({ id, run: () => id })) });
    const { control } = await line.compile().invoke(says("go"));
    expect(control.trail.map(({ by }) => by)).toEqual(["c", "d", "e"]);
    expect(control.trail.at(-1)?.seq).toBe(control.seq);
  });

  it("a context that would grow beyond 64 KB refuses the event, and stays as it was", async () => {
    const machine = createMachine({
      context: { notes: [] as string[] },
      initial: "open",
      states: {
        open: {
          tags: "waits",
          on: { NOTE: { actions: assign({ notes: ({ context, event }) => [...context.notes, String(event["text"])] }) } },
        },
      },
    });
    const graph = defineOrchestration({ name: "notes", machine, agents: {} }).compile({ checkpointer: new MemorySaver() });
    await graph.invoke(says("go"), config);
    const note = { control: { type: "NOTE", text: "x".repeat(30_000) } } as never;
    await graph.updateState(config, note);
    await graph.updateState(config, note);
    const error = await failure(graph.updateState(config, note));
    expect(error).toBeInstanceOf(IllegalTransitionError);
    expect((error as Error).message).toMatch(/the context it leads to is larger than 65536 bytes|the context it leads to .*65,?536/);
    const { values } = await graph.getState(config);
    expect((values.control.context["notes"] as string[]).map((text) => text.length)).toEqual([30_000, 30_000]);
  });
});

describe("what belongs to a place ends with it", () => {
  it("a handover is the receiver's until its phase is left, and not there when it is entered in another way", async () => {
    const heard: unknown[] = [];
    const listens = (turn: Turn) => void heard.push([turn.phase, turn.handover?.reason, turn.control.handover?.to]);
    const machine = createMachine({
      initial: "desk",
      context: { rounds: 0 },
      states: {
        desk: { on: { "HANDOFF.handling": "handling", DONE: "handling" } },
        handling: { on: { DONE: "check" } },
        check: {
          on: { DONE: [{ guard: ({ context }) => context.rounds === 0, target: "handling", actions: assign({ rounds: 1 }) }, "end"] },
        },
        end,
      },
    });
    const works = (id: string, next: () => ReturnType<typeof handoff> | string) =>
      agent({
        id,
        run: (turn) => {
          listens(turn as unknown as Turn); // of this team's phases, which the log does not ask for
          return next();
        },
      });
    const team = defineOrchestration({
      name: "team",
      machine,
      agents: {
        desk: works("desk", () => handoff("handling", { reason: "a parcel is broken" })),
        handling: works("handling", () => "handled"),
        check: works("check", () => "checked"),
      },
    });
    await team.compile().invoke(says("go"));
    expect(heard).toEqual([
      ["desk", undefined, undefined],
      ["handling", "a parcel is broken", "handling"],
      ["check", undefined, undefined],
      ["handling", undefined, undefined],
      ["check", undefined, undefined],
    ]);
  });

  it("a chart at its end takes no event, though its root has a transition for it", async () => {
    const machine = createMachine({ initial: "a", on: { REOPEN: ".a" }, states: { a: { on: { DONE: "end" } }, end } });
    const team = defineOrchestration({ name: "team", machine, agents: { a: agent({ id: "a", run: () => "done" }) } });
    const graph = team.compile({ checkpointer: new MemorySaver() });
    const { control } = await graph.invoke(says("go"), config);
    expect(control.done).toBe(true);
    expect(team.chart.step(control, { type: "REOPEN" })).toBeUndefined();
    const error = await failure(graph.updateState(config, { control: { type: "REOPEN" } } as never));
    expect(error).toMatchObject({ name: "IllegalTransitionError", message: expect.stringContaining("has reached its end") as unknown });
  });

  it("an agent that sends an input is refused each time, and its turn's limits are not set back", async () => {
    let turns = 0;
    const team = pipeline({
      name: "team",
      stages: [{ phase: "desk", agent: agent({ id: "clerk", run: () => ((turns += 1) > 3 ? reply("enough") : send("INPUT")) }) }],
      limits: { steps: 2 },
    });
    const error = await failure(team.compile().invoke(says("go")));
    expect(error).toMatchObject({ name: "IllegalTransitionError", message: expect.stringContaining("agents cannot send it") as unknown });
    expect(turns).toBe(1);
  });

  it("what a nested team did not achieve is the failure of its turn, not its success", async () => {
    const machine = createMachine({
      initial: "try",
      states: { try: { on: { DONE: "lost" } }, lost: { type: "final", tags: "failed" } },
    });
    const inner = defineOrchestration({ name: "inner", machine, agents: { try: agent({ id: "worker", run: () => "I could not." }) } });
    const outer = parallel({ name: "outer", branches: [inner, agent({ id: "other", run: () => "fine" })] });
    const state = await outer.compile().invoke(says("go"));
    expect(state.results["inner"]).toMatchObject({
      status: "failed",
      error: { message: expect.stringContaining('came to rest in "lost"') as unknown },
    });
    const strict = sequential({ name: "strict", agents: [inner, agent({ id: "deployer", run: () => "deployed" })] });
    expect(await failure(strict.compile().invoke(says("go")))).toMatchObject({ name: "TaskFailedError" });
  });
});

describe("state edits are tried first", () => {
  it("of several edits at once none is written when the last is refused", async () => {
    const line = sequential({ name: "line", agents: [agent({ id: "a", run: () => "x" })] });
    const checkpointer = new MemorySaver();
    const graph = line.compile({ checkpointer, interruptBefore: ["a"] });
    await graph.invoke(says("go"), config);
    const before = JSON.stringify(checkpointer.storage);
    const edits = [{ values: { control: { type: "DONE" } } }, { values: { control: { type: "DONE" } } }];
    const error = await failure(graph.bulkUpdateState(config, edits.map((edit) => ({ updates: [edit] })) as never));
    expect(error).toMatchObject({ name: "IllegalTransitionError" });
    expect(JSON.stringify(checkpointer.storage)).toBe(before);
  });
});

describe("verify knows when a join can be filled", () => {
  const region = (ends: boolean) =>
    ends ? { initial: "run", states: { run: { on: { GO: "over" } }, over: end } } : { initial: "run", states: { run: {} } };

  it("one region without an end keeps the others waiting, and is named", () => {
    const machine = createMachine({
      initial: "p",
      states: { p: { type: "parallel", states: { ends: region(true), stays: region(false) }, onDone: "end" }, end },
    });
    expect(verifyMachine(machine).findings.filter(({ code }) => code === "JOIN_NEVER_FILLS")).toMatchObject([
      { place: "p", message: 'region "stays" has no final state that is entered, so onDone never comes' },
    ]);
  });

  it.each([
    ["its own", { on: { STOP: "#end" } }, {}],
    ["the state around it", {}, { on: { STOP: "#end" } }],
  ])("regions that all end need no onDone where an event of %s leads out", (_whose, own, outer) => {
    const machine = createMachine({
      initial: "around",
      states: {
        around: { initial: "p", ...outer, states: { p: { type: "parallel", states: { a: region(true), b: region(true) }, ...own } } },
        end: { id: "end", type: "final" },
      },
    });
    expect(verifyMachine(machine).findings.filter(({ code }) => code === "JOIN_NEVER_FILLS")).toEqual([]);
  });

  it("regions that all end, with nothing that follows or leads out, are a fault", () => {
    const machine = createMachine({
      initial: "p",
      states: { p: { type: "parallel", states: { a: region(true), b: region(true) } }, end },
    });
    expect(verifyMachine(machine).findings.filter(({ code }) => code === "JOIN_NEVER_FILLS")).toMatchObject([
      { place: "p", message: "all regions end, and nothing follows" },
    ]);
  });
});
