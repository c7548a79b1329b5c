import type { Result } from "../src/agent/agent.js";
import { jsonIn } from "../src/base/fences.js";
import { isPlainObject, jsonIssue } from "../src/base/json.js";
import { isBookkeeping } from "../src/compile/nested.js";
import { isEqual, tallyOf, type CastBallot, type Tally } from "../src/voting/tally.js";
import { Ballot } from "./ballots.js";

/** How results become one: all texts, one object, or what most are for. */
export type Aggregation = "concat" | "merge" | "vote";

/** Which of two different values stands at one place of merged objects; `"all"`: a list of them. */
export type OnConflict = "last" | "first" | "all";

/** Two results that say different things at one place. */
export interface Conflict {
  /** Keys from the top, joined with dots. */
  readonly path: string;
  readonly values: readonly unknown[];
}

/** What results came to; the `data` of the phase "aggregate". */
export interface Aggregate {
  readonly how: Aggregation;
  /** Phases whose result is in it, and those that failed. */
  readonly from: readonly string[];
  readonly failed: readonly { readonly phase: string; readonly reason: string }[];
  /** `merge`: the merged object. `vote`: the choice that won, the first of those that were equal. */
  readonly value?: unknown;
  readonly conflicts?: readonly Conflict[];
  readonly tally?: readonly Tally[];
  readonly tied?: readonly string[];
}

const MAX_PARSED = 1_048_576;

/** Makes one of many results, in their order; a result without words and data adds nothing, one that failed is named. Pure. */
export function aggregate(
  how: Aggregation,
  results: readonly Result[],
  options: { readonly separator?: string; readonly onConflict?: OnConflict } = {},
): { readonly content: string; readonly data: Aggregate } {
  const good = results.filter((result) => result.status === "ok" && (result.content !== "" || result.data !== undefined));
  const bad = results.filter((result) => result.status === "failed");
  const failed = bad.map(({ phase, error }) => ({ phase, reason: error?.message ?? "no reason given" }));
  const data = { how, from: good.map((result) => result.phase), failed };
  switch (how) {
    case "concat": {
      const gaps = failed.map(({ phase, reason }) => `[${phase} failed: ${reason}]`);
      return { content: [...good.map(wordsOf), ...gaps].join(options.separator ?? "\n\n"), data };
    }
    case "merge": {
      const merged = good
        .map(valueOf)
        .reduce<Merged>((all, value) => merge(all, value, options.onConflict ?? "last"), { value: {}, conflicts: [] });
      return { content: JSON.stringify(merged.value), data: { ...data, ...merged } };
    }
    case "vote": {
      const tally = tallyOf(good.map(ballotOf), (ballot) => ballot.confidence);
      const [winner] = tally;
      const leading = tally.filter((pile) => winner !== undefined && isEqual(pile.weight, winner.weight));
      const tied = leading.length > 1 ? leading.map((pile) => pile.choice) : [];
      return { content: winner?.choice ?? "", data: { ...data, ...(winner === undefined ? {} : { value: winner.choice }), tally, tied } };
    }
  }
}

/** What the agent computed; not the bookkeeping of a nested orchestration. */
const dataOf = ({ data }: Result): unknown => (isBookkeeping(data) ? undefined : data);

const wordsOf = (result: Result): string => (result.content === "" ? JSON.stringify(dataOf(result)) : result.content);

/** An object to merge: the data, or JSON in the words; anything else stands under the phase's name. */
function valueOf(result: Result): Readonly<Record<string, unknown>> {
  const data = dataOf(result) ?? parsed(result.content);
  return isPlainObject(data) ? data : { [result.phase]: data ?? result.content };
}

function parsed(text: string): unknown {
  const value = jsonIn(text);
  return isPlainObject(value) && jsonIssue(value, MAX_PARSED) === undefined ? value : undefined;
}

function ballotOf(result: Result): CastBallot {
  const ballot = Ballot.safeParse(dataOf(result));
  const { choice, confidence, reason } = ballot.success ? ballot.data : { choice: wordsOf(result).trim(), confidence: 1, reason: "" };
  return { voter: result.phase, choice, confidence, reason, round: 1 };
}

interface Merged {
  readonly value: Readonly<Record<string, unknown>>;
  readonly conflicts: readonly Conflict[];
}

function merge(all: Merged, added: Readonly<Record<string, unknown>>, onConflict: OnConflict): Merged {
  const conflicts = [...all.conflicts];
  const note = (path: string, values: readonly unknown[]): void => {
    const index = conflicts.findIndex((conflict) => conflict.path === path);
    if (index < 0) conflicts.push({ path, values });
    else conflicts[index] = { path, values: distinct([...(conflicts[index]?.values ?? []), ...values]) };
  };
  const both = (one: unknown, other: unknown, path: string): unknown => {
    if (isPlainObject(one) && isPlainObject(other)) return objects(one, other, path);
    if (isSame(one, other)) return one;
    const wasConflict = conflicts.some((conflict) => conflict.path === path);
    if (Array.isArray(one) && Array.isArray(other) && !wasConflict) return distinct([...(one as unknown[]), ...(other as unknown[])]);
    note(path, wasConflict ? [other] : [one, other]);
    if (onConflict === "all") return conflicts.find((conflict) => conflict.path === path)?.values;
    return onConflict === "first" ? one : other;
  };
  const objects = (one: Readonly<Record<string, unknown>>, other: Readonly<Record<string, unknown>>, path: string) =>
    Object.fromEntries(
      [...new Set([...Object.keys(one), ...Object.keys(other)])].map((key) => {
        const place = path === "" ? key : `${path}.${key}`;
        if (!Object.hasOwn(one, key)) return [key, other[key]];
        return [key, Object.hasOwn(other, key) ? both(one[key], other[key], place) : one[key]];
      }),
    );
  return { value: objects(all.value, added, ""), conflicts };
}

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

const distinct = (values: readonly unknown[]): unknown[] =>
  values.filter((value, index) => values.findIndex((other) => isSame(other, value)) === index);
