import { InvalidRequestError } from "../../src/base/errors.js";
import { recordedAnswer, type MagenticLog, type RecordedRound } from "./magentic-log.js";

/** What a round decides otherwise; what is left out stays as recorded. */
export interface SwappedDecision {
  readonly isSatisfied?: boolean;
  readonly isLoop?: boolean;
  readonly isProgress?: boolean;
  /** A member's id or name. */
  readonly speaker?: string;
  readonly instruction?: string;
}

/**
 * The same run with another decision in one round (from 1), for a counterfactual replay: the rest of the log stays, but the words of
 * somebody who was not asked are gone.
 * @throws InvalidRequestError when there is no such round, its ledger is no JSON, or the speaker is not in the team.
 */
export function swapDecision(log: MagenticLog, round: number, decision: SwappedDecision): MagenticLog {
  const recorded = log.rounds[round - 1];
  if (recorded?.json === undefined) {
    const problem = recorded === undefined ? `the log has ${log.rounds.length} rounds` : "its ledger is no JSON";
    throw new InvalidRequestError(`Round ${round}`, problem, "a round with a ledger");
  }
  const member = log.team.find(({ id, name }) => id === decision.speaker || name === decision.speaker);
  if (decision.speaker !== undefined && member === undefined) {
    const names = log.team.map(({ name }) => name).join(", ");
    throw new InvalidRequestError(`The speaker "${decision.speaker}"`, "it is not in the team", `one of ${names}`);
  }
  const answers = {
    is_request_satisfied: decision.isSatisfied,
    is_in_loop: decision.isLoop,
    is_progress_being_made: decision.isProgress,
    next_speaker: member?.name,
    instruction_or_question: decision.instruction,
  };
  const changed = Object.entries(answers).flatMap(([key, answer]) =>
    answer === undefined ? [] : [[key, { reason: "swapped", answer }] as const],
  );
  const json = { ...recorded.json, ...Object.fromEntries(changed) };
  const isSame = decision.instruction === undefined && (member === undefined || member.name === recordedAnswer(recorded, "next_speaker"));
  const swapped: RecordedRound = {
    ...recorded,
    json,
    text: JSON.stringify(json),
    ...(isSame ? {} : { asked: undefined, reply: undefined }),
  };
  return { ...log, rounds: log.rounds.map((other) => (other === recorded ? swapped : other)) };
}
