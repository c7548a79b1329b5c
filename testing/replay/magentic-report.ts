import type { MagenticLog, UnusedLine } from "./magentic-log.js";
import type { MagenticReplay, ReplayedRound } from "./replay-magentic.js";

/** A replayed run, as `npm run replay:magentic -- … --json` writes it. */
export interface MagenticRunSummary {
  readonly file: string;
  readonly rounds: number;
  readonly ledgers: number;
  readonly agreed: number;
  readonly stalls: number;
  readonly loops: number;
  readonly replanAt: readonly number[];
  readonly stopAt: number | null;
  readonly roundsSaved: number;
  readonly unused: readonly UnusedLine[];
}

/** A run in plain JSON. */
export function magenticSummary(file: string, log: MagenticLog, replay: MagenticReplay): MagenticRunSummary {
  const { ledgers, agreed, stalls, loops, replanAt, stopAt = null, roundsSaved } = replay;
  return { file, rounds: replay.rounds.length, ledgers, agreed, stalls, loops, replanAt, stopAt, roundsSaved, unused: log.unused };
}

const MAX_WORDS = 60;

/** A run round by round, in words for a terminal. */
export function magenticReport(file: string, log: MagenticLog, replay: MagenticReplay): string {
  const { rounds, ledgers, agreed, stalls, loops, replanAt, stopAt, stop, roundsSaved } = replay;
  const names = new Map(log.team.map(({ id, name }) => [id, name]));
  return [
    `${file}: ${counted(rounds.length, "round")}; the record ${ENDS[log.end]}`,
    ...rounds.map((round) => line(round, names)),
    `  ${agreed} of ${counted(ledgers, "ledger")} in JSON followed; ${counted(stalls, "stall")}, ${counted(loops, "loop")}; ` +
      `new plans after ${replanAt.length === 0 ? "no round" : replanAt.join(", ")}; ` +
      (stopAt === undefined ? "no limit ends it" : `ended by its limits (${stop}) after ${stopAt}, ${counted(roundsSaved, "round")} saved`),
    ...(log.unused.length === 0
      ? ["  every line was used"]
      : log.unused.map(({ line: at, role, why }) => `  line ${at} (${role || "no role"}) was not used: ${why}`)),
  ].join("\n");
}

const ENDS: Readonly<Record<MagenticLog["end"], string>> = {
  satisfied: "was satisfied",
  replans: "had used its plans",
  rounds: "had used its rounds",
  time: "had used its time",
  cut: "breaks off",
};

function line(round: ReplayedRound, names: ReadonlyMap<string, string>): string {
  const who = round.isSatisfied ? "satisfied" : round.asks === undefined ? "nobody" : (names.get(round.asks.speaker) ?? round.asks.speaker);
  const what = round.asks === undefined ? (round.problem ?? "") : round.asks.instruction;
  const isCounted = round.decision === "ask" || round.decision === "again"; // a new plan sets the counter back
  const marks = [
    ...(round.isJson ? (round.agreed ? [] : ["not followed"]) : ["no JSON"]),
    ...(round.isLoop ? ["loop"] : []),
    ...(round.isStall ? [isCounted ? `stall ${round.stalls}` : "stall"] : []),
    ...(round.decision === undefined ? ["saved"] : round.decision === "ask" ? [] : [DECISIONS[round.decision]]),
  ];
  return `  ${String(round.round).padStart(3)}  ${who.padEnd(16)} ${shorten(what).padEnd(MAX_WORDS)}  ${marks.join(", ")}`.trimEnd();
}

const DECISIONS = { again: "asked again next round", replan: "NEW PLAN", answer: "FINAL ANSWER" } as const;

const shorten = (text: string): string => {
  const words = text.replace(/\s+/g, " ").trim();
  return words.length <= MAX_WORDS ? words : `${words.slice(0, MAX_WORDS - 1)}…`;
};
const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** Runs as a Markdown table with a sum in its last line. */
export function magenticTable(
  runs: readonly { readonly name: string; readonly log: MagenticLog; readonly replay: MagenticReplay }[],
): string {
  const rows = runs.map(({ name, log, replay }) => [
    name,
    replay.rounds.length,
    `${replay.agreed} of ${replay.ledgers}`,
    replay.stalls,
    replay.loops,
    log.rounds.flatMap(({ replanned }, index) => (replanned ? [index + 1] : [])).join(", "),
    ENDS[log.end],
    replay.replanAt.join(", "),
    replay.stopAt ?? "",
    replay.roundsSaved,
  ]);
  const sum = (pick: (replay: MagenticReplay) => number) => runs.reduce((total, { replay }) => total + pick(replay), 0);
  const total = [
    "all",
    sum(({ rounds }) => rounds.length),
    `${sum(({ agreed }) => agreed)} of ${sum(({ ledgers }) => ledgers)}`,
    sum(({ stalls }) => stalls),
    sum(({ loops }) => loops),
    "",
    "",
    "",
    "",
    sum(({ roundsSaved }) => roundsSaved),
  ];
  const head = [
    "run",
    "rounds",
    "ledgers followed",
    "stalls",
    "loops",
    "record: new plan after",
    "record",
    "ours: new plan after",
    "ours: stop after",
    "rounds saved",
  ];
  return [head, head.map(() => "---"), ...rows, total].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
