import type { AnyStateNode, AnyTransitionDefinition } from "xstate";
import { covers } from "./descriptor.js";
import { everyNode, isWithin, phaseName, regionsOf, upward } from "./tree.js";
import { END } from "./vocabulary.js";

/** Where a transition may come to rest. */
export interface Landing {
  /** A phase, or `"__end__"`. */
  readonly to: string;
  /** Some transition on the way has a guard. */
  readonly guarded: boolean;
  /** The target starts only when the other regions of the parallel state are done too. */
  readonly joins: boolean;
  /** Some transition on the way assigns to the context. */
  readonly assigns: boolean;
}

/** The landings of one transition, and the leaves it may pass without resting there: finals, and states with `always`. */
export interface Fall {
  readonly landings: readonly Landing[];
  readonly passed: readonly AnyStateNode[];
}

type Way = Omit<Landing, "to">;

const SURE: Way = { guarded: false, joins: false, assigns: false };

/** Of two ways to one place the one that asks for less: no guard, no join; it counts as assigning only when both do. */
export const merged = <Each extends Way>(one: Each, other: Way): Each => ({
  ...one,
  guarded: one.guarded && other.guarded,
  joins: one.joins && other.joins,
  assigns: one.assigns && other.assigns,
});

/** Where a transition leads. Guards are not evaluated. */
export const landingsOf = (transition: AnyTransitionDefinition): Fall =>
  fall(enteredLeaves(transition).map((leaf) => [leaf, along(SURE, transition)]));

/** Where the chart may come to rest when it is put into a state, or stays in it with a new context. */
export const landingsIn = (node: AnyStateNode, way: Way = SURE): Fall => fall(initialLeaves(node).map((leaf) => [leaf, way]));

const along = (way: Way, { guard, actions }: AnyTransitionDefinition): Way =>
  guard === undefined && actions.length === 0
    ? way
    : { guarded: way.guarded || guard !== undefined, joins: way.joins, assigns: way.assigns || actions.length > 0 };

/** Follows `always` and `onDone` from the entered leaves to where the chart can come to rest. Without recursion: chains may be long. */
function fall(entered: readonly (readonly [AnyStateNode, Way])[]): Fall {
  const places = new Map<string, Landing>();
  const known = new Map<AnyStateNode, Way>();
  const passed: AnyStateNode[] = [];
  const work = [...entered].reverse();
  const land = (to: string, way: Way): void => {
    const before = places.get(to);
    places.set(to, before === undefined ? { to, ...way } : merged(before, way));
  };
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    const [leaf, found] = next;
    const before = known.get(leaf);
    const way = before === undefined ? found : merged(before, found);
    if (before !== undefined && same(before, way)) continue;
    known.set(leaf, way);
    const follows: (readonly [AnyStateNode, Way])[] = [];
    const follow = (transition: AnyTransitionDefinition, from: Way): void => {
      for (const target of enteredLeaves(transition)) follows.push([target, along(from, transition)]);
    };
    const leaves = followAlways(leaf, (transition) => follow(transition, way));
    if (!leaves && leaf.type === "final") finish(leaf, way, follow, land);
    else if (!leaves) land(phaseName(leaf), way);
    if (before === undefined && (leaves || leaf.type === "final")) passed.push(leaf);
    work.push(...follows.reverse());
  }
  return { landings: [...places.values()], passed };
}

const same = (one: Way, other: Way): boolean => one.guarded === other.guarded && one.joins === other.joins && one.assigns === other.assigns;

/** The eventless transitions that a leaf may take; true when one is surely taken. */
function followAlways(leaf: AnyStateNode, follow: (transition: AnyTransitionDefinition) => void): boolean {
  for (const node of upward(leaf)) {
    for (const transition of node.always ?? []) {
      follow(transition);
      if (transition.guard === undefined && transition.target !== undefined) return true;
    }
  }
  return false;
}

/** What follows when a final state is entered: its parent is done, and so may be the parallel states around it. */
function finish(
  final: AnyStateNode,
  way: Way,
  follow: (transition: AnyTransitionDefinition, way: Way) => void,
  land: (to: string, way: Way) => void,
): void {
  const { parent } = final;
  if (parent === undefined) return;
  const done = (node: AnyStateNode, so: Way): void => {
    if (node.parent === undefined) land(END, so);
    else for (const transition of heardWhenDone(node)) follow(transition, so);
  };
  if (parent.type !== "parallel") done(parent, way);
  const joined = { ...way, joins: true };
  let around: AnyStateNode | undefined = parent.type === "parallel" ? parent : parent.parent;
  for (; around?.type === "parallel"; around = around.parent) done(around, joined);
}

/**
 * The transitions that may be taken when a state is done: its `onDone`, and any `"*"` of its ancestors and of the regions beside
 * it, which hear XState's own event as well.
 */
