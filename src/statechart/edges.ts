import type { AnyStateNode, AnyTransitionDefinition } from "xstate";
import { childrenOf, isWithin, phaseName, upward, type Tree } from "./tree.js";
import { END, EVENT, START } from "./vocabulary.js";

/** One arrow of the picture: what can happen in a phase, and where it leads. Guards are not evaluated. */
export interface Edge {
  /** A phase, or `"__start__"`. */
  readonly from: string;
  /** The event's type; `"REPLY"` where a reply ends the run, `""` for the way in. */
  readonly event: string;
  /** A phase, or `"__end__"`. */
  readonly to: string;
  readonly guarded: boolean;
  /** The target starts only when the other regions of the parallel state are done too. */
  readonly joins: boolean;
}

interface Landing {
  readonly to: string;
  readonly guarded: boolean;
  readonly joins: boolean;
}

/** Every edge of the chart, in document order, without duplicates. Linear in states × transitions. */
export function readEdges(tree: Tree): Edge[] {
  const edges = new Map<string, Edge>();
  const add = (from: string, event: string, landing: Landing): void => {
    const key = `${from}\n${event}\n${landing.to}`;
    const known = edges.get(key);
    if (known === undefined || (known.guarded && !landing.guarded)) edges.set(key, { from, event, ...landing });
  };
  const first = restingPlaces(initialLeaves(tree.machine.root), false);
  for (const landing of first) add(START, "", landing);
  for (const [name, node] of tree.nodes) {
    const waits = tree.phases.get(name)?.waits === true;
    let movesOnInput = false;
    for (const [event, transition] of handledBy(node)) {
      const onInput = event === EVENT.INPUT;
      if (onInput && transition.guard === undefined && transition.target !== undefined) movesOnInput = true;
      for (const landing of landings(node, transition)) {
        if (!onInput) add(name, event, landing);
        else if (!first.some((known) => known.to === landing.to)) add(START, event, landing);
      }
    }
    if (!waits) continue;
    add(name, "REPLY", { to: END, guarded: false, joins: false });
    if (!movesOnInput && !first.some((landing) => landing.to === name)) add(START, EVENT.INPUT, { to: name, guarded: false, joins: false });
  }
  return [...edges.values()];
}

/** The phases that start when every region of a parallel state is done. */
export function joinTargets(parallel: AnyStateNode): string[] {
  return doneTransitions(parallel)
    .flatMap((transition) => landings(parallel, transition).map((landing) => landing.to))
    .filter((to) => to !== END);
}

/** The transitions a leaf answers to: its own first, then its ancestors', as far as no inner one surely takes the event. */
export function* handledBy(leaf: AnyStateNode): Generator<readonly [event: string, transition: AnyTransitionDefinition]> {
  const settled = new Set<string>();
  for (const node of upward(leaf)) {
    for (const [event, transitions] of node.transitions) {
      if (event.startsWith("xstate.") || settled.has(event)) continue;
      for (const transition of transitions) {
        const forbids = transition.target === undefined && transition.actions.length === 0;
        if (!forbids) yield [event, transition];
        if (transition.guard !== undefined) continue;
        settled.add(event);
        break;
      }
    }
  }
}

function landings(source: AnyStateNode, transition: AnyTransitionDefinition): Landing[] {
  const guarded = transition.guard !== undefined;
  if (transition.target === undefined) return source.type === "atomic" ? restingPlaces([source], guarded) : [];
  return restingPlaces(
    transition.target.flatMap((target) => enteredLeaves(source, target)),
    guarded,
  );
}

/** The leaves that a transition to `target` enters: the target's own, and the other regions of parallel states it newly enters. */
function enteredLeaves(source: AnyStateNode, target: AnyStateNode): AnyStateNode[] {
  const leaves = initialLeaves(target);
  let inner = target;
  for (const ancestor of upward(target)) {
    if (ancestor !== target) {
      if (isWithin(source, ancestor)) break;
      if (ancestor.type === "parallel")
        leaves.push(
          ...childrenOf(ancestor)
            .filter((child) => child !== inner)
            .flatMap(initialLeaves),
        );
    }
    inner = ancestor;
  }
  return leaves;
}

function initialLeaves(node: AnyStateNode): AnyStateNode[] {
  switch (node.type) {
    case "compound":
      return node.initial.target.flatMap(initialLeaves);
    case "parallel":
      return childrenOf(node).flatMap(initialLeaves);
    case "history":
      return node.parent === undefined ? [] : leavesBelow(node.parent);
    default:
      return [node];
  }
}

const leavesBelow = (node: AnyStateNode): AnyStateNode[] =>
  node.type === "history" ? [] : childrenOf(node).length === 0 ? [node] : childrenOf(node).flatMap(leavesBelow);

/** Follows `always` and `onDone` from the entered leaves to where the chart can come to rest. */
function restingPlaces(leaves: readonly AnyStateNode[], guarded: boolean): Landing[] {
  const places: Landing[] = [];
  const seen = new Set<AnyStateNode>();
  const visit = (leaf: AnyStateNode, isGuarded: boolean, joins: boolean): void => {
    if (seen.has(leaf)) return;
    seen.add(leaf);
    for (const node of upward(leaf)) {
      for (const transition of node.always ?? []) {
        const follows = transition.target?.flatMap((target) => enteredLeaves(node, target)) ?? [];
        for (const next of follows) visit(next, isGuarded || transition.guard !== undefined, joins);
        if (transition.guard === undefined && follows.length > 0) return;
      }
    }
    if (leaf.type === "final") finish(leaf, isGuarded, joins);
    else places.push({ to: phaseName(leaf), guarded: isGuarded, joins });
  };
  const finish = (final: AnyStateNode, isGuarded: boolean, joins: boolean): void => {
    const parent = final.parent;
    if (parent === undefined || parent.parent === undefined) {
      places.push({ to: END, guarded: isGuarded, joins });
      return;
    }
    const transitions = doneTransitions(parent);
    for (const transition of transitions) {
      for (const next of transition.target?.flatMap((target) => enteredLeaves(parent, target)) ?? [])
        visit(next, isGuarded || transition.guard !== undefined, joins);
    }
    if (parent.parent.type === "parallel") finishRegion(parent.parent, isGuarded);
  };
  const finishRegion = (parallel: AnyStateNode, isGuarded: boolean): void => {
    if (parallel.parent === undefined) {
      places.push({ to: END, guarded: isGuarded, joins: true });
      return;
    }
    for (const transition of doneTransitions(parallel)) {
      for (const next of transition.target?.flatMap((target) => enteredLeaves(parallel, target)) ?? [])
        visit(next, isGuarded || transition.guard !== undefined, true);
    }
    if (parallel.parent.type === "parallel") finishRegion(parallel.parent, isGuarded);
  };
  for (const leaf of leaves) visit(leaf, guarded, false);
  return places;
}

const doneTransitions = (node: AnyStateNode): AnyTransitionDefinition[] => node.transitions.get(`xstate.done.state.${node.id}`) ?? [];
