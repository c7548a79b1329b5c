import type { AnyStateMachine, AnyStateNode } from "xstate";
import { WAITS } from "./vocabulary.js";

/** A leaf of the chart in which an agent works, or where the thread waits. */
export interface Phase {
  /** The state's own `id` where one was given, else its path: `"review.security"`. */
  readonly name: string;
  readonly path: readonly string[];
  readonly description: string | undefined;
  /** A reply here ends the run; the next input goes on here. */
  readonly waits: boolean;
}

/** What the machine looks like, read once. Nodes are XState's own; nothing outside this folder sees them. */
export interface Tree {
  readonly machine: AnyStateMachine;
  readonly phases: ReadonlyMap<string, Phase>;
  readonly nodes: ReadonlyMap<string, AnyStateNode>;
  readonly hasParallel: boolean;
}

export function phaseName(node: AnyStateNode): string {
  const id: unknown = (node.config as { id?: unknown }).id;
  return typeof id === "string" ? id : node.path.join(".");
}

export const childrenOf = (node: AnyStateNode): AnyStateNode[] => Object.values(node.states);

/** The children a chart can be in: all but history states. In a parallel state these are its regions. */
export const regionsOf = (node: AnyStateNode): AnyStateNode[] => childrenOf(node).filter((child) => child.type !== "history");

export function* everyNode(node: AnyStateNode): Generator<AnyStateNode> {
  yield node;
  for (const child of childrenOf(node)) yield* everyNode(child);
}

/** The node and its ancestors, innermost first. */
export function* upward(node: AnyStateNode): Generator<AnyStateNode> {
  for (let at: AnyStateNode | undefined = node; at !== undefined; at = at.parent) yield at;
}

export function isWithin(node: AnyStateNode, ancestor: AnyStateNode): boolean {
  for (const at of upward(node)) if (at === ancestor) return true;
  return false;
}

/** True when some state of the chart that holds the node carries the tag: tags are inherited downwards, as in XState snapshots. */
function isTagged(node: AnyStateNode, tag: string): boolean {
  for (const at of upward(node)) if (at.tags.includes(tag)) return true;
  return false;
}

export function readTree(machine: AnyStateMachine): Tree {
  const phases = new Map<string, Phase>();
  const nodes = new Map<string, AnyStateNode>();
  let hasParallel = false;
  for (const node of everyNode(machine.root)) {
    if (node.type === "parallel") hasParallel = true;
    if (node.type !== "atomic" || node === machine.root) continue;
    const name = phaseName(node);
    nodes.set(name, node);
    phases.set(name, { name, path: node.path, description: node.description, waits: isTagged(node, WAITS) });
  }
  return { machine, phases, nodes, hasParallel };
}
