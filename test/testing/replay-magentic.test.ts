import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { magenticReport, magenticSummary, magenticTable, readMagenticLog, replayMagentic, swapDecision } from "../../testing/index.js";
import { runs } from "../runs.js";

const FOLDER = join(import.meta.dirname, "../fixtures/magentic-one");
const files = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".json"))
  .sort((one, other) => Number.parseInt(one) - Number.parseInt(other));
const textOf = (file: string) => readFileSync(join(FOLDER, file), "utf8");
const replays = await Promise.all(
  files.map(async (file) => {
    const log = readMagenticLog(textOf(file));
    return { file, name: file.replace(".json", ""), log, replay: await replayMagentic(log) };
  }),
);

interface Slots {
  readonly [slot: string]: { readonly answer: unknown };
}
/** The ledgers of a run that are JSON, read here by nothing but JSON.parse. */
function ledgersIn(file: string): Slots[] {
  const { history } = JSON.parse(textOf(file)) as { history: { content: string }[] };
  return history.flatMap(({ content }) => {
    if (!content.startsWith("Updated Ledger:")) return [];
    try {
      return [JSON.parse(content.slice("Updated Ledger:".length)) as Slots];
    } catch {
      return [];
    }
  });
}

const round = (next: string, instruction: string, { satisfied = false, loop = false, progress = true } = {}) => {
  const ledger = {
    is_request_satisfied: { reason: "r", answer: satisfied },
    is_in_loop: { reason: "r", answer: loop },
    is_progress_being_made: { reason: "r", answer: progress },
    next_speaker: { reason: "r", answer: next },
    instruction_or_question: { reason: "r", answer: instruction },
  };
  return [thought(`Updated Ledger:\n${JSON.stringify(ledger, null, 2)}`), ...(satisfied ? [thought("Request satisfied.")] : [])];
};
const thought = (content: string) => ({ role: "Orchestrator (thought)", content });
const plan = thought(
  "Initial plan:\n\nTo answer this request we have assembled the following team:\n\nWeb Surfer: browses\nCoder: codes\n\n\n\nHere is an initial fact sheet to consider:\n\nNothing.\n\n\nHere is the plan to follow as best as possible:\n\n- Look.",
);
const human = { role: "human", content: "Where is it?" };
const asks = (name: string, instruction: string) => [
  { role: `Orchestrator (-> ${name})`, content: instruction },
  { role: name, content: `${name} replies` },
];
const replayed = async (...history: readonly unknown[]) => {
  const log = readMagenticLog({ history });
  return { log, replay: await replayMagentic(log) };
};