function heardWhenDone(node: AnyStateNode): AnyTransitionDefinition[] {
  const event = `xstate.done.state.${node.id}`;
  const heard: AnyTransitionDefinition[] = [];
  for (const at of upward(node)) {
    const candidates = answersTo(at, event);
    const last = candidates.findIndex((transition) => transition.guard === undefined);
    heard.push(...(last === -1 ? candidates : candidates.slice(0, last + 1)));
    if (last !== -1) break;
  }
  const around = [...upward(node)].findLast((at) => at !== node && at.type === "parallel");
  const beside = around === undefined ? [] : [...everyNode(around)].filter((at) => !isWithin(node, at));
  return [...heard, ...beside.flatMap((at) => answersTo(at, event))];
}

/** What a state says about one event: its exact transitions first, then the longer patterns. */
export const answersTo = (node: AnyStateNode, event: string): AnyTransitionDefinition[] =>
  [...node.transitions]
    .filter(([descriptor]) => covers(descriptor, event))
    .sort(([one], [other]) => (one === event ? -1 : other === event ? 1 : other.length - one.length))
    .flatMap(([, transitions]) => transitions);

/** The leaves a transition enters: those of its targets, and the other regions of the parallel states it enters anew. */
export function enteredLeaves(transition: AnyTransitionDefinition): AnyStateNode[] {
  const targets = transition.target ?? [];
  const domain = domainOf(transition, targets);
  return targets.flatMap((target) => [...initialLeaves(target), ...placesOf(target).flatMap((place) => besides(place, domain, targets))]);
}

/** A history state stands for what it may restore, which can lie elsewhere when it names a default target. */
const placesOf = (target: AnyStateNode): AnyStateNode[] => [target, ...(target.type === "history" ? defaultsOf(target) : [])];

function besides(target: AnyStateNode, domain: AnyStateNode | undefined, targets: readonly AnyStateNode[]): AnyStateNode[] {
  const leaves: AnyStateNode[] = [];
  let inner = target;
  for (const ancestor of upward(target)) {
    if (ancestor !== target && ancestor.type === "parallel") {
      const others = regionsOf(ancestor).filter((child) => child !== inner && !targets.some((other) => isWithin(other, child)));
      leaves.push(...others.flatMap((other) => initialLeaves(other)));
    }
    if (ancestor === domain) break;
    inner = ancestor;
  }
  return leaves;
}

/** The innermost state that is not left: what lies between it and the targets is entered anew. */
function domainOf(transition: AnyTransitionDefinition, targets: readonly AnyStateNode[]): AnyStateNode | undefined {
  const { source } = transition;
  const places = targets.flatMap(placesOf);
  if (!transition.reenter && places.every((place) => isWithin(place, source))) return source;
  for (let node = source.parent; node !== undefined; node = node.parent) {
    const around = node;
    if (places.every((place) => place !== around && isWithin(place, around))) return node;
  }
  return undefined;
}

function initialLeaves(node: AnyStateNode, seen: readonly AnyStateNode[] = []): AnyStateNode[] {
  switch (node.type) {
    case "compound":
      return node.initial.target.flatMap((target) => initialLeaves(target, seen));
    case "parallel":
      return regionsOf(node).flatMap((region) => initialLeaves(region, seen));
    case "history":
      return seen.includes(node) ? [] : restoredBy(node, [...seen, node]);
    default:
      return [node];
  }
}

/** What a history state may restore: any leaf beside it (deep), any child's initial ones (shallow), or its default. */
function restoredBy(history: AnyStateNode, seen: readonly AnyStateNode[]): AnyStateNode[] {
  const { parent } = history;
  if (parent === undefined) return [];
  const past = regionsOf(parent).flatMap((child) => (history.history === "deep" ? leavesBelow(child) : initialLeaves(child, seen)));
  return [...new Set([...defaultsOf(history).flatMap((target) => initialLeaves(target, seen)), ...past])];
}

/** Where a history state leads before there is a history; its parent's initial state unless it says otherwise. */
function defaultsOf(history: AnyStateNode): AnyStateNode[] {
  const { parent } = history;
  const written: unknown = (history.config as { target?: unknown }).target; // as the user wrote it: XState resolves it when it is used
  return [written ?? []].flat().flatMap((target) => {
    if (typeof target !== "string" || parent === undefined) return [];
    if (target.startsWith("#")) return [parent.machine.getStateNodeById(target)];
    let at: AnyStateNode | undefined = parent;
    for (const key of target.split(".")) if (key !== "") at = at?.states[key];
    return at === undefined ? [] : [at];
  });
}

const leavesBelow = (node: AnyStateNode): AnyStateNode[] => {
  const children = regionsOf(node);
  return children.length === 0 ? [node] : children.flatMap(leavesBelow);
};
