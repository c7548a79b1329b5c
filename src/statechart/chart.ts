import { initialTransition, type AnyMachineSnapshot, type AnyStateMachine, type AnyStateNode } from "xstate";
import type { z } from "zod";
import { InvalidDefinitionError, type Issue } from "../base/errors.js";
import { fingerprint } from "../base/hash.js";
import { jsonIssue } from "../base/json.js";
import { covers, isPattern } from "./descriptor.js";
import { alwaysTargets, edgesOf, joinTargets, readArrows, type Arrows, type Edge } from "./edges.js";
import { impurities } from "./purity.js";
import { everyNode, phaseName, readTree, upward, type Phase, type Tree } from "./tree.js";
import { BOOKKEEPING, EVENT } from "./vocabulary.js";

/** Payload schemas by event type. An event without one may carry any plain JSON. */
export type EventSchemas = Readonly<Record<string, z.ZodType>>;

export interface ChartOptions {
  readonly name: string;
  /** Your own version of the definition; shown in errors and stored in every thread. Default `"1"`. */
  readonly version?: string | undefined;
  readonly events?: EventSchemas | undefined;
  /** What a new input does when the chart has reached its end: begin again, or be refused. Default `"restart"`. */
  readonly whenDone?: "restart" | "refuse" | undefined;
  /** Transitions kept in the trail. Default 1,000, limit 100,000; the newest stay. */
  readonly trailLimit?: number | undefined;
  /** Part of the fingerprint beside the machine: which agent works in which phase. */
  readonly bindings?: Readonly<Record<string, string>> | undefined;
}

/** A machine, read once: everything the kernel asks of it per step is a look-up here. */
export interface Chart {
  readonly name: string;
  readonly version: string;
  /** Changes with the states, transitions, guard names and bindings. */
  readonly fingerprint: string;
  readonly machine: AnyStateMachine;
  readonly phases: ReadonlyMap<string, Phase>;
  /** Everything the picture shows. Made when asked for: the kernel reads {@link arrows}. */
  readonly edges: readonly Edge[];
  readonly arrows: Arrows;
  /** Where a new input leads from each phase. In {@link arrows} they all leave the start, where an input comes in. */
  readonly inputs: Arrows;
  /** The leaves that are passed without rest on what a phase (or `"__start__"`) hears: final states, and those with `always`. */
  passedFrom(place: string): readonly AnyStateNode[];
  /** Phases in which the chart can come to rest; those it only passes through need no agent. */
  readonly rests: ReadonlySet<string>;
  /** Event types that some state accepts; `"*"` patterns included as written. */
  readonly vocabulary: ReadonlySet<string>;
  /** Those of the vocabulary that stand for many types. */
  readonly patterns: readonly string[];
  /** Phases that may start when a parallel state around this one is complete. */
  readonly joinsFrom: ReadonlyMap<string, readonly string[]>;
  /** Phases that a guarded `always` around a phase of a region may start: what one region does may open a guard in another. */
  readonly wakesFrom: ReadonlyMap<string, readonly string[]>;
  readonly hasParallel: boolean;
  readonly events: EventSchemas;
  readonly whenDone: "restart" | "refuse";
  readonly trailLimit: number;
  readonly initial: AnyMachineSnapshot;
}

/** Most steps XState may take inside one event before we call it endless. */
const MAX_MICROSTEPS = 1_000;
const MAX_CONTEXT_BYTES = 65_536;

/**
 * Reads a machine into a chart.
 * @throws InvalidDefinitionError with every effect, timer, actor or reserved name it holds, and the place.
 */
export function readChart(machine: AnyStateMachine, options: ChartOptions): Chart {
  const issues = impurities(machine);
  if (issues.length > 0) throw new InvalidDefinitionError(`The machine of "${options.name}"`, issues);
  const bounded = machine.provide({});
  bounded.options = { ...bounded.options, maxIterations: MAX_MICROSTEPS };
  const tree = readTree(bounded);
  const [initial] = initialTransition(bounded);
  const startIssues = initialIssues(initial, options);
  if (startIssues.length > 0) throw new InvalidDefinitionError(`The machine of "${options.name}"`, startIssues);
  const reading = readArrows(tree);
  const { arrows, inputs, targets } = reading;
  const vocabulary = vocabularyOf(bounded);
  let edges: readonly Edge[] | undefined;
  return {
    name: options.name,
    version: options.version ?? "1",
    fingerprint: fingerprint(JSON.stringify([describe(tree), Object.entries(options.bindings ?? {}).sort()])),
    machine: bounded,
    phases: tree.phases,
    get edges() {
      return (edges ??= edgesOf(arrows));
    },
    arrows,
    inputs,
    passedFrom: (place) => reading.passedFrom(place),
    rests: new Set([...tree.phases.keys()].filter((phase) => targets.has(phase))),
    vocabulary,
    patterns: [...vocabulary].filter(isPattern),
    joinsFrom: joinsOf(tree),
    wakesFrom: wakesOf(tree),
    hasParallel: tree.hasParallel,
    events: options.events ?? {},
    whenDone: options.whenDone ?? "restart",
    trailLimit: options.trailLimit ?? 1_000,
    initial,
  };
}