describe("G4 replay of recorded Magentic-One runs", () => {
  it("there are 19 of them, and every line of each has a use", () => {
    expect(replays.length).toBe(19);
    for (const { log } of replays) expect(log.unused).toEqual([]);
  });

  it.each(replays)("$file: every recorded ledger leads to the recorded speaker and instruction", ({ file, log, replay }) => {
    const recorded = ledgersIn(file);
    expect(replay.ledgers).toBe(recorded.length);
    expect(replay.agreed).toBe(recorded.length);
    expect(replay.rounds.map(({ isSatisfied, asks: ours }) => (isSatisfied ? "satisfied" : ours))).toEqual(
      recorded.map((slots) =>
        slots["is_request_satisfied"]?.answer === true
          ? "satisfied"
          : { speaker: slots["next_speaker"]?.answer, instruction: String(slots["instruction_or_question"]?.answer).trim() },
      ),
    );
    for (const [index, { asked, line }] of log.rounds.entries())
      // what the record then did, on its own lines
      if (asked !== undefined) expect(replay.rounds[index]).toMatchObject({ line, asks: { speaker: asked.speaker } });
    expect(replay.loops).toBe(recorded.filter((slots) => slots["is_in_loop"]?.answer === true).length);
  });

  it.each(replays.filter(({ log }) => log.rounds.some(({ replanned }) => replanned) || log.end === "replans"))(
    "$file: a run that was stalled is replanned or stopped by our limits, no later than the record did",
    ({ log, replay }) => {
      const first = log.rounds.findIndex(({ replanned }) => replanned) + 1;
      expect(replay.replanAt[0]).toBeLessThanOrEqual(first);
      if (log.end === "replans") expect(replay.stopAt).toBeLessThan(log.rounds.length);
    },
  );

  it.each(replays.filter(({ log }) => log.end === "satisfied"))("$file: a run that came to an answer is not stopped", ({ replay }) => {
    expect(replay).toMatchObject({ stopAt: undefined, roundsSaved: 0 });
    expect(replay.rounds.at(-1)).toMatchObject({ isSatisfied: true, decision: "answer" });
  });

  it("rounds saved are those after the stop, which our orchestration never sees", () => {
    for (const { log, replay } of replays) {
      expect(replay.roundsSaved).toBe(replay.stopAt === undefined ? 0 : log.rounds.length - replay.stopAt);
      expect(replay.rounds.filter(({ decision }) => decision === undefined).length).toBe(replay.roundsSaved);
    }
    expect(replays.reduce((sum, { replay }) => sum + replay.roundsSaved, 0)).toBeGreaterThan(20);
  });

  it("stricter limits stop earlier", async () => {
    const [long] = replays.filter(({ name }) => name === "36");
    const strict = await replayMagentic(long!.log, { maxRounds: 5 });
    expect(strict).toMatchObject({ stopAt: 5, stop: "rounds", roundsSaved: 18, agreed: 23 });
    const [stalling] = replays.filter(({ name }) => name === "30");
    expect(await replayMagentic(stalling!.log, { maxStalls: 1, maxResets: 0 })).toMatchObject({ stop: "stalled", stopAt: 5, replanAt: [] });
  });

  it("the table in docs/magentic.md is what the replay gives now", () => {
    expect(readFileSync(join(import.meta.dirname, "../../docs/magentic.md"), "utf8")).toContain(`\n${magenticTable(replays)}\n`);
  });
});

describe("G4 counterfactuals: one decision swapped, the rest replayed", () => {
  const recorded = replays.find(({ name }) => name === "30")!;

  it("another speaker is asked, and what follows is counted again", async () => {
    const swapped = swapDecision(recorded.log, 5, { speaker: "Assistant", instruction: "Think.", isLoop: false, isProgress: true });
    const replay = await replayMagentic(swapped);
    expect(replay.rounds[4]).toMatchObject({ asks: { speaker: "Assistant", instruction: "Think." }, isStall: false, agreed: true });
    expect(recorded.replay.replanAt[0]).toBe(7);
    expect(replay.replanAt[0]).toBe(8);
    expect(replay.agreed).toBe(recorded.replay.agreed);
  });

  it("a run that is taken to be satisfied ends there, and one that is not goes on", async () => {
    expect((await replayMagentic(swapDecision(recorded.log, 3, { isSatisfied: true }))).rounds[2]).toMatchObject({
      isSatisfied: true,
      decision: "answer",
    });
    const done = replays.find(({ name }) => name === "6")!;
    expect((await replayMagentic(swapDecision(done.log, 2, { isSatisfied: false }))).rounds[1]).toMatchObject({
      decision: "ask",
      asks: { speaker: "Assistant" },
    });
  });

  it("only a decision that is legal can take the place of another", () => {
    expect(() => swapDecision(recorded.log, 5, { speaker: "Stranger" })).toThrow(
      "one of Assistant, ComputerTerminal, FileSurfer, WebSurfer",
    );
    expect(() => swapDecision(recorded.log, 99, {})).toThrow("the log has 31 rounds");
  });
});

