import { initialTransition, type AnyMachineSnapshot, type AnyStateMachine } from "xstate";
import { InvalidDefinitionError, type Issue } from "../base/errors.js";
import { jsonIssue } from "../base/json.js";
import { provided } from "./data/provide.js";
import { isPattern } from "./descriptor.js";
import { alwaysTargets, edgesOf, joinTargets, readArrows, type Edge } from "./edges.js";
import { fingerprintOf, formerFingerprints } from "./fingerprint.js";
import { impurities } from "./purity.js";
import type { Chart, ChartOptions } from "./reading.js";
import { stepper } from "./step.js";
import { everyNode, readTree, upward, type Tree } from "./tree.js";

export { chartLabel, speaks, type Chart, type ChartOptions, type ChartPlace, type EventSchemas } from "./reading.js";

/** Most steps XState may take inside one event before we call it endless. */
const MAX_MICROSTEPS = 1_000;
const MAX_CONTEXT_BYTES = 65_536;

/**
 * Reads a machine into a chart.
 * @throws InvalidDefinitionError with every effect, timer, actor or reserved name it holds, and the place.
 */
export function readChart(machine: AnyStateMachine, options: ChartOptions): Chart {
  const bounded = provided(machine);
  const issues = impurities(bounded);
  if (issues.length > 0) throw new InvalidDefinitionError(`The machine of "${options.name}"`, issues);
  bounded.options = { ...bounded.options, maxIterations: MAX_MICROSTEPS };
  const tree = readTree(bounded);
  const [initial] = initialTransition(bounded);
  const startIssues = initialIssues(initial, options);
  if (startIssues.length > 0) throw new InvalidDefinitionError(`The machine of "${options.name}"`, startIssues);
  const reading = readArrows(tree);
  const { arrows, inputs, targets } = reading;
  const vocabulary = vocabularyOf(bounded);
  const fingerprint = fingerprintOf(tree, initial, options);
  let edges: readonly Edge[] | undefined;
  let former: readonly string[] | undefined;
  const chart: Chart = {
    name: options.name,
    version: options.version ?? "1",
    fingerprint,
    isFingerprint(stored) {
      if (stored === fingerprint) return true;
      former ??= formerOnes(tree, options);
      return former.includes(stored);
    },
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
    agentIds: agentIdsOf(tree, options.bindings ?? {}),
    initial,
    step: stepper(() => chart),
  };
  return chart;
}

/** What earlier releases called this chart, and the chart it was before. */
function formerOnes(tree: Tree, options: ChartOptions): string[] {
  const own = [...formerFingerprints(tree, options.bindings)];
  const { formerly, events, formerEvents = events } = options;
  if (formerly === undefined && formerEvents === events) return own;
  const machine = formerly === undefined ? tree.machine : provided(formerly());
  const before = readTree(machine);
  const [initial] = initialTransition(machine);
  const second = fingerprintOf(before, initial, { ...options, ...(formerEvents === undefined ? {} : { events: formerEvents }) });
  return [...own, ...formerFingerprints(before, options.bindings), second];
}

/** Bindings may name a phase by its dotted path. */
function agentIdsOf(tree: Tree, bindings: Readonly<Record<string, string>>): Map<string, string> {
  const given = new Map(Object.entries(bindings));
  return new Map(
    [...tree.phases.values()].flatMap(({ name, path }) => {
      const id = given.get(name) ?? given.get(path.join("."));
      return id === undefined ? [] : [[name, id] as const];
    }),
  );
}

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
