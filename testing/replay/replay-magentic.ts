import { magentic, type MagenticLimits } from "../../graphs/magentic.js";
import { magenticResult, type MagenticStop } from "../../graphs/magentic-result.js";
import { agent } from "../../nodes/agent.js";
import type { LedgerQuestion } from "../../nodes/orchestrator.js";
import type { Turn } from "../../src/agent/agent.js";
import { invariant } from "../../src/base/errors.js";
import type { BaseState } from "../../src/state/schema.js";
import { recordedAnswer, type MagenticLog, type RecordedRound } from "./magentic-log.js";

/** What our orchestration makes of one recorded round. */
export interface ReplayedRound {
  /** From 1. */
  readonly round: number;
  /** Where its ledger stands in the log's `history`, from 0. */
  readonly line: number;
  /** The recorded ledger is JSON as it stands. */
  readonly isJson: boolean;
  /** Why the ledger could not be used; it counts as a stall. */
  readonly problem: string | undefined;
  readonly isSatisfied: boolean;
  readonly isLoop: boolean;
  readonly isStall: boolean;
  /** Whom our orchestration asks when it follows the ledger, by id, and what. */
  readonly asks: { readonly speaker: string; readonly instruction: string } | undefined;
  /** That is what the recorded ledger says. */
  readonly agreed: boolean;
  /** With our limits: the stall counter after the round, and what follows; undefined after our limits have ended the run. */
  readonly stalls: number | undefined;
  readonly decision: "ask" | "again" | "replan" | "answer" | undefined;
}

/** What our orchestration makes of a recorded run. */
export interface MagenticReplay {
  readonly rounds: readonly ReplayedRound[];
  /** Recorded ledgers that are JSON as they stand. */
  readonly ledgers: number;
  /** Those of them whose next speaker and instruction ours follows, or whose end. */
  readonly agreed: number;
  /** Rounds that count as stalls: no progress, a loop, or a ledger that cannot be used. */
  readonly stalls: number;
  /** Ledgers that say the team is in a loop. */
  readonly loops: number;
  /** Rounds after which we make a new plan. */
  readonly replanAt: readonly number[];
  /** The round after which our limits end the run; undefined when the log is over before. */
  readonly stopAt: number | undefined;
  /** The limit that does. */
  readonly stop: Exclude<MagenticStop, "satisfied"> | undefined;
  /** Recorded rounds after it. */
  readonly roundsSaved: number;
}

interface Played {
  readonly event: string;
  readonly next: string | undefined;
  readonly stalls: number;
  readonly problem: string | undefined;
  readonly isLoop: boolean;
}

/** How far a run got through the log. */
interface Run {
  readonly played: readonly Played[];
  /** By round, from 0. */
  readonly asked: ReadonlyMap<number, { readonly speaker: string; readonly instruction: string }>;
  readonly stop: MagenticStop | undefined;
}

/**
 * Feeds a recorded run through the real orchestration, twice: once with no limit in the way, to see whether it follows every
 * recorded ledger, and once with the given limits, to see where it makes a new plan or stops. What a specialist would have
 * answered to another plan is not known: the recorded ledgers go on as they are.
 */
export async function replayMagentic(log: MagenticLog, limits: MagenticLimits = {}): Promise<MagenticReplay> {
  const all = log.rounds.length + 1;
  const followed = await run(log, { maxRounds: all, maxStalls: all, maxStallsPerPlan: all, maxResets: 0 });
  const limited = await run(log, limits);
  const rounds = log.rounds.map((recorded, index): ReplayedRound => {
    const { event = "", problem, isLoop = false } = followed.played[index] ?? {};
    const ours = limited.played[index];
    return {
      round: index + 1,
      line: recorded.line,
      isJson: recorded.json !== undefined,
      problem,
      isSatisfied: event === "SATISFIED",
      isLoop,
      isStall: event === "UNUSABLE" || event.startsWith("STALLED."),
      asks: followed.asked.get(index),
      agreed: recorded.json !== undefined && agrees(log, recorded, event, followed.asked.get(index)),
      stalls: ours?.stalls,
      decision: ours === undefined ? undefined : decisionOf(ours),
    };
  });
  const stop = limited.stop === "satisfied" ? undefined : limited.stop;
  const stopAt = stop === undefined ? undefined : limited.played.length;
  return {
    rounds,
    ledgers: rounds.filter(({ isJson }) => isJson).length,
    agreed: rounds.filter(({ agreed }) => agreed).length,
    stalls: rounds.filter(({ isStall }) => isStall).length,
    loops: rounds.filter(({ isLoop }) => isLoop).length,
    replanAt: rounds.filter(({ decision }) => decision === "replan").map(({ round }) => round),
    stopAt,
    stop,
    roundsSaved: stopAt === undefined ? 0 : log.rounds.length - stopAt,
  };
}

