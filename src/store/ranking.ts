/** How much a place in one list counts: reciprocal rank fusion, Cormack, Clarke and Büttcher, SIGIR 2009, with their constant. */
const FUSION = 60;

/** An item that a search found, best first in its list. */
export interface Ranked {
  readonly id: number;
  /** Higher is better; undefined for what no list has a score for. */
  readonly score: number | undefined;
}

/** Joins lists of different scores by the places of their items alone. An item scores the sum of `1 / (60 + place)`, places from 1. */
export function fuse(lists: readonly (readonly Ranked[])[]): Ranked[] {
  const scores = new Map<number, number>();
  for (const list of lists) for (const [index, { id }] of list.entries()) scores.set(id, (scores.get(id) ?? 0) + 1 / (FUSION + index + 1));
  return [...scores].map(([id, score]) => ({ id, score })).toSorted((a, b) => b.score - a.score || a.id - b.id);
}
