import { isPlainObject, type Json } from "../../base/json.js";
import { canonical } from "../canonical.js";
import { valueAt, type ChartEvent, type Context } from "./context.js";

/** A guard as data: XState's own named form with parameters. What it tests can be stored, compared and drawn. */
export type GuardData = { readonly type: string; readonly params?: object };

/** Open while a number in the context is below the limit, or a list has fewer entries. `option` names the limit in refusals. */
export const below = (key: string, limit: number, option?: string) => ({
  type: "phasegraph.below" as const,
  params: { key, limit, ...(option === undefined ? {} : { option }) },
});

/** Open while the context holds exactly this value under the key. What is missing counts as `null`. */
export const is = (key: string, value: Json) => ({ type: "phasegraph.is" as const, params: { key, value } });

/** Open when every one of them has an entry that matches, and there is at least one. */
export const every = (key: string, match: Readonly<Record<string, Json>>, of: EveryOf) => ({
  type: "phasegraph.every" as const,
  params: { key, match, ...of },
});

/** Whose entries are looked for, and how they are found. */
export interface EveryOf {
  /** Their ids; or, in `in`, the paths of lists in the context whose entries have an `id`. */
  readonly ids?: readonly string[];
  readonly in?: readonly string[];
  /** The field of an entry that says whose it is, where the entries are a list. Default: they stand under their ids. */
  readonly by?: string;
}

/** Open when all are. */
export const and = (...guards: readonly GuardData[]) => ({ type: "phasegraph.and" as const, params: { guards } });

/** Open when one is. */
export const or = (...guards: readonly GuardData[]) => ({ type: "phasegraph.or" as const, params: { guards } });

/** Open when the other is closed. */
export const not = (guard: GuardData) => ({ type: "phasegraph.not" as const, params: { guard } });

type Below = ReturnType<typeof below>["params"];
type Every = { readonly key: string; readonly match: Readonly<Record<string, Json>> } & EveryOf;
type Arguments = { readonly context: Context; readonly event: ChartEvent };

/** How a guard is asked: by its name, with its parameters. */
export type Predicate = (args: Arguments, params: never) => boolean;

const isBelow = ({ context }: Arguments, { key, limit }: Below): boolean => {
  const value = valueAt(context, key);
  return (Array.isArray(value) ? value.length : Number(value ?? 0)) < limit;
};

const isValue = ({ context }: Arguments, { key, value }: { readonly key: string; readonly value: Json }): boolean =>
  canonical(valueAt(context, key) ?? null) === canonical(value);

function hasEvery({ context }: Arguments, { key, match, ids, in: lists = [], by }: Every): boolean {
  const entries = valueAt(context, key);
  const wanted = ids ?? lists.flatMap((path) => entriesOf(valueAt(context, path)).map((entry) => entry["id"]));
  return wanted.length > 0 && wanted.every((id) => entryOf(entries, String(id), by).some((entry) => matches(entry, match)));
}

const entriesOf = (list: unknown): Context[] => (Array.isArray(list) ? list.filter(isPlainObject) : []);

function entryOf(entries: unknown, id: string, by: string | undefined): Context[] {
  if (by !== undefined) return entriesOf(entries).filter((entry) => entry[by] === id);
  return isPlainObject(entries) && Object.hasOwn(entries, id) ? entriesOf([entries[id]]) : [];
}

const matches = (entry: Context, match: Readonly<Record<string, Json>>): boolean =>
  Object.entries(match).every(([key, value]) => Object.hasOwn(entry, key) && canonical(entry[key]) === canonical(value));

/**
 * The implementations, for a machine whose other named guards are `known`: `and`, `or` and `not` may ask those too. Readers of charts
 * register them; spread them into `setup({ guards })` when the machine shall also run outside of a chart.
 */
export function guardImplementations(known: Readonly<Record<string, unknown>> = {}) {
  const ask = (args: Arguments, { type, params }: GuardData): boolean => {
    const named = (Object.hasOwn(own, type) ? own[type as keyof typeof own] : known[type]) as Predicate | undefined;
    if (typeof named !== "function") throw new Error(`the guard "${type}" has no implementation`);
    return named(args, params as never); // written for these parameters
  };
  const own = {
    "phasegraph.below": isBelow,
    "phasegraph.is": isValue,
    "phasegraph.every": hasEvery,
    "phasegraph.and": (args: Arguments, { guards }: { readonly guards: readonly GuardData[] }): boolean =>
      guards.every((guard) => ask(args, guard)),
    "phasegraph.or": (args: Arguments, { guards }: { readonly guards: readonly GuardData[] }): boolean =>
      guards.some((guard) => ask(args, guard)),
    "phasegraph.not": (args: Arguments, { guard }: { readonly guard: GuardData }): boolean => !ask(args, guard),
  };
  return own;
}

/** The bounds that keep a guard closed now, each in words: what a refusal says. */
export function boundsMet(guard: unknown, context: Context): string[] {
  if (!isPlainObject(guard) || !isPlainObject(guard["params"])) return [];
  const { type, params } = guard;
  if (type === "phasegraph.and" || type === "phasegraph.or") return [params["guards"]].flat().flatMap((each) => boundsMet(each, context));
  if (type !== "phasegraph.below") return [];
  const { key, limit, option } = params as unknown as Below & { readonly option?: string }; // made by below()
  if (isBelow({ context, event: { type: "" } }, { key, limit })) return [];
  return [`${key} has reached its limit of ${limit}${option === undefined ? "" : ` (${option})`}`];
}
