import type { AnyStateNode, AnyTransitionDefinition } from "xstate";
import { childrenOf, isWithin, phaseName, upward, type Tree } from "./tree.js";
import { END, EVENT, START } from "./vocabulary.js";

/** What an event can lead to. Guards are not evaluated. */
export interface Arrow {
  /** The event's type; `"REPLY"` where a reply ends the run, `""` for the way in. */
  readonly event: string;
  /** A phase, or `"__end__"`. */
  readonly to: string;
  readonly guarded: boolean;
  /** The target starts only when the other regions of the parallel state are done too. */
  readonly joins: boolean;
}

/** One arrow of the picture, with the phase (or `"__start__"`) it leaves. */
export interface Edge extends Arrow {
  readonly from: string;
}

/** All arrows of a chart by the phase they leave, in document order and without duplicates. */
export type Arrows = ReadonlyMap<string, readonly Arrow[]>;

type Landing = Omit<Arrow, "event">;

/** What one state itself says about one event: where it leads, and whether its ancestors are still asked. */
interface Answer {
  readonly event: string;
  readonly arrows: readonly Arrow[];
  /** Set when a transition without a target keeps the leaf that hears the event; true when all such have a guard. */
  readonly staysGuarded: boolean | undefined;
  readonly settles: boolean;
  readonly movesSurely: boolean;
}

/**
 * Reads the arrows of a chart. What a state answers is read once, however many phases inherit it, and its arrows are shared:
 * a mesh of n agents costs n readings and n² pointers. `targets` are the places that some arrow leads to.
 */
export function readArrows(tree: Tree): { readonly arrows: Arrows; readonly targets: ReadonlySet<string> } {
  const answers = new Map<AnyStateNode, readonly Answer[]>();
  const starts = distinct(restingPlaces(initialLeaves(tree.machine.root), false).map((landing): Arrow => ({ event: "", ...landing })));
  const arrows = new Map<string, readonly Arrow[]>();
  const inputs: Arrow[] = [];
  for (const [name, leaf] of tree.nodes) {
    const heard = heardBy(leaf, answers);
    const list: Arrow[] = [];
    let movesOnInput = false;
    for (const { event, arrows: found, staysGuarded, movesSurely } of heard.answers) {
      const target = event === EVENT.INPUT ? inputs : list;
      for (const arrow of found) target.push(arrow);
      if (staysGuarded !== undefined) target.push({ event, to: name, guarded: staysGuarded, joins: false });
      if (event === EVENT.INPUT && movesSurely) movesOnInput = true;
    }
    if (tree.phases.get(name)?.waits === true) {
      list.push({ event: "REPLY", to: END, guarded: false, joins: false });
      if (!movesOnInput) inputs.push({ event: EVENT.INPUT, to: name, guarded: false, joins: false });
    }
    arrows.set(name, heard.mayRepeat ? distinct(list) : list);
  }
  const first = new Set(starts.map((arrow) => arrow.to));
  arrows.set(START, [...starts, ...distinct(inputs).filter((arrow) => !first.has(arrow.to))]);
  const shared = [...answers.values()].flatMap((list) => list.flatMap((answer) => answer.arrows));
  return { arrows, targets: new Set([...starts, ...shared].map((arrow) => arrow.to)) };
}

/** The arrows as edges, each with where it begins. */
export function edgesOf(arrows: Arrows): Edge[] {
  return [...arrows].flatMap(([from, list]) => list.map((arrow) => ({ from, ...arrow })));
}

/** The phases that eventless transitions of a state may start. */
export function alwaysTargets(node: AnyStateNode): string[] {
  return (node.always ?? []).flatMap((transition) => landings(transition).map((landing) => landing.to)).filter((to) => to !== END);
}

/** The phases that start when every region of a parallel state is done. */
export function joinTargets(parallel: AnyStateNode): string[] {
  return doneTransitions(parallel)
    .flatMap((transition) => landings(transition).map((landing) => landing.to))
    .filter((to) => to !== END);
}

