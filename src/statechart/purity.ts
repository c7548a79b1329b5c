import type { AnyStateMachine, AnyStateNode } from "xstate";
import type { Issue } from "../base/errors.js";
import { enteredLeaves } from "./landing.js";
import { childrenOf, everyNode, isWithin, upward } from "./tree.js";
import { isOfKernel } from "./vocabulary.js";

/**
 * What a policy chart may not hold, each with its place. The chart is replayed, forked and edited, so it has no effects:
 * effects live in nodes, deadlines are data to a scheduler.
 */
export function impurities(machine: AnyStateMachine): Issue[] {
  const nodes = [...everyNode(machine.root)];
  return [...nodes.flatMap((node) => [...stateIssues(node), ...actionIssues(node)]), ...endlessAlways(nodes)];
}

function stateIssues(node: AnyStateNode): Issue[] {
  const path = placeOf(node);
  const issues: Issue[] = [];
  const config = node.config as { invoke?: unknown; after?: unknown };
  if (config.invoke !== undefined) {
    issues.push({ path: `${path}.invoke`, code: "INVOKED_ACTOR", message: "a chart starts no actors; bind an agent to the phase instead" });
  }
  if (config.after !== undefined) {
    issues.push({
      path: `${path}.after`,
      code: "DELAYED_TRANSITION",
      message: "a chart holds no timers; send an event when the time has come",
    });
  }
  if (node.parent === undefined && childrenOf(node).length === 0) {
    issues.push({ path: "states", code: "NO_STATES", message: "the machine has no states; give it at least one with an agent" });
  }
  for (const descriptor of node.transitions.keys()) {
    if (isOfKernel(descriptor)) {
      issues.push({
        path: `${path}.on["${descriptor}"]`,
        code: "RESERVED_EVENT",
        message: "this event name belongs to the kernel; choose another",
      });
    }
  }
  if (node.always?.some((transition) => transition.guard === undefined && enteredLeaves(transition).some((leaf) => isWithin(leaf, node)))) {
    issues.push({
      path: `${path}.always`,
      code: "ENDLESS_ALWAYS",
      message: "an unguarded always leads back into the state it leaves; give it a guard",
    });
  }
  return issues;
}

function actionIssues(node: AnyStateNode): Issue[] {
  const path = placeOf(node);
  const places: (readonly [string, readonly unknown[]])[] = [
    [`${path}.entry`, node.entry],
    [`${path}.exit`, node.exit],
    ...[...node.transitions].flatMap(([descriptor, list]) => list.map((t) => [`${path}.on["${descriptor}"]`, t.actions] as const)),
    ...(node.always ?? []).map((transition) => [`${path}.always`, transition.actions] as const),
  ];
  return places.flatMap(([place, actions]) =>
    actions
      .map((action) => actionType(node.machine, action))
      .flatMap((type) =>
        type === "xstate.assign"
          ? []
          : [{ path: place, code: "EFFECT_IN_CHART", message: `only assign() may stand here, not ${type}; effects belong in agents` }],
      ),
  );
}

function actionType(machine: AnyStateMachine, action: unknown): string {
  if (typeof action === "function")
    return "type" in action ? String(action.type) : `the function ${action.name === "" ? "(anonymous)" : action.name}`;
  const name = typeof action === "string" ? action : String((action as { type?: unknown }).type);
  const implementation: unknown = machine.implementations.actions[name];
  if (implementation === undefined) return `the action "${name}", which has no implementation`;
  return implementation === action ? `the action "${name}"` : actionType(machine, implementation);
}

/** Cycles of `always` that nothing can stop: each leaf on them is surely left for the next. */
function endlessAlways(nodes: readonly AnyStateNode[]): Issue[] {
  const issues: Issue[] = [];
  const done = new Set<AnyStateNode>();
  for (const start of nodes) {
    const way = new Map<AnyStateNode, AnyStateNode>();
    let leaf: AnyStateNode | undefined = start.type === "atomic" ? start : undefined;
    while (leaf !== undefined && !done.has(leaf)) {
      done.add(leaf);
      const next = surelyNext(leaf);
      if (next === undefined) break;
      way.set(leaf, next.source);
      if (way.has(next.leaf)) issues.push(endless([...way], next.leaf));
      leaf = next.leaf;
    }
  }
  return issues;
}

function endless(way: readonly (readonly [leaf: AnyStateNode, source: AnyStateNode])[], first: AnyStateNode): Issue {
  const round = way.slice(way.findIndex(([leaf]) => leaf === first));
  const names = [...round.map(([leaf]) => leaf.path.join(".")), first.path.join(".")];
  const shown = names.length > 10 ? [...names.slice(0, 8), "…", first.path.join(".")] : names;
  return {
    path: `${placeOf(round[0]?.[1] ?? first)}.always`,
    code: "ENDLESS_ALWAYS",
    message: `unguarded always transitions lead back here (${shown.join(" → ")}); give one a guard`,
  };
}

/** The one leaf that a leaf is left for whatever the context, and the state that says so. */
function surelyNext(leaf: AnyStateNode): { readonly leaf: AnyStateNode; readonly source: AnyStateNode } | undefined {
  for (const source of upward(leaf)) {
    const [first] = source.always ?? [];
    if (first === undefined) continue;
    const [next, ...others] = first.guard === undefined ? enteredLeaves(first) : [];
    return next === undefined || others.length > 0 || isWithin(next, source) ? undefined : { leaf: next, source };
  }
  return undefined;
}

const placeOf = (node: AnyStateNode): string => (node.path.length === 0 ? "machine" : `states.${node.path.join(".states.")}`);