/** True when some state of the chart may accept an event of this type. Asked before XState is, which keeps a cache entry per type it sees. */
export function speaks(chart: Chart, type: string): boolean {
  if (type.startsWith("xstate.") || type === BOOKKEEPING.ENTER || type === BOOKKEEPING.REPLY || type === "*" || type === "") return false;
  if (chart.vocabulary.has(type) || type === EVENT.INPUT) return true;
  return type.length <= 100 && chart.patterns.some((pattern) => covers(pattern, type));
}

/** `name@version` and the fingerprint, as errors show it. */
export const chartLabel = (chart: { readonly name: string; readonly version: string; readonly fingerprint: string }): string =>
  `"${chart.name}" version ${chart.version} (${chart.fingerprint})`;

function initialIssues(initial: AnyMachineSnapshot, options: ChartOptions): Issue[] {
  if (initial.status === "error") {
    return [{ path: "initial", code: "NO_START", message: `the machine cannot start: ${String(initial.error)}` }];
  }
  const limit = options.trailLimit ?? 1_000;
  const contextIssue = jsonIssue(initial.context, MAX_CONTEXT_BYTES);
  return [
    ...(contextIssue === undefined
      ? []
      : [{ path: "context", code: "CONTEXT_NOT_JSON", message: `the context ${contextIssue}; it is stored in every checkpoint` }]),
    ...(Number.isInteger(limit) && limit >= 0 && limit <= 100_000
      ? []
      : [{ path: "trailLimit", code: "BAD_LIMIT", message: "must be a whole number from 0 to 100,000" }]),
  ];
}

function vocabularyOf(machine: AnyStateMachine): Set<string> {
  const types = new Set<string>();
  for (const node of everyNode(machine.root)) {
    for (const type of node.transitions.keys()) if (!type.startsWith("xstate.")) types.add(type);
  }
  return types;
}

function joinsOf(tree: Tree): Map<string, string[]> {
  const joins = new Map<string, string[]>();
  if (!tree.hasParallel) return joins;
  for (const [name, leaf] of tree.nodes) {
    const targets = [...upward(leaf)].filter((node) => node.type === "parallel").flatMap(joinTargets);
    if (targets.length > 0) joins.set(name, [...new Set(targets)]);
  }
  return joins;
}

function wakesOf(tree: Tree): Map<string, string[]> {
  const wakes = new Map<string, string[]>();
  if (!tree.hasParallel) return wakes;
  for (const [name, leaf] of tree.nodes) {
    const outermost = [...upward(leaf)].findLast((node) => node.type === "parallel");
    if (outermost === undefined) continue;
    const targets = [...everyNode(outermost), ...upward(outermost)].flatMap(alwaysTargets);
    if (targets.length > 0) wakes.set(name, [...new Set(targets)]);
  }
  return wakes;
}

/** What a chart means, the same in whatever order its states, events and tags are written. */
function describe(tree: Tree): unknown {
  const states = [...everyNode(tree.machine.root)].map((node): readonly [place: string, ...unknown[]] => [
    node.path.join("\n"),
    phaseName(node), // a graph's node is called so: under another name, what is parked there would be lost
    node.type,
    node.history,
    node.type === "history" ? (node.config as { target?: unknown }).target : undefined,
    [...node.tags].sort(),
    node.type === "compound" ? node.initial.target.map((target) => target.path) : [],
    [...node.transitions, ["always", node.always ?? []] as const]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([event, list]) => [
        event,
        list.map((transition) => [
          transition.target?.map((target) => target.path),
          guardName(transition.guard),
          transition.actions.length,
          transition.reenter,
        ]),
      ]),
  ]);
  return states.sort(([one], [other]) => (one < other ? -1 : 1));
}

function guardName(guard: unknown): string | null {
  if (guard === undefined) return null;
  if (typeof guard === "string") return guard;
  return typeof guard === "object" && guard !== null && "type" in guard ? JSON.stringify(guard) : "inline";
}
