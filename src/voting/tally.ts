/** A ballot as it was counted. */
export interface CastBallot {
  readonly voter: string;
  /** `null`: the voter abstained, gave no ballot, or failed; the reason says which. */
  readonly choice: string | null;
  readonly confidence: number;
  readonly reason: string;
  readonly round: number;
}

/** How one choice did. */
export interface Tally {
  readonly choice: string;
  readonly weight: number;
  /** Of the weight of all that was counted, 0 to 1. */
  readonly share: number;
  readonly voters: readonly string[];
}

/** What two spellings of one choice have in common. */
export const sameChoice = (choice: string): string => choice.trim().replace(/\s+/g, " ").toLowerCase();

/**
 * Counts ballots, the heaviest choice first; equal ones in the order in which they were first voted for. `blank` is the weight that
 * abstentions put on the other side of the scales.
 */
export function tallyOf(ballots: readonly CastBallot[], weightOf: (ballot: CastBallot) => number, blank = 0): Tally[] {
  const piles = new Map<string, { choice: string; weight: number; voters: string[] }>();
  for (const ballot of ballots) {
    if (ballot.choice === null) continue;
    const key = sameChoice(ballot.choice);
    const pile = piles.get(key) ?? { choice: ballot.choice, weight: 0, voters: [] };
    pile.weight += weightOf(ballot);
    pile.voters.push(ballot.voter);
    piles.set(key, pile);
  }
  const total = [...piles.values()].reduce((sum, pile) => sum + pile.weight, blank);
  return [...piles.values()]
    .map((pile) => ({ ...pile, share: total === 0 ? 0 : pile.weight / total }))
    .sort((one, other) => (isEqual(one.weight, other.weight) ? 0 : other.weight - one.weight));
}

/** Sums of tenths are not exact: 0.1 + 0.2 is as heavy as 0.3. */
export const isEqual = (one: number, other: number): boolean => Math.abs(one - other) < 1e-9;

/** One is at least the other, as exactly as {@link isEqual}. */
export const isAtLeast = (one: number, other: number): boolean => one > other || isEqual(one, other);
