import { assign, type EventObject, type MachineContext } from "xstate";
import { isPlainObject, type Json } from "../../base/json.js";
import { judge, type CountRules } from "../../voting/count.js";
import type { CastBallot } from "../../voting/tally.js";
import { assignmentOf, filled, valueAt, type ChartEvent, type Context, type Template } from "./context.js";

/** An assignment as data: XState's own named form with parameters. */
export type AssignmentData = { readonly type: string; readonly params: object };

/** Counts a number in the context up or down, never below zero; with `modulo` it begins again at zero. What is missing counts as zero. */
export const count = (key: string, by = 1, options: { readonly modulo?: number } = {}) => ({
  type: "phasegraph.count" as const,
  params: { key, by, ...options },
});

/** Puts a value into the context. */
export const set = (key: string, value: Json) => ({ type: "phasegraph.set" as const, params: { key, value } });

/** Sets a counter to zero. */
export const reset = (key: string) => set(key, 0);

/** Keeps what a field of the event says. */
export const keep = (key: string, from: string, options: KeepOptions = {}) => ({
  type: "phasegraph.keep" as const,
  params: { key, field: from, ...options },
});

/** What is kept when the field does not say it itself. */
export interface KeepOptions {
  /** Kept when the field is missing; with `as`, when it says anything else. Default `null`. */
  readonly otherwise?: Json;
  /** What is kept for what the field says. */
  readonly as?: Readonly<Record<string, Json>>;
}

/** Puts an entry into a list: in the place of the one with the same `by`, else at its end. */
export const put = (key: string, entry: Template | Readonly<Record<string, Template>>, options: PutOptions = {}) => ({
  type: "phasegraph.put" as const,
  params: { key, entry, ...options },
});

/** How a list is kept. */
export interface PutOptions {
  /** The field that an entry is known by; of two with one value the newer stays. Default: every entry is another. */
  readonly by?: string;
  /** The order in which entries stand, by what they are known by; without `by`, by what they are. Default: as they came. */
  readonly order?: readonly string[];
  /** The newest stay. Default: all. */
  readonly most?: number;
}

/** Makes a record of a list that the event carries: an entry for each of its items, under the item's id. */
export const collect = (key: string, from: string, entry: Readonly<Record<string, Template>>, options: CollectOptions) => ({
  type: "phasegraph.collect" as const,
  params: { key, field: from, entry, ...options },
});

/** Whose entries are collected. */
export interface CollectOptions {
  /** The field of an item that holds its id. */
  readonly by: string;
  /** Paths of lists in the context whose entries have an `id`: an item with another is refused. */
  readonly among: readonly string[];
}

/** Counts the ballots in a list of the context by rules, and puts the count under a key. */
export const tally = (key: string, ballots: string, rules: TallyRules) => ({
  type: "phasegraph.tally" as const,
  params: { key, ballots, rules },
});

/** Who may vote, and how it is weighed. */
export interface TallyRules extends CountRules<string> {
  readonly voters: readonly string[];
  readonly choices?: readonly string[];
}

type Params<Form extends (...args: never[]) => { readonly params: object }> = ReturnType<Form>["params"];
type Arguments = { readonly context: Context; readonly event: ChartEvent };

function counted({ context }: Arguments, { key, by, modulo }: Params<typeof count>) {
  const next = Math.max(0, Number(valueAt(context, key) ?? 0) + by);
  return assignmentOf(context, key, modulo === undefined ? next : next % modulo);
}

function kept({ context, event }: Arguments, { key, field, as, otherwise = null }: Params<typeof keep>) {
  const said = Object.hasOwn(event, field) ? event[field] : undefined;
  if (as === undefined) return assignmentOf(context, key, said ?? otherwise);
  const known = typeof said === "string" && Object.hasOwn(as, said);
  return assignmentOf(context, key, known ? as[said] : otherwise);
}

function listed({ context, event }: Arguments, { key, entry, by, order, most }: Params<typeof put>) {
  const idOf = (each: unknown): unknown => (by === undefined ? each : isPlainObject(each) ? each[by] : undefined);
  const before = valueAt(context, key);
  const made = filled(entry as Template, context, event);
  const others = (Array.isArray(before) ? (before as unknown[]) : []).filter((each) => by === undefined || idOf(each) !== idOf(made));
  const all = [...others, made];
  if (order !== undefined) {
    const places = new Map<unknown, number>(order.map((id, index) => [id, index]));
    const placeOf = (each: unknown): number => places.get(idOf(each)) ?? order.length;
    all.sort((one, other) => placeOf(one) - placeOf(other));
  }
  return assignmentOf(context, key, most === undefined ? all : all.slice(-most));
}

function collected({ context, event }: Arguments, { key, field, by, among, entry }: Params<typeof collect>) {
  const lists = among.flatMap((path) => valueAt(context, path) ?? []);
  const known = lists.flatMap((each) => (isPlainObject(each) ? [String(each["id"])] : []));
  const items = Object.hasOwn(event, field) && Array.isArray(event[field]) ? (event[field] as unknown[]) : [];
  const entries = items.filter(isPlainObject).map((item) => [String(item[by]), filled(entry as Template, context, item)] as const);
  const unknown = entries.find(([id]) => !known.includes(id));
  if (unknown !== undefined) throw new Error(`there is no "${unknown[0].slice(0, 40)}"; there are ${known.join(", ")}`);
  return assignmentOf(context, key, Object.fromEntries(entries));
}

function tallied({ context }: Arguments, { key, ballots, rules }: Params<typeof tally>) {
  const cast = valueAt(context, ballots);
  return assignmentOf(context, key, judge(Array.isArray(cast) ? (cast as CastBallot[]) : [], rules.voters, rules)); // written by put()
}

type Maker<P> = (args: Arguments, params: P) => Record<string, unknown>;

/**
 * The implementations. Readers of charts register them; spread them into `setup({ actions })` when the machine shall also run outside
 * of a chart. They write what the parameters name, whatever the type of the context.
 */
export function assignmentImplementations<C extends MachineContext, E extends EventObject>() {
  const assigns = <P extends object>(make: Maker<P>) =>
    assign<C, E, P, E, never>(({ context, event }, params) => make({ context, event }, params) as Partial<C>); // see above
  return {
    "phasegraph.count": assigns(counted),
    "phasegraph.set": assigns(({ context }, { key, value }: Params<typeof set>) => assignmentOf(context, key, value)),
    "phasegraph.keep": assigns(kept),
    "phasegraph.put": assigns(listed),
    "phasegraph.collect": assigns(collected),
    "phasegraph.tally": assigns(tallied),
  };
}
