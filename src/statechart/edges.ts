import type { AnyStateNode } from "xstate";
import { covers, isPattern } from "./descriptor.js";
import { landingsIn, landingsOf, merged, type Landing } from "./landing.js";
import { upward, type Tree } from "./tree.js";
import { END, EVENT, START } from "./vocabulary.js";

/** What an event can lead to. Guards are not evaluated. */
export interface Arrow extends Landing {
  /** The event's type, or the pattern that stands for it; `"REPLY"` where a reply ends the run, `""` for the way in. */
  readonly event: string;
  /** The agent's reply to the user, which is no event of the chart. */
  readonly isReply?: true;
}

/** One arrow of the picture, with the phase (or `"__start__"`) it leaves. */
export interface Edge extends Arrow {
  readonly from: string;
}

/** How the picture calls a reply that ends the run. A chart may have an event of that name as well. */
const REPLY = "REPLY";

/** All arrows of a chart by the phase they leave, in document order and without duplicates. */
export type Arrows = ReadonlyMap<string, readonly Arrow[]>;

/** The arrows of a chart, and what was met on the way. */
export interface Reading {
  readonly arrows: Arrows;
  /** Where a new input leads from each phase; in `arrows` they all leave the start, where an input comes in. */
  readonly inputs: Arrows;
  /** The places that some arrow leads to. */
  readonly targets: ReadonlySet<string>;
  /** The leaves that are passed without rest on the way in, and on what each phase hears: final states, and those with `always`. */
  passedFrom(place: string): readonly AnyStateNode[];
}

/** What one state itself says about one event: where it leads, and whether its ancestors are still asked. */
interface Answer {
  readonly event: string;
  readonly arrows: readonly Arrow[];
  readonly passed: readonly AnyStateNode[];
  /** Set when a transition without a target keeps the leaf that hears the event; true when all such have a guard. */
  readonly staysGuarded: boolean | undefined;
  readonly settles: boolean;
  readonly movesSurely: boolean;
}

/**
 * Reads the arrows of a chart. What a state answers is read once, however many phases inherit it, and its arrows are shared:
 * a mesh of n agents costs n readings and n² pointers.
 */
export function readArrows(tree: Tree): Reading {
  const answers = new Map<AnyStateNode, readonly Answer[]>();
  const begin = landingsIn(tree.machine.root);
  const starts = begin.landings.map((landing): Arrow => ({ event: "", ...landing }));
  const arrows = new Map<string, readonly Arrow[]>();
  const inputs = new Map<string, readonly Arrow[]>();
  const staying: Arrow[] = [];
  for (const [name, leaf] of tree.nodes) {
    const heard = heardBy(leaf, answers);
    const list: Arrow[] = [];
    const fromInput: Arrow[] = [];
    let { mayRepeat } = heard;
    let [takesInput, movesOnInput] = [false, false];
    for (const { event, arrows: found, staysGuarded, settles, movesSurely } of heard.answers) {
      const mine = staysGuarded === undefined ? found : [...found, ...stays(leaf, event, staysGuarded, staying)];
      if (mine !== found) mayRepeat = true;
      if (event !== EVENT.INPUT) for (const arrow of mine) list.push(arrow);
      if (takesInput || !covers(event, EVENT.INPUT)) continue;
      for (const arrow of mine) fromInput.push(event === EVENT.INPUT ? arrow : { ...arrow, event: EVENT.INPUT });
      takesInput = settles;
      movesOnInput = settles && movesSurely;
    }
    if (tree.phases.get(name)?.waits === true) {
      list.push({ event: REPLY, to: END, guarded: false, joins: false, assigns: false, isReply: true });
      if (!movesOnInput) fromInput.push({ event: EVENT.INPUT, to: name, guarded: false, joins: false, assigns: false });
    }
    arrows.set(name, mayRepeat ? distinct(list) : list);
    if (fromInput.length > 0) inputs.set(name, distinct(fromInput));
  }
  const first = new Set(starts.map((arrow) => arrow.to));
  arrows.set(START, [...starts, ...distinct([...inputs.values()].flat()).filter((arrow) => !first.has(arrow.to))]);
  const shared = [...answers.values()].flatMap((list) => list.flatMap((answer) => answer.arrows));
  return {
    arrows,
    inputs,
    targets: new Set([...starts, ...shared, ...staying].map((arrow) => arrow.to)),
    passedFrom(place) {
      const leaf = tree.nodes.get(place);
      return leaf === undefined ? begin.passed : heardBy(leaf, answers).answers.flatMap((answer) => answer.passed);
    },
  };
}