describe("G4 logs of the same format, with the faults that such logs have", () => {
  it("a ledger that is no JSON counts as a round and a stall, and the run goes on", async () => {
    const { replay } = await replayed(
      human,
      plan,
      ...round("Coder", "One."),
      ...asks("Coder", "One."),
      thought("Updated Ledger:\n{ broken"),
      ...round("Coder", "Two."),
      ...asks("Coder", "Two."),
    );
    expect(replay).toMatchObject({ ledgers: 2, agreed: 2, stalls: 1 });
    expect(replay.rounds[1]).toMatchObject({
      isJson: false,
      problem: expect.stringContaining("JSON") as unknown,
      asks: undefined,
      decision: "again",
    });
  });

  it("a fenced ledger is followed, but is no JSON as it stands", async () => {
    const [{ content } = { content: "" }] = round("Coder", "One.");
    const { replay } = await replayed(human, plan, thought(content.replace("Ledger:\n", "Ledger:\n```json\n") + "\n```"));
    expect(replay).toMatchObject({ ledgers: 0, agreed: 0, stalls: 0 });
    expect(replay.rounds[0]?.asks).toEqual({ speaker: "Coder", instruction: "One." });
  });

  it("a speaker who is not in the team is not followed, and nobody else is asked", async () => {
    const { replay } = await replayed(human, plan, ...round("Stranger", "One."), ...round("Coder", "Two."));
    expect(replay).toMatchObject({ ledgers: 2, agreed: 1, stalls: 1 });
    expect(replay.rounds[0]).toMatchObject({
      asks: undefined,
      problem: expect.stringContaining('"Stranger" is not in the team') as unknown,
    });
  });

  it("names that cannot be ids are found all the same, and names that are ours do not clash", async () => {
    const { log, replay } = await replayed(
      human,
      plan,
      ...round("Web Surfer", "One."),
      ...asks("Web Surfer", "One."),
      ...asks("plan", "x"),
      ...round("plan", "Two."),
      ...asks("plan", "Two."),
    );
    expect(log.team.map(({ id, name }) => `${name}=${id}`)).toEqual(["Web Surfer=Web_Surfer", "Coder=Coder", "plan=plan_2"]);
    expect(replay.rounds[0]?.agreed).toBe(true);
  });

  it("a name in another case is followed, and so is true in quotes", async () => {
    const quoted = thought(round("Coder", "", { satisfied: true })[0]!.content.replace('"answer": true', '"answer": "true"'));
    const { replay } = await replayed(human, plan, ...round("web surfer", "One."), ...asks("Web Surfer", "One."), quoted);
    expect(replay).toMatchObject({ ledgers: 2, agreed: 2 });
    expect(replay.rounds[1]?.isSatisfied).toBe(true);
  });

  it("a second task in one log begins anew", async () => {
    const again = { role: "human", content: "And then?" };
    const stuck = { loop: true };
    const { log, replay } = await replayed(
      human,
      plan,
      ...round("Coder", "a", stuck),
      ...round("Coder", "b", stuck),
      ...round("Coder", "", { satisfied: true }),
      again,
      ...round("Coder", "c", stuck),
      ...round("Coder", "", { satisfied: true }),
    );
    expect(log.rounds[3]?.task).toBe("And then?");
    expect(replay).toMatchObject({ agreed: 5, loops: 3, replanAt: [], stopAt: undefined });
    expect(replay.rounds[3]?.stalls).toBe(1);
  });

  it("says of every line that it cannot use why", async () => {
    const { log, replay } = await replayed(
      { role: "WebSurfer", content: "too early" },
      human,
      plan,
      { role: "Orchestrator (-> Coder)", content: "too early" },
      ...round("Coder", "One."),
      ...asks("Coder", "One."),
      { role: "Web Surfer", content: "nobody asked me" },
      thought("Something went wrong."),
      { role: "Orchestrator (dreaming)", content: "…" },
      { role: "Orchestrator (-> Coder)", content: "again" },
      human,
      { role: "Coder", content: [{ type: "image" }] },
      "a text",
      null,
    );
    expect(replay).toMatchObject({ ledgers: 1, agreed: 1 });
    expect(log.unused.map(({ line, why }) => `${line}: ${why}`)).toEqual([
      "0: words before the first ledger",
      "3: an instruction before the first ledger",
      "7: words of somebody who was not asked in this round",
      "8: a thought that is no plan, no ledger and no note of either",
      "9: a role of the orchestrator that this format does not have",
      "10: a second instruction in one round",
      "11: words of the person in the middle of a task",
      "12: it is not of the form { role, content } with two texts",
      "13: it is not of the form { role, content } with two texts",
      "14: it is not of the form { role, content } with two texts",
    ]);
    expect(magenticReport("x.json", log, replay)).toContain(
      "line 7 (Web Surfer) was not used: words of somebody who was not asked in this round",
    );
  });

  it("whatever is cut, doubled, moved or garbled in a log, it is replayed or refused, and the counts fit", async () => {
    const { history } = JSON.parse(textOf("18.json")) as { history: { role: string; content: string }[] };
    const position = fc.nat(history.length - 1);
    const change = fc.oneof(
      fc.record({ kind: fc.constant("cut"), at: position, to: position }),
      fc.record({ kind: fc.constant("double"), at: position, to: position }),
      fc.record({ kind: fc.constant("move"), at: position, to: position }),
      fc.record({ kind: fc.constant("garble"), at: position, to: fc.nat(2_000) }),
      fc.record({ kind: fc.constant("rename"), at: position, to: position }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const mixed = structuredClone(history);
        for (const { kind, at, to } of changes) {
          const [entry] = mixed.slice(at, at + 1);
          if (entry === undefined) continue;
          if (kind === "cut") mixed.splice(at, 1 + (to % 3));
          else if (kind === "double") mixed.splice(to, 0, { ...entry });
          else if (kind === "move") mixed.splice(to, 0, ...mixed.splice(at, 1));
          else if (kind === "garble") entry.content = `${entry.content.slice(0, to)}\u0000{"${entry.content.slice(to + 1)}`;
          else entry.role = mixed[to]?.role ?? "?";
        }
        const isLog = mixed.some(
          ({ role, content }) => role === "Orchestrator (thought)" && /^(Updated Ledger|Initial plan|New plan):/.test(content),
        );
        if (!isLog) return;
        const { log, replay } = await replayed(...mixed);
        expect(replay.rounds.length).toBe(log.rounds.length);
        expect(replay.agreed).toBeLessThanOrEqual(replay.ledgers);
        expect(replay.ledgers).toBeLessThanOrEqual(replay.rounds.length);
        expect(
          replay.rounds.every(({ isSatisfied, asks: asked, problem }) => isSatisfied || asked !== undefined || problem !== undefined),
        ).toBe(true);
        expect(replay.roundsSaved).toBe(replay.rounds.filter(({ decision }) => decision === undefined).length);
      }),
      { numRuns: runs(6, 60) },
    );
  });

  it("a plan without a ledger is a run of no rounds; a bare list is a history; a member is not needed", async () => {
    expect((await replayed(human, plan)).replay).toMatchObject({ rounds: [], ledgers: 0, agreed: 0, stopAt: undefined });
    const alone = readMagenticLog([human, ...round("Coder", "One.")]);
    expect(await replayMagentic(alone)).toMatchObject({ rounds: [{ isJson: true }] });
    expect(magenticSummary("x", alone, await replayMagentic(alone))).toMatchObject({ rounds: 1, stopAt: null, roundsSaved: 0 });
  });

  it.each([
    ["", "it is empty"],
    ["   ", "it is empty"],
    ["no json", "it is not JSON"],
    ["{}", "it has no history"],
    ['{"history":{}}', "it has no history"],
    ['{"history":[]}', "its history is empty"],
    ["[]", "its history is empty"],
    ["17", "it has no history"],
    ['[{"role":"user","content":"hello"}]', "it has neither a plan nor a ledger"],
  ])("%j is no log: %s", (text, why) => {
    expect(() => readMagenticLog(text)).toThrow(`The log: ${why}`);
    expect(() => readMagenticLog(text)).toThrow("expected a recorded Magentic-One run");
  });
});