/** Each event and target once; of two that differ in their guard only, the one without. */
function distinct(arrows: readonly Arrow[]): Arrow[] {
  const known = new Map<string, Arrow>();
  for (const arrow of arrows) {
    const key = `${arrow.event}\n${arrow.to}`;
    if (known.get(key)?.guarded !== false) known.set(key, arrow);
  }
  return [...known.values()];
}

/** What a leaf hears: its own answers first, then its ancestors', as far as no inner one surely takes the event. */
function heardBy(
  leaf: AnyStateNode,
  known: Map<AnyStateNode, readonly Answer[]>,
): { readonly answers: readonly Answer[]; readonly mayRepeat: boolean } {
  const settled = new Map<string, boolean>();
  const heard: Answer[] = [];
  let mayRepeat = false;
  for (const node of upward(leaf)) {
    const answers = known.get(node) ?? answersOf(node);
    known.set(node, answers);
    for (const answer of answers) {
      const before = settled.get(answer.event);
      if (before === true) continue;
      if (before === false) mayRepeat = true;
      heard.push(answer);
      if (node.parent !== undefined) settled.set(answer.event, answer.settles);
    }
  }
  return { answers: heard, mayRepeat };
}

function answersOf(node: AnyStateNode): Answer[] {
  return [...node.transitions].flatMap(([event, transitions]) => {
    if (event.startsWith("xstate.")) return [];
    const last = transitions.findIndex((transition) => transition.guard === undefined);
    const heard = last === -1 ? transitions : transitions.slice(0, last + 1);
    const stays = heard.filter((transition) => transition.target === undefined && transition.actions.length > 0);
    return {
      event,
      arrows: distinct(heard.flatMap((transition) => landings(transition).map((landing): Arrow => ({ event, ...landing })))),
      staysGuarded: stays.length === 0 ? undefined : stays.every((transition) => transition.guard !== undefined),
      settles: last !== -1,
      movesSurely: transitions[last]?.target !== undefined,
    };
  });
}

function landings(transition: AnyTransitionDefinition): Landing[] {
  return restingPlaces(enteredLeaves(transition), transition.guard !== undefined);
}

/** The leaves a transition enters: those of its targets, and the other regions of the parallel states it enters anew. */
function enteredLeaves(transition: AnyTransitionDefinition): AnyStateNode[] {
  const targets = transition.target ?? [];
  const domain = domainOf(transition, targets);
  return targets.flatMap((target) => {
    const leaves = initialLeaves(target);
    let inner = target;
    for (const ancestor of upward(target)) {
      if (ancestor !== target && ancestor.type === "parallel") {
        const others = childrenOf(ancestor).filter((child) => child !== inner && !targets.some((other) => isWithin(other, child)));
        leaves.push(...others.flatMap(initialLeaves));
      }
      if (ancestor === domain) break;
      inner = ancestor;
    }
    return leaves;
  });
}

/** The innermost state that is not left: what lies between it and the targets is entered anew. */
function domainOf(transition: AnyTransitionDefinition, targets: readonly AnyStateNode[]): AnyStateNode | undefined {
  const { source } = transition;
  if (!transition.reenter && targets.every((target) => isWithin(target, source))) return source;
  return [...upward(source)].slice(1).find((node) => targets.every((target) => target !== node && isWithin(target, node)));
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
        const follows = enteredLeaves(transition);
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
      for (const next of enteredLeaves(transition)) visit(next, isGuarded || transition.guard !== undefined, joins);
    }
    if (parent.parent.type === "parallel") finishRegion(parent.parent, isGuarded);
  };
  const finishRegion = (parallel: AnyStateNode, isGuarded: boolean): void => {
    if (parallel.parent === undefined) {
      places.push({ to: END, guarded: isGuarded, joins: true });
      return;
    }
    for (const transition of doneTransitions(parallel)) {
      for (const next of enteredLeaves(transition)) visit(next, isGuarded || transition.guard !== undefined, true);
    }
    if (parallel.parent.type === "parallel") finishRegion(parallel.parent, isGuarded);
  };
  for (const leaf of leaves) visit(leaf, guarded, false);
  return places;
}

const doneTransitions = (node: AnyStateNode): AnyTransitionDefinition[] => node.transitions.get(`xstate.done.state.${node.id}`) ?? [];
