import { z } from "zod";
import type { Turn } from "../src/agent/agent.js";
import { send, type Outcome } from "../src/agent/outcome.js";
import { anything, maybe, requireForm, shape, text } from "../src/base/form.js";
import { InvalidRequestError } from "../src/base/errors.js";
import { sameChoice } from "../src/voting/tally.js";

/** What a voter fills in: `agent({ id, model, output: Ballot })` is a voter. */
export const Ballot = z.object({
  choice: z.string().nullable().describe("what you vote for, in as few words as possible; null to abstain"),
  confidence: z.number().min(0).max(1).default(1).describe("how sure you are, from 0 (not at all) to 1 (certain)"),
  reason: z.string().default("").describe("why; the others may read it"),
});

/** Characters of a choice. Two choices are one when they differ in letter case or white space only. */
export const MAX_CHOICE = 120;

/** What may go with a vote. */
export interface VoteOptions {
  /** From 0 to 1. Default 1. */
  readonly confidence?: number;
  readonly reason?: string;
}

const VOTE = shape<VoteOptions>({ confidence: maybe(anything), reason: maybe(text) });

/** The voter is for `choice`, as sure as `confidence` says (default 1). */
export function vote<State = object>(choice: string, options: VoteOptions = {}): Outcome<State> {
  requireForm("The options of vote()", options, VOTE);
  return send<State>({ type: "VOTE", choice, confidence: options.confidence ?? 1, reason: options.reason ?? "" });
}

/** The voter has no say in this. */
export const abstain = <State = object>(reason = ""): Outcome<State> => send<State>({ type: "ABSTAIN", reason });

/** What a voter that knows nothing of ballots said and computed, as a ballot. */
export type ReadBallot = (said: { readonly content: string; readonly data: unknown }, turn: Turn) => z.input<typeof Ballot> | undefined;

interface ReaderOptions {
  readonly choices?: readonly string[] | undefined;
  /** Characters of a reason that are counted and kept; all of it is in the conversation. */
  readonly maxReason: number;
  readonly read?: ReadBallot | undefined;
}

/**
 * Reads ballots from what voters say: a `VOTE`, a reply whose data is a {@link Ballot}, or what `read` makes of a reply. Words alone
 * are no ballot. A vote is said aloud, so that the others can read it. A choice that is not open is the voter's failure.
 */
export function ballotReader<State>({
  choices,
  maxReason,
  read,
}: ReaderOptions): (outcome: Outcome<State>, turn: Turn<State>) => Outcome<State> {
  return (outcome, turn) => {
    const said = saidBallot(outcome, turn, read);
    if (said === undefined) return outcome;
    const parsed = Ballot.safeParse(said);
    if (!parsed.success) throw refused(turn.agent, z.prettifyError(parsed.error), choices);
    const { confidence, reason } = parsed.data;
    const kept = reason.slice(0, maxReason);
    if (parsed.data.choice === null)
      return { ...aloud(outcome, `I abstain.${after(reason)}`), next: { kind: "event", event: { type: "ABSTAIN", reason: kept } } };
    const choice = openChoice(parsed.data.choice, choices);
    if (choice === undefined) throw refused(turn.agent, `"${parsed.data.choice.slice(0, MAX_CHOICE)}" cannot be voted for`, choices);
    return {
      ...aloud(outcome, `I vote for "${choice}" (confidence ${Number(confidence.toFixed(2))}).${after(reason)}`),
      data: outcome.data ?? { choice, confidence, reason: kept },
      next: { kind: "event", event: { type: "VOTE", choice, confidence, reason: kept } },
    };
  };
}

function saidBallot<State>({ next, content, messages, data }: Outcome<State>, turn: Turn<State>, read: ReadBallot | undefined): unknown {
  if (next.kind === "event") {
    const { type, ...ballot } = next.event;
    if (type === "ABSTAIN" || type === `ABSTAIN.${turn.phase}`) return { ...ballot, choice: null };
    if (type === "VOTE" || type === `VOTE.${turn.phase}`) return ballot;
    throw new InvalidRequestError(`The ballot of "${turn.agent}"`, `"${type}" is none`, "vote(…) or abstain(…), each for itself"); // not for a neighbour either
  }
  if (next.kind !== "done") return undefined;
  const words = content ?? messages?.findLast((message) => message.getType() === "ai")?.text ?? "";
  if (read !== undefined) return read({ content: words, data }, turn as Turn);
  return Ballot.safeParse(data).success ? data : undefined;
}

/** The ballot in words, unless the voter has found its own. */
function aloud<State>(outcome: Outcome<State>, words: string): Outcome<State> {
  const isJson = outcome.content !== undefined && outcome.content === JSON.stringify(outcome.data); // a model's structured output
  return outcome.content === undefined || outcome.content === "" || isJson ? { ...outcome, content: words } : outcome;
}

const after = (reason: string): string => (reason === "" ? "" : ` ${reason}`);

/** The choice as the definition spells it. */
function openChoice(choice: string, choices: readonly string[] | undefined): string | undefined {
  const own = choice.trim().replace(/\s+/g, " ");
  if (choices === undefined) return own === "" || own.length > MAX_CHOICE ? undefined : own;
  return choices.find((open) => sameChoice(open) === sameChoice(own));
}

const refused = (voter: string, problem: string, choices: readonly string[] | undefined): InvalidRequestError =>
  new InvalidRequestError(
    `The ballot of "${voter}"`,
    problem,
    choices === undefined ? `a choice of 1 to ${MAX_CHOICE} characters` : choices.join(", "),
  );