/** What the log itself says against what ours did; the log is read here without the reader of the orchestration. */
function agrees(
  log: MagenticLog,
  recorded: RecordedRound,
  event: string,
  asked: { speaker: string; instruction: string } | undefined,
): boolean {
  if (/^true$/i.test(String(recordedAnswer(recorded, "is_request_satisfied")))) return event === "SATISFIED";
  const speaker = plain(recordedAnswer(recorded, "next_speaker"));
  const instruction = recordedAnswer(recorded, "instruction_or_question");
  const member = log.team.find(({ id }) => id === asked?.speaker);
  return (
    member !== undefined && plain(member.name) === speaker && typeof instruction === "string" && asked?.instruction === instruction.trim()
  );
}

/** A name without what a model may write otherwise. */
const plain = (name: unknown): string =>
  String(name)
    .toLowerCase()
    .replace(/[\s_-]/g, "");

const DECISIONS: Readonly<Record<string, ReplayedRound["decision"]>> = { facts: "replan", answer: "answer", progress: "again" };
const decisionOf = ({ next }: Played): ReplayedRound["decision"] => DECISIONS[next ?? ""] ?? "ask";

const NO_REPLY = "(no reply was recorded)";
const CONTINUE = "Go on.";

/** Task after task through the compiled graph, until the log is over or a limit ends it. */
async function run(log: MagenticLog, limits: MagenticLimits): Promise<Run> {
  const played: Played[] = [];
  const asked = new Map<number, { speaker: string; instruction: string }>();
  let stop: MagenticStop | undefined;
  while (played.length < log.rounds.length && (stop === undefined || stop === "satisfied")) {
    stop = undefined;
    const before = played.length;
    let isOver = false;
    const graph = magentic({
      ...limits,
      name: "replay",
      orchestrator: (question, turn) => {
        const index = before + roundsOf(turn);
        if (question.purpose === "progress" && index >= log.rounds.length) {
          isOver = true;
          throw new Error("The log is over.");
        }
        return recordedWords(log, question.purpose, index);
      },
      team: log.team.map(({ id, description }) =>
        agent({
          id,
          description,
          run: (turn) => {
            const index = before + roundsOf(turn) - 1;
            asked.set(index, { speaker: id, instruction: turn.messages.at(-1)?.text ?? "" });
            return log.rounds[index]?.reply ?? NO_REPLY;
          },
        }),
      ),
    }).compile();
    const task = log.rounds[before]?.task ?? (before === 0 ? log.task : CONTINUE);
    try {
      for await (const state of await graph.stream({ messages: [{ role: "user", content: task }] }, { streamMode: "values" })) {
        const seen = playedIn(state as BaseState);
        if (seen !== undefined && played.length - before < seen.rounds) played.push(seen);
        stop = magenticResult(state as BaseState).stop;
      }
    } catch (error) {
      if (!isOver) throw error;
      return { played, asked, stop: undefined };
    }
    invariant(played.length > before, "a replayed task ended without a round");
  }
  return { played, asked, stop };
}

const roundsOf = (turn: Turn): number => Number(turn.control.context["rounds"]);

function recordedWords(log: MagenticLog, purpose: LedgerQuestion["purpose"], index: number): string {
  const round = log.rounds[index] ?? log.rounds.at(-1);
  switch (purpose) {
    case "facts":
      return round?.facts ?? "";
    case "plan":
      return round?.plan ?? "";
    case "progress":
      return round?.text ?? "";
    case "answer":
      return log.answer ?? "(no answer was recorded)";
  }
}

/** The round that a state is the end of. */
function playedIn(state: BaseState): (Played & { readonly rounds: number }) | undefined {
  const { last } = state.control;
  if (last.phase !== "progress") return undefined;
  const { rounds, stalls, problem, ledger } = magenticResult(state);
  return { rounds, stalls, problem, event: last.event, next: last.starts[0], isLoop: ledger?.is_in_loop.answer ?? false };
}
