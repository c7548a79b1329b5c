import { isAtLeast, isEqual, tallyOf, type CastBallot, type Tally } from "./tally.js";

/** How ballots are weighed, and what it takes for a winner to be a consensus. */
export interface CountRules<Voter extends string> {
  /** Least share of the weight that the winner needs, 0 to 1. Default 0.6. */
  readonly threshold?: number;
  /** Least share of all voters, by heads, that has to be for the winner. Default 0: not asked. */
  readonly minAgreement?: number;
  /** Least share of all voters that has to vote rather than abstain. Default 0.5. */
  readonly quorum?: number;
  /** `"confidence"` (default): a vote weighs as much as its voter is sure. `"equal"`: all weigh the same. */
  readonly weighting?: "confidence" | "equal";
  /** What a voter's votes are multiplied with. Default 1. */
  readonly weights?: { readonly [Id in Voter]?: number };
  /** `"ignored"` (default): shares are of the votes. `"against"`: an abstention weighs against every choice, as much as a vote that is certain. */
  readonly abstentions?: "ignored" | "against";
  /**
   * Who wins when choices weigh the same: nobody (`"open"`, default), the one with more voters (`"heads"`), the first of `choices` or,
   * without these, of the voters (`"first"`), or the one the chair voted for. What is still equal then stays open.
   */
  readonly ties?: "open" | "heads" | "first" | { readonly chair: Voter };
}

/** What may stand between the leading choice and a consensus. */
export type Shortfall = "votes" | "quorum" | "tie" | "threshold" | "minAgreement";

/** A count of ballots; plain JSON, kept in the chart. */
export interface Count {
  /** The leading choice, with or without consensus; `undefined` when nobody voted or a tie stayed open. */
  readonly winner?: string;
  /** Its share of the weight, 0 to 1; in an open tie, the share of each that leads. */
  readonly agreement: number;
  /** Its share of all voters, by heads, 0 to 1. */
  readonly support: number;
  readonly supporters: readonly string[];
  /** Every choice that was voted for, the heaviest first. */
  readonly tally: readonly Tally[];
  /** The choices that lead together, also when the tie was broken; empty without a tie. */
  readonly tied: readonly string[];
  /** What a consensus lacks; empty when there is one. */
  readonly missing: readonly Shortfall[];
}

/** Before anything is counted. */
export const NOT_COUNTED: Count = { agreement: 0, support: 0, supporters: [], tally: [], tied: [], missing: ["votes"] };

const THRESHOLD = 0.6;
const QUORUM = 0.5;

/** Counts the ballots of `voters` by the rules. Pure. */
export function judge<Voter extends string>(
  ballots: readonly CastBallot[],
  voters: readonly string[],
  rules: CountRules<Voter> & { readonly choices?: readonly string[] },
): Count {
  const { threshold = THRESHOLD, minAgreement = 0, quorum = QUORUM, abstentions = "ignored" } = rules;
  const ownWeight = (voter: string): number => (rules.weights as Readonly<Record<string, number>> | undefined)?.[voter] ?? 1;
  const cast = ballots.filter((ballot) => ballot.choice !== null);
  const blank = ballots.filter((ballot) => ballot.choice === null).reduce((sum, ballot) => sum + ownWeight(ballot.voter), 0);
  const tally = tallyOf(
    cast,
    ({ voter, confidence }) => ownWeight(voter) * (rules.weighting === "equal" ? 1 : confidence),
    abstentions === "against" ? blank : 0,
  );
  const [first] = tally;
  if (first === undefined || first.weight === 0) return { ...NOT_COUNTED, tally };
  const leading = tally.filter((pile) => isEqual(pile.weight, first.weight));
  const winner = leading.length === 1 ? first : tieBroken(leading, rules);
  const supporters = winner?.voters ?? [];
  const missing: readonly (readonly [Shortfall, boolean])[] = [
    ["quorum", !isAtLeast(cast.length / voters.length, quorum)],
    ["tie", winner === undefined],
    ["threshold", !isAtLeast(first.share, threshold)],
    ["minAgreement", !isAtLeast(supporters.length / voters.length, minAgreement)],
  ];
  return {
    ...(winner === undefined ? {} : { winner: winner.choice }),
    agreement: first.share,
    support: supporters.length / voters.length,
    supporters,
    tally,
    tied: leading.length === 1 ? [] : leading.map((pile) => pile.choice),
    missing: missing.flatMap(([what, isMissing]) => (isMissing ? [what] : [])),
  };
}

function tieBroken(
  leading: readonly Tally[],
  { ties = "open", choices }: { readonly ties?: CountRules<string>["ties"]; readonly choices?: readonly string[] },
): Tally | undefined {
  if (typeof ties === "object") return leading.find((pile) => pile.voters.includes(ties.chair));
  switch (ties) {
    case "open":
      return undefined;
    case "heads": {
      const most = Math.max(...leading.map((pile) => pile.voters.length));
      const strongest = leading.filter((pile) => pile.voters.length === most);
      return strongest.length === 1 ? strongest[0] : undefined;
    }
    case "first":
      return choices === undefined
        ? leading[0]
        : leading.find((pile) => pile.choice === choices.find((choice) => leading.some((other) => other.choice === choice)));
  }
}
