import { tool } from "@langchain/core/tools";
import { Command, MemorySaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { agent, handoff, human, magentic, magenticResult, send, sequential, type LedgerQuestion, type Turn } from "../../index.js";
import { callTool, KillableSaver, KilledError, scriptedAgent, scriptedModel } from "../../testing/index.js";
import { failure, lines, says, thread } from "./says.js";

const slot = <T>(answer: T, reason = "because") => ({ reason, answer });
/** A ledger: who is asked what, and how it goes. */
const round = (next: string, instruction: string, { satisfied = false, loop = false, progress = true } = {}) =>
  JSON.stringify({
    is_request_satisfied: slot(satisfied, satisfied ? "it is found" : "open"),
    is_in_loop: slot(loop),
    is_progress_being_made: slot(progress),
    next_speaker: slot(next),
    instruction_or_question: slot(instruction),
  });
const done = round("a", "", { satisfied: true });
const stuck = (next: string, instruction = "Again.") => round(next, instruction, { progress: false });

/** An orchestrator that answers its ledgers from a list, and keeps what it was asked. */
function leader(ledgers: readonly string[]) {
  const asked: LedgerQuestion[] = [];
  const queue = [...ledgers];
  const orchestrator = (question: LedgerQuestion) => {
    asked.push(question);
    if (question.purpose !== "progress") return `the ${question.purpose}`;
    const next = queue.shift();
    if (next === undefined) throw new Error("no ledger is left");
    return next;
  };
  const of = (purpose: LedgerQuestion["purpose"]) => asked.filter((question) => question.purpose === purpose);
  return { orchestrator, asked, of, left: queue };
}
const heard = (question: LedgerQuestion | undefined) => (question?.messages ?? []).map((message) => message.text).join("\n");
const echo = (id: string) =>
  agent({ id, description: `echoes as\n ${id}`, run: (turn: Turn) => `${id} did: ${turn.messages.at(-1)?.text}` });

describe("B11 Magentic-One", () => {
  it("surveys the facts, plans, asks whom the ledger names, and answers", async () => {
    const lead = leader([round("a", "Find it."), round("b", "Check it."), done]);
    const team = magentic({ name: "team", orchestrator: lead.orchestrator, team: [echo("a"), echo("b")] });
    const state = await team.compile().invoke(says("Where is it?"));
    expect(lead.asked.map(({ purpose }) => purpose)).toEqual(["facts", "plan", "progress", "progress", "progress", "answer"]);
    expect(lines(state.messages).map((line) => line.replace(/^(orchestrator: We are working)[\s\S]*/, "$1…"))).toEqual([
      "user: Where is it?",
      "orchestrator: We are working…",
      "orchestrator: Find it.",
      "a: a did: Find it.",
      "orchestrator: Check it.",
      "b: b did: Check it.",
      "orchestrator: the answer",
    ]);
    expect(state.messages[1]?.text).toMatch(/Where is it\?[\s\S]*a: echoes as a\nb: echoes as b[\s\S]*the facts[\s\S]*the plan/);
    expect(magenticResult(state)).toMatchObject({
      stop: "satisfied",
      reason: "it is found",
      rounds: 3,
      stalls: 0,
      resets: 0,
      facts: "the facts",
      plan: "the plan",
      answer: "the answer",
    });
    expect(heard(lead.of("progress")[2])).toMatch(/a: a did: Find it\.[\s\S]*b: b did: Check it\./);
  });

  it("works with a chat model, call by call, and tells it nothing in a system prompt", async () => {
    const model = scriptedModel(["the facts", "the plan", `\`\`\`json\n${round("a", "Find it.")}\n\`\`\``, done, "It is here."]);
    const state = await magentic({ name: "team", orchestrator: model, team: [scriptedAgent("a", ["found"])] })
      .compile()
      .invoke(says("Where?"));
    expect(state.messages.at(-1)?.text).toBe("It is here.");
    expect(model.calls.flatMap(({ messages }) => messages.filter((message) => message.getType() === "system"))).toEqual([]);
    model.assertDone();
  });

  it("killed between any two writes, it comes to the same ledgers, counters and answer", async () => {
    const scriptOf = { progress: [stuck("a", "One."), stuck("b", "Two."), round("b", "Three."), done] };
    const build = (saver: KillableSaver) =>
      magentic({
        name: "team",
        orchestrator: ({ purpose }, turn) =>
          purpose === "progress" ? (scriptOf.progress[Number(turn.control.context["rounds"])] ?? "") : `the ${purpose}`,
        team: [echo("a"), echo("b")],
        maxStalls: 2,
      }).compile({ checkpointer: saver, durability: "sync" });
    const config = { configurable: { thread_id: "1" } };
    const whole = new KillableSaver();
    const expected = await build(whole).invoke(says("x"), config);
    expect(magenticResult(expected)).toMatchObject({ stop: "satisfied", rounds: 4, resets: 1 });
    for (let writes = 0; writes < whole.stored; writes += 1) {
      const saver = new KillableSaver();
      saver.killAfter(writes);
      expect(await failure(build(saver).invoke(says("x"), config))).toBeInstanceOf(KilledError);
      saver.revive();
      const state = await build(saver).invoke((await saver.getTuple(config)) === undefined ? says("x") : null, config);
      expect(magenticResult(state)).toEqual(magenticResult(expected));
      expect(lines(state.messages)).toEqual(lines(expected.messages));
    }
  });

  it("a finished model call is not made again when a later one fails", async () => {
    const model = scriptedModel(["the facts", "the plan", "no ledger", new Error("down"), round("a", "Go."), done, "Here."]);
    const { checkpointer, config } = thread();
    const graph = magentic({ name: "team", orchestrator: model, team: [scriptedAgent("a", ["found"])] }).compile({
      checkpointer,
      durability: "sync",
    });
    expect((await failure(graph.invoke(says("Where?"), config))).message).toContain("down");
    expect((await graph.invoke(null, config)).messages.at(-1)?.text).toBe("Here.");
    model.assertDone();
  });

  describe("a ledger that cannot be used", () => {
    it("is asked for again, with what was wrong", async () => {
      const lead = leader(["I think a should go.", round("nobody", "Go."), round("a", "Go."), done]);
      const state = await magentic({ name: "team", orchestrator: lead.orchestrator, team: [echo("a"), echo("b")] })
        .compile()
        .invoke(says("x"));
      expect(lead.of("progress").map(({ attempt }) => attempt)).toEqual([0, 1, 2, 0]);
      expect(heard(lead.of("progress")[1])).toMatch(/I think a should go\.[\s\S]*no JSON object/);
      expect(heard(lead.of("progress")[2])).toContain('"nobody" is not in the team; choose one of: a, b');
      expect(magenticResult(state)).toMatchObject({ stop: "satisfied", rounds: 2, stalls: 0 });
    });

    it("counts as a stall when no attempt is left: neither the end, nor an error", async () => {
      const bad = ["?", round("nobody", "Go."), "{"];
      const lead = leader([...bad, ...bad, round("a", "Go."), done]);
      const graph = magentic({ name: "team", orchestrator: lead.orchestrator, team: [echo("a"), echo("b")] }).compile({
        checkpointer: new MemorySaver(),
      });
      const config = { configurable: { thread_id: "1" } };
      await graph.invoke(says("x"), config);
      const trail = (await graph.getState(config)).values.control.trail;
      expect(trail.map((entry: { event: string }) => entry.event)).toEqual([
        "DONE",
        "DONE",
        "UNUSABLE",
        "UNUSABLE",
        "ASK.a",
        "DONE",
        "SATISFIED",
        "DONE",
      ]);
      expect(lead.left).toEqual([]);
    });

    it("ledgers that are never usable end in a replan, then in an answer", async () => {
      const lead = leader(Array.from({ length: 4 }, () => "?"));
      const state = await magentic({
        name: "team",
        orchestrator: lead.orchestrator,
        team: [echo("a"), echo("b")],
        ledgerAttempts: 1,
        maxStalls: 2,
        maxResets: 1,
      })
        .compile()
        .invoke(says("x"));
      expect(magenticResult(state)).toMatchObject({
        stop: "stalled",
        rounds: 4,
        resets: 1,
        answer: "the answer",
        problem: expect.stringContaining("no JSON") as unknown,
      });
    });

    it('the text "false" does not finish a task', async () => {
      const lead = leader([round("a", "Go.").replace('"answer":false', '"answer":"false"'), done]);
      const state = await magentic({ name: "team", orchestrator: lead.orchestrator, team: [echo("a"), echo("b")] })
        .compile()
        .invoke(says("x"));
      expect(magenticResult(state)).toMatchObject({ stop: "satisfied", rounds: 2 });
    });
  });

  describe("stalls", () => {
    it("a loop stalls as well as no progress, and a round with progress takes one back", async () => {
      const loops = round("a", "Again.", { loop: true });
      const lead = leader([stuck("a"), loops, round("a", "Go."), stuck("a"), stuck("a"), done]);
      const state = await magentic({ name: "team", orchestrator: lead.orchestrator, team: [echo("a"), echo("b")] })
        .compile()
        .invoke(says("x"));
      expect(magenticResult(state)).toMatchObject({ stop: "satisfied", rounds: 6, resets: 1, stalls: 0 }); // 1 2 1 2 3 → new plan
    });

    it("a team that stalls every other round is stuck, though each round with progress takes one back", async () => {
      const lead = leader([stuck("a"), round("a", "Go."), stuck("a"), round("a", "Go."), stuck("a"), round("a", "Go."), stuck("a"), done]);
      const state = await magentic({ name: "team", orchestrator: lead.orchestrator, team: [echo("a"), echo("b")] })
        .compile()
        .invoke(says("x"));
      expect(magenticResult(state)).toMatchObject({ stop: "satisfied", rounds: 8, resets: 1, stallsOfPlan: 0 });
    });

    it("lead to new facts and a new plan made with the transcript, which is then cleared for everybody", async () => {
      const lead = leader([stuck("a", "First."), stuck("a", "Second."), round("b", "Third."), done]);
      const seen: string[] = [];
      const b = agent({ id: "b", run: (turn: Turn) => (seen.push(turn.messages.map(({ text }) => text).join("|")), "b is here") });
      const state = await magentic({ name: "team", orchestrator: lead.orchestrator, team: [echo("a"), b], maxStalls: 2 })
        .compile()
        .invoke(says("x"));
      expect(lead.asked.map(({ purpose }) => purpose)).toEqual([
        "facts",
        "plan",
        "progress",
        "progress",
        "facts",
        "plan",
        "progress",
        "progress",
        "answer",
      ]);
      for (const again of [lead.of("facts")[1], lead.of("plan")[1]]) expect(heard(again)).toContain("a: a did: First.");
      expect(heard(lead.of("facts")[1])).toContain("Rewrite the fact sheet");
      expect(heard(lead.of("plan")[1])).toContain("root cause");
      expect(heard(lead.of("progress")[2])).not.toContain("First.");
      expect(seen[0]).not.toContain("First.");
      expect(state.messages.some(({ text }) => text === "a did: First.")).toBe(true); // kept in the thread
      expect(state.messages.some(({ text }) => text === "Second.")).toBe(false); // nobody was asked
      expect(magenticResult(state)).toMatchObject({ resets: 1, stalls: 0, rounds: 4 });
    });

    it("after the last reset end in a model's answer that knows why", async () => {
      const lead = leader(Array.from({ length: 6 }, () => stuck("a")));
      const state = await magentic({
        name: "team",
        orchestrator: lead.orchestrator,
        team: [echo("a"), echo("b")],
        maxStalls: 2,
        maxResets: 2,
      })
        .compile()
        .invoke(says("x"));
      expect(magenticResult(state)).toMatchObject({ stop: "stalled", rounds: 6, resets: 2, answer: "the answer" });
      expect(heard(lead.of("answer")[0])).toContain("no plan led any further");
      expect(state.control.done).toBe(true);
    });
  });

  it("the instruction of a ledger that is satisfied is said to nobody", async () => {
    const lead = leader([round("a", "Nothing is left to do.", { satisfied: true })]);
    const state = await magentic({ name: "team", orchestrator: lead.orchestrator, team: [echo("a"), echo("b")] })
      .compile()
      .invoke(says("x"));
    expect(state.messages.some(({ text }) => text === "Nothing is left to do.")).toBe(false);
    expect(magenticResult(state)).toMatchObject({ stop: "satisfied", rounds: 1 });
  });

  it("maxRounds is the number of ledgers, and the last speaker is heard", async () => {
    const lead = leader([round("a", "One."), round("a", "Two."), round("a", "Three.")]);
    const state = await magentic({ name: "team", orchestrator: lead.orchestrator, team: [echo("a")], maxRounds: 3 })
      .compile()
      .invoke(says("x"));
    expect(magenticResult(state)).toMatchObject({ stop: "rounds", rounds: 3, answer: "the answer" });
    expect(heard(lead.of("answer")[0])).toMatch(/a did: Three\.[\s\S]*all rounds were used/);
  });

  it("more rounds need no other limit", async () => {
    const lead = leader([...Array.from({ length: 120 }, () => round("a", "Go on.")), done]);
    const orchestrator = (question: LedgerQuestion) => (question.purpose === "progress" ? (lead.left.shift() ?? "") : "…");
    const state = await magentic({ name: "team", orchestrator, team: [agent({ id: "a", run: () => "ok" })], maxRounds: 200 })
      .compile()
      .invoke(says("x"));
    expect(magenticResult(state)).toMatchObject({ stop: "satisfied", rounds: 121 });
  });

  it("D6 both ledgers stand in a checkpoint after every round, and are read from each", async () => {
    const lead = leader([round("a", "One."), stuck("b", "Two."), done]);
    const { checkpointer, config } = thread();
    const graph = magentic({ name: "team", orchestrator: lead.orchestrator, team: [echo("a"), echo("b")] }).compile({ checkpointer });
    await graph.invoke(says("x"), config);
    const stands: string[] = [];
    for await (const { values, next } of graph.getStateHistory(config)) {
      const { rounds, stalls, ledger } = magenticResult(values as Parameters<typeof magenticResult>[0]);
      stands.unshift(`${next.join()} ${rounds}/${stalls} ${ledger?.instruction_or_question.answer ?? "-"}`);
    }
    expect(stands.filter((stand) => /^[ab] /.test(stand))).toEqual(["a 1/0 One.", "b 2/1 Two."]);
    expect(stands).toEqual(
      expect.arrayContaining(["plan 0/0 -", "progress 0/0 -", "progress 1/0 One.", "progress 2/1 Two.", "answer 3/1 "]),
    );
  });

  it("a specialist that fails does not take the task down, and the ledger is told", async () => {
    const lead = leader([round("a", "Go."), round("b", "Go."), done]);
    const broken = scriptedAgent("a", [new Error("no network")]);
    const state = await magentic({ name: "team", orchestrator: lead.orchestrator, team: [broken, echo("b")] })
      .compile()
      .invoke(says("x"));
    expect(heard(lead.of("progress")[1])).toContain("a failed at its last turn: no network");
    expect(magenticResult(state).stop).toBe("satisfied");
  });

  it("a specialist that hands over, or sends what the chart does not know, has failed its turn and no more", async () => {
    const lead = leader([round("a", "Go."), round("b", "Go."), round("c", "Go."), done]);
    const team = [
      agent({ id: "a", run: () => handoff("b") }),
      agent({ id: "b", run: () => send("NONSENSE") }),
      agent({ id: "c", run: () => 17 as never }),
    ];
    const state = await magentic({ name: "team", orchestrator: lead.orchestrator, team }).compile().invoke(says("x"));
    expect(heard(lead.of("progress")[1])).toContain('a failed at its last turn: "HANDOFF.b" is not accepted in phase "a"');
    expect(heard(lead.of("progress")[2])).toContain('b failed at its last turn: "NONSENSE" is not accepted');
    expect(heard(lead.of("progress")[3])).toContain('c failed at its last turn: Agent "c" returned a number');
    expect(magenticResult(state)).toMatchObject({ stop: "satisfied", rounds: 4 });
  });

  it("another orchestration can be one of the team, and is asked again in the same task", async () => {
    const lead = leader([round("desk", "One."), round("desk", "Two."), done]);
    const desk = sequential({
      name: "desk",
      agents: [echo("first"), agent({ id: "second", run: (turn) => `then ${turn.messages.at(-1)?.text}` })],
    });
    const { checkpointer, config } = thread();
    await magentic({ name: "team", orchestrator: lead.orchestrator, team: [desk] })
      .compile({ checkpointer })
      .invoke(says("x"), config);
    expect(heard(lead.of("progress")[1])).toContain("then first did: One.");
    expect(heard(lead.of("progress")[2])).toContain("then first did: Two.");
  });

  it("two teams one after another: the second works on the same task, and knows the first one's answer", async () => {
    const [one, two] = [leader([round("a", "Go."), done]), leader([round("b", "Go."), done])];
    const teams = [
      magentic({ name: "one", orchestrator: one.orchestrator, team: [echo("a")] }),
      magentic({ name: "two", orchestrator: two.orchestrator, team: [echo("b")] }),
    ];
    await sequential({ name: "line", agents: teams }).compile().invoke(says("Where is it?"));
    expect(two.of("facts")[0]?.task).toContain("Where is it?");
    expect(heard(two.of("facts")[0])).toContain("the answer");
  });

  it("tools of a specialist are its own: the orchestrator hears of them, the others do not, and it keeps them itself", async () => {
    const look = tool(() => "42 pages", { name: "look", description: "looks", schema: z.object({ at: z.string() }) });
    const model = scriptedModel([callTool("look", { at: "shelf" }), "It has 42 pages.", "Still 42."]);
    const seen: string[][] = [];
    const other = agent({ id: "b", run: (turn: Turn) => (seen.push(turn.messages.map((message) => message.getType())), "fine") });
    const lead = leader([round("a", "Count."), round("b", "Check."), round("a", "Again."), done]);
    await magentic({ name: "team", orchestrator: lead.orchestrator, team: [agent({ id: "a", model, tools: [look] }), other] })
      .compile()
      .invoke(says("x"));
    expect(heard(lead.of("progress")[1])).toMatch(/\[calls look {"at":"shelf"}\][\s\S]*look gave: 42 pages[\s\S]*It has 42 pages\./);
    expect(seen).toEqual([["human", "human", "human", "human"]]);
    expect(model.calls[2]?.messages.map((message) => message.getType())).toEqual([
      "human",
      "human",
      "ai",
      "tool",
      "ai",
      "human",
      "human",
      "human",
    ]);
  });

  it("one instance does many tasks: each begins anew, and knows what was said before", async () => {
    const lead = leader([round("a", "First task."), done, round("a", "Second task."), done]);
    const { checkpointer, config } = thread();
    const graph = magentic({ name: "team", orchestrator: lead.orchestrator, team: [echo("a"), echo("b")] }).compile({ checkpointer });
    await graph.invoke(says("What is it?"), config);
    const state = await graph.invoke(says("And its size?"), config);
    expect(magenticResult(state)).toMatchObject({ stop: "satisfied", rounds: 2, resets: 0, task: "And its size?" });
    expect(heard(lead.of("facts")[1])).toMatch(/user: What is it\?\nthe answer\n/);
    expect(heard(lead.of("facts")[1])).not.toContain("First task.");
    expect(heard(lead.of("progress")[2])).not.toContain("First task.");
  });

  it("a person can be one of the team: the question is the instruction, and nothing is lost by asking", async () => {
    const lead = leader([round("a", "Begin."), round("boss", "Which one do you mean?"), done]);
    const { checkpointer, config } = thread();
    const graph = () =>
      magentic({ name: "team", orchestrator: lead.orchestrator, team: [echo("a"), human({ id: "boss" })] }).compile({ checkpointer });
    const parked = await graph().invoke(says("x"), config);
    expect(parked).toMatchObject({ __interrupt__: [{ value: { kind: "human", question: "Which one do you mean?" } }] });
    const state = await graph().invoke(new Command({ resume: "The red one." }), config);
    expect(heard(lead.of("progress")[2])).toMatch(/a did: Begin\.[\s\S]*boss: The red one\./);
    expect(magenticResult(state)).toMatchObject({ stop: "satisfied", rounds: 3 });
  });

  it("in another orchestration its answer is the final one", async () => {
    const lead = leader([round("a", "Go."), done]);
    const team = magentic({ name: "team", orchestrator: lead.orchestrator, team: [echo("a")] });
    const after = agent({ id: "after", run: (turn: Turn) => `heard ${turn.messages.at(-1)?.text}` });
    const state = await sequential({ name: "line", agents: [team, after] })
      .compile()
      .invoke(says("x"));
    expect(lines(state.messages)).toEqual(["user: x", "orchestrator: the answer", "after: heard the answer"]);
  });

  it("verify() has nothing to say about it, and its picture names the events", () => {
    const team = magentic({ name: "team", orchestrator: leader([]).orchestrator, team: [echo("a"), echo("b")] });
    expect(team.verify().findings).toEqual([]);
    expect(team.toMermaid()).toMatch(/STALLED\.b/);
  });

  it("a definition that cannot work says everything that is wrong", () => {
    const { orchestrator } = leader([]);
    expect(() => magentic({ name: "x", orchestrator, team: [], maxRounds: 0, maxResets: -1 })).toThrow(
      /NO_AGENTS[\s\S]*maxRounds[\s\S]*maxResets/,
    );
    expect(() => magentic({ name: "x", orchestrator, team: [echo("plan")] })).toThrow(/"plan" is given twice/);
    expect(() => magentic({ name: "x", orchestrator, team: [echo("orchestrator")] })).toThrow(/orchestrator/);
  });
});