/** The arrows as edges, each with where it begins. */
export function edgesOf(arrows: Arrows): Edge[] {
  return [...arrows].flatMap(([from, list]) => list.map((arrow) => ({ from, ...arrow })));
}

/** The phases that eventless transitions of a state may start. */
export function alwaysTargets(node: AnyStateNode): string[] {
  return (node.always ?? []).flatMap(targetsOf);
}

/** The phases that start when every region of a parallel state is done. */
export function joinTargets(parallel: AnyStateNode): string[] {
  return (parallel.transitions.get(`xstate.done.state.${parallel.id}`) ?? []).flatMap(targetsOf);
}

const targetsOf = (transition: Parameters<typeof landingsOf>[0]): string[] =>
  landingsOf(transition)
    .landings.map((landing) => landing.to)
    .filter((to) => to !== END);

/** A transition without a target leaves the leaf where it is, but what it assigns may open an `always`. */
function stays(leaf: AnyStateNode, event: string, guarded: boolean, staying: Arrow[]): Arrow[] {
  const found = landingsIn(leaf, { guarded, joins: false, assigns: true }).landings.map((landing): Arrow => ({ event, ...landing }));
  staying.push(...found.slice(1)); // the first is the leaf itself
  return found;
}

/** Each event and target once; of two, the one that asks for less. */
function distinct(arrows: readonly Arrow[]): Arrow[] {
  const known = new Map<string, Arrow>();
  for (const arrow of arrows) {
    const key = `${arrow.event}\n${arrow.to}\n${arrow.isReply ?? false}`;
    const before = known.get(key);
    known.set(key, before === undefined ? arrow : merged(before, arrow));
  }
  return [...known.values()];
}

/** What a leaf hears: its own answers first, then its ancestors', as far as no inner one surely takes the event. */
function heardBy(
  leaf: AnyStateNode,
  known: Map<AnyStateNode, readonly Answer[]>,
): { readonly answers: readonly Answer[]; readonly mayRepeat: boolean } {
  const settled = new Map<string, boolean>();
  const patterns: string[] = [];
  const heard: Answer[] = [];
  let mayRepeat = false;
  for (const node of upward(leaf)) {
    const answers = known.get(node) ?? answersOf(node);
    known.set(node, answers);
    const taken = patterns.length;
    for (const answer of answers) {
      const before = settled.get(answer.event);
      if (before === true || (taken > 0 && patterns.slice(0, taken).some((pattern) => covers(pattern, answer.event)))) continue;
      if (before === false) mayRepeat = true;
      heard.push(answer);
      if (node.parent === undefined) continue;
      settled.set(answer.event, answer.settles);
      if (answer.settles && isPattern(answer.event)) patterns.push(answer.event);
    }
  }
  return { answers: heard, mayRepeat };
}

function answersOf(node: AnyStateNode): Answer[] {
  return [...node.transitions].sort(exactFirst).flatMap(([event, transitions]) => {
    if (event.startsWith("xstate.")) return [];
    const last = transitions.findIndex((transition) => transition.guard === undefined);
    const heard = last === -1 ? transitions : transitions.slice(0, last + 1);
    const falls = heard.map((transition) => landingsOf(transition));
    const arrows = falls.flatMap((fall) => fall.landings.map((landing): Arrow => ({ event, ...landing })));
    const stays = heard.filter((transition) => transition.target === undefined && transition.actions.length > 0);
    return {
      event,
      arrows: falls.length === 1 ? arrows : distinct(arrows),
      passed: falls.flatMap((fall) => fall.passed),
      staysGuarded: stays.length === 0 ? undefined : stays.every((transition) => transition.guard !== undefined),
      settles: last !== -1,
      movesSurely: transitions[last]?.target !== undefined,
    };
  });
}

/** XState asks what is written for an event before the patterns, and the longer of these first. */
const exactFirst = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number =>
  (isPattern(one) ? 1 + 1 / one.length : 0) - (isPattern(other) ? 1 + 1 / other.length : 0);
