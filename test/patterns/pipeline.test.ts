import { describe, expect, it } from "vitest";
import { agent, handoff, pipeline, reply, type Turn } from "../../index.js";
import { scriptedAgent, type TurnStep } from "../../testing/index.js";
import { failure, lines, says, thread } from "./says.js";

function support(scripts: Readonly<Record<"triage" | "handler" | "closer", readonly TurnStep[]>>, options: { maxReturns?: number } = {}) {
  const agents = {
    triage: scriptedAgent("triage", scripts.triage),
    handler: scriptedAgent("handler", scripts.handler),
    closer: scriptedAgent("closer", scripts.closer),
  };
  const orchestration = pipeline({
    name: "support",
    stages: [
      { phase: "intake", agent: agents.triage, next: "handling" },
      { phase: "handling", agent: agents.handler, next: "resolution", canReturnTo: ["intake", "handling"] },
      { phase: "resolution", agent: agents.closer },
    ],
    ...options,
  });
  return { orchestration, agents };
}

describe("B6 pipeline", () => {
  it("goes on by handoff, stays with the user until then, and can return", async () => {
    const { checkpointer, config } = thread();
    const { orchestration, agents } = support({
      triage: ["Which order?", handoff("handling", { summary: "order 42" }), handoff("handling")],
      handler: [(turn) => `On it: ${turn.handover?.summary}`, handoff("intake", { reason: "another order" }), handoff("resolution")],
      closer: ["Bye."],
    });
    const graph = orchestration.compile({ checkpointer });
    const answers: string[] = [];
    for (const words of ["Help!", "42", "No, 43"]) {
      const state = await graph.invoke(says(words), config);
      answers.push(`${state.control.waiting.join()}: ${state.messages.at(-1)?.text}`);
    }
    expect(answers).toEqual(["intake: Which order?", "handling: On it: order 42", "resolution: Bye."]);
    for (const one of Object.values(agents)) one.assertDone();
  });

  it("derives phaseMap and allowedTransitions from its stages", () => {
    const { orchestration } = support({ triage: [], handler: [], closer: [] });
    expect(orchestration.phaseMap).toEqual({ triage: "intake", handler: "handling", closer: "resolution" });
    expect(orchestration.allowedTransitions).toEqual({
      intake: ["handling"],
      handling: ["resolution", "intake", "handling"],
      resolution: [],
    });
    expect(orchestration.connects("handling", "intake")).toBe(true);
    expect(orchestration.connects("intake", "resolution")).toBe(false);
  });

  it("an agent that works in two phases is in phaseMap with the first", () => {
    const clerk = agent({ id: "clerk", run: () => "" });
    const { phaseMap } = pipeline({
      name: "office",
      stages: [
        { phase: "morning", agent: clerk, next: "evening" },
        { phase: "evening", agent: clerk },
      ],
    });
    expect(phaseMap).toEqual({ clerk: "morning" });
  });

  it("a handoff that the stages do not name is refused, also by the agent's name", async () => {
    for (const to of ["resolution", "closer", "intake", "nowhere"]) {
      const { orchestration } = support({ triage: [handoff(to)], handler: [], closer: [] });
      expect(await failure(orchestration.compile().invoke(says("hi")))).toMatchObject({
        name: "IllegalTransitionError",
        legal: ["HANDOFF.handling"],
      });
    }
  });

  it("after maxReturns the work only goes forward, until the user speaks again", async () => {
    const { checkpointer, config } = thread();
    const open: string[][] = [];
    const stubborn = (turn: Turn) => {
      const targets = turn.handoffs().map((handover) => handover.target);
      open.push(targets);
      return targets.includes("intake") ? handoff("intake") : reply("I keep it.");
    };
    const { orchestration, agents } = support(
      { triage: Array(5).fill(handoff("handling")) as TurnStep[], handler: Array(6).fill(stubborn) as TurnStep[], closer: [] },
      { maxReturns: 2 },
    );
    const graph = orchestration.compile({ checkpointer });
    await graph.invoke(says("go"), config);
    expect(open.map((targets) => targets.join())).toEqual(["resolution,intake,handling", "resolution,intake,handling", "resolution"]);
    await graph.invoke(says("go on"), config);
    expect(open[3]).toEqual(["resolution", "intake", "handling"]);
    agents.handler.assertDone();
  });

  it("with waits: false a reply is the work, and moves on to the end", async () => {
    const line = pipeline({
      name: "line",
      waits: false,
      stages: [
        { phase: "draft", agent: scriptedAgent("writer", ["text"]), next: "print" },
        { phase: "print", agent: scriptedAgent("printer", ["printed"]) },
      ],
    });
    const state = await line.compile().invoke(says("go"));
    expect(lines(state.messages)).toEqual(["user: go", "writer: text", "printer: printed"]);
    expect(state.control.done).toBe(true);
  });

  it("a stage that is its own next is repeated maxReturns times, and then ends", async () => {
    let runs = 0;
    const polisher = agent({ id: "polisher", run: () => reply("", { data: (runs += 1) }) });
    const state = await pipeline({
      name: "shine",
      waits: false,
      maxReturns: 3,
      stages: [{ phase: "polish", agent: polisher, next: "polish" }],
    })
      .compile()
      .invoke(says("go"));
    expect([runs, state.control.done]).toEqual([4, true]);
  });

  it("a supervisor sees every turn, and may send the work where the chart allows", async () => {
    const seen: string[] = [];
    const boss = agent({
      id: "boss",
      run: (turn: Turn) => {
        seen.push(`${turn.phase}: ${turn.messages.at(-1)?.text}`);
        return turn.phase === "intake" ? handoff("handling", { content: "Enough asked." }) : "";
      },
    });
    const line = pipeline({
      name: "support",
      supervisor: boss,
      stages: [
        { phase: "intake", agent: scriptedAgent("triage", ["Which order?"]), next: "handling" },
        { phase: "handling", agent: scriptedAgent("handler", ["On it."]) },
      ],
    });
    const state = await line.compile().invoke(says("hi"));
    expect(seen).toEqual(["intake: Which order?", "handling: On it."]);
    expect(lines(state.messages)).toEqual(["user: hi", "triage: Which order?", "boss: Enough asked.", "handler: On it."]);
  });

  it("a supervisor cannot send the work where the chart does not allow it", async () => {
    const boss = agent({ id: "boss", run: () => handoff("resolution") });
    const line = pipeline({
      name: "support",
      supervisor: boss,
      stages: [
        { phase: "intake", agent: scriptedAgent("triage", ["Which order?"]), next: "handling" },
        { phase: "handling", agent: scriptedAgent("handler", []), next: "resolution" },
        { phase: "resolution", agent: scriptedAgent("closer", []) },
      ],
    });
    expect(await failure(line.compile().invoke(says("hi")))).toMatchObject({ name: "IllegalTransitionError", event: "HANDOFF.resolution" });
  });
});
