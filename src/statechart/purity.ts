import type { AnyStateMachine, AnyStateNode } from "xstate";
import type { Issue } from "../base/errors.js";
import { childrenOf, everyNode } from "./tree.js";
import { BOOKKEEPING } from "./vocabulary.js";

/**
 * What a policy chart may not hold, each with its place. The chart is replayed, forked and edited, so it has no effects:
 * effects live in nodes, deadlines are data to a scheduler.
 */
export function impurities(machine: AnyStateMachine): Issue[] {
  return [...everyNode(machine.root)].flatMap((node) => [...stateIssues(node), ...actionIssues(node)]);
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
    if (descriptor === BOOKKEEPING.REPLY || descriptor === BOOKKEEPING.ENTER) {
      issues.push({
        path: `${path}.on["${descriptor}"]`,
        code: "RESERVED_EVENT",
        message: "this event name belongs to the kernel; choose another",
      });
    }
  }
  const loop = alwaysLoop(node);
  if (loop !== undefined) {
    issues.push({
      path: `${path}.always`,
      code: "ENDLESS_ALWAYS",
      message: `unguarded always transitions lead back here (${loop}); give one a guard`,
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

/** The names on a cycle of unguarded `always` through this node, or undefined. */
function alwaysLoop(start: AnyStateNode): string | undefined {
  const seen: AnyStateNode[] = [];
  for (let node: AnyStateNode | undefined = start; node !== undefined;) {
    if (seen.includes(node)) return node === start ? [...seen, node].map((at) => at.key).join(" → ") : undefined;
    seen.push(node);
    const next: AnyStateNode | undefined = node.always?.find((transition) => transition.guard === undefined)?.target?.[0];
    node = next;
  }
  return undefined;
}

const placeOf = (node: AnyStateNode): string => (node.path.length === 0 ? "machine" : `states.${node.path.join(".states.")}`);
