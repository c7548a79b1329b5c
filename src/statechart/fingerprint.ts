import type { AnyMachineSnapshot, AnyStateNode } from "xstate";
import { z } from "zod";
import { fingerprint } from "../base/hash.js";
import { isPlainObject } from "../base/json.js";
import { canonical } from "./canonical.js";
import type { ChartOptions } from "./reading.js";
import { everyNode, phaseName, type Tree } from "./tree.js";

/** Stands for a function: what it does cannot be read, and is not part of the fingerprint. */
const UNREADABLE = "(unreadable)";

/** In front of a fingerprint: which form of it. The first had nothing there. */
const FORM = "v2";

/** What a chart means, in a few characters: the same in whatever order its states, events, tags and parameters are written. */
export function fingerprintOf(tree: Tree, initial: AnyMachineSnapshot, options: ChartOptions): string {
  const meaning = {
    start: [initial.value, initial.context],
    states: [...everyNode(tree.machine.root)].map(stateOf).sort(byPlace),
    events: Object.entries(options.events ?? {})
      .map(([type, schema]) => [type, schemaOf(schema)] as const)
      .sort(byPlace),
    bindings: Object.entries(options.bindings ?? {}).sort(byPlace),
    inside: options.inside ?? {},
  };
  return `${FORM}${fingerprint(canonical(meaning))}`;
}

function stateOf(node: AnyStateNode): readonly [place: string, ...unknown[]] {
  return [
    node.path.join("\n"),
    phaseName(node), // a graph's node is called so: under another name, what is parked there would be lost
    node.type,
    node.history,
    node.type === "history" ? (node.config as { target?: unknown }).target : undefined,
    [...node.tags].sort(),
    node.type === "compound" ? node.initial.target.map((target) => target.path) : [],
    [node.entry.map(actionOf), node.exit.map(actionOf)],
    transitionsOf(node).map(([event, list]) => [
      event,
      list.map((transition) => [
        transition.target?.map((target) => target.path),
        transition.guard === undefined ? null : guardOf(transition.guard),
        transition.actions.map(actionOf),
        transition.reenter,
      ]),
    ]),
  ];
}

const byPlace = ([one]: readonly [string, ...unknown[]], [other]: readonly [string, ...unknown[]]): number => (one < other ? -1 : 1);

const transitionsOf = (node: AnyStateNode) => [...node.transitions, ["always", node.always ?? []] as const].sort(byPlace);

/** A guard as data; functions are unreadable, and XState's own `and`, `or`, `not` and `stateIn` say what they are made of. */
function guardOf(guard: unknown): unknown {
  if (typeof guard !== "function") return readable(guard);
  const { guards, stateValue } = guard as { readonly guards?: readonly unknown[]; readonly stateValue?: unknown };
  if (guards !== undefined) return [guard.name, guards.map(guardOf)];
  return stateValue === undefined ? UNREADABLE : [guard.name, stateValue];
}

/** True when some part of a guard is a function. */
export const isOpaque = (guard: unknown): boolean => guard !== undefined && canonical(guardOf(guard)).includes(`"${UNREADABLE}"`);

/** An action as data. Of an `assign({ … })` values can be read, and functions cannot. */
function actionOf(action: unknown): unknown {
  if (typeof action !== "function") return readable(action);
  const { assignment } = action as { readonly assignment?: unknown };
  return isPlainObject(assignment) ? ["assign", readable(assignment)] : ["assign", UNREADABLE];
}

function readable(value: unknown): unknown {
  if (typeof value === "function") return UNREADABLE;
  if (Array.isArray(value)) return value.map(readable);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, readable(inner)]));
}

function schemaOf(schema: z.ZodType): unknown {
  try {
    return z.toJSONSchema(schema, { unrepresentable: "any", io: "input" });
  } catch {
    return UNREADABLE;
  }
}

/**
 * The fingerprints that the releases before the present form gave to this chart. They saw of guards and assignments only that there
 * are some; and where a tag `"failed"` was added since, the chart without it counts too.
 */
export function formerFingerprints(tree: Tree, bindings: Readonly<Record<string, string>> = {}): ReadonlySet<string> {
  const forms = [true, false].map((withFailed) => firstForm(tree, withFailed));
  return new Set(forms.map((form) => fingerprint(JSON.stringify([form, Object.entries(bindings).sort()]))));
}

function firstForm(tree: Tree, withFailed: boolean): unknown {
  const states = [...everyNode(tree.machine.root)].map((node): readonly [place: string, ...unknown[]] => [
    node.path.join("\n"),
    phaseName(node),
    node.type,
    node.history,
    node.type === "history" ? (node.config as { target?: unknown }).target : undefined,
    [...node.tags].filter((tag) => withFailed || tag !== "failed").sort(),
    node.type === "compound" ? node.initial.target.map((target) => target.path) : [],
    transitionsOf(node).map(([event, list]) => [
      event,
      list.map((transition) => [
        transition.target?.map((target) => target.path),
        firstGuard(transition.guard),
        firstCount(transition.actions),
        transition.reenter,
      ]),
    ]),
  ]);
  return states.sort(byPlace);
}

function firstGuard(guard: unknown): string | null {
  if (guard === undefined) return null;
  if (typeof guard === "string") return guard;
  const isNamed = typeof guard === "object" && guard !== null && "type" in guard;
  return isNamed && !isOurs(guard) ? JSON.stringify(guard) : "inline";
}

/** Patterns had one function where they have several assignments now. */
const firstCount = (actions: readonly unknown[]): number =>
  actions.filter((action) => !isOurs(action)).length + (actions.some(isOurs) ? 1 : 0);

const isOurs = (form: unknown): boolean =>
  isPlainObject(form) && typeof form["type"] === "string" && form["type"].startsWith("phasegraph.");
