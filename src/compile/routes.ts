import { Runnable } from "@langchain/core/runnables";
import type { BaseState } from "../state/schema.js";
import type { Chart } from "../statechart/chart.js";
import { phasesOf } from "../statechart/legal.js";
import type { Arrow } from "../statechart/edges.js";
import { END, START } from "../statechart/vocabulary.js";

/** Where LangGraph goes after a node: the label of an edge in the picture, or a direct order where the picture has none. */
export interface Route {
  readonly path: Router;
  /** Label → node. The labels are what every LangGraph drawing shows. */
  readonly pathMap: Record<string, string>;
}

/** A choice of edges. A plain function would be wrapped by LangChain in a traced call with a run and a context of its own, at every step. */
class Router extends Runnable<BaseState, string[]> {
  override readonly name = "condition";
  readonly lc_namespace = ["phasegraph"];

  constructor(private readonly choose: (state: BaseState) => string[]) {
    super();
  }

  override async invoke(state: BaseState): Promise<string[]> {
    return this.choose(state);
  }
}

/**
 * A way to each node for what the picture does not show. Drawings read a path map's own entries only, and these are inherited. A
 * `Send` would do, but it carries the state as its sender saw it: without what the other regions did in the same step.
 */
export type DirectWays = Readonly<Record<string, string>>;

export const directWays = (nodes: Iterable<string>): DirectWays =>
  Object.assign(Object.create(null) as Record<string, string>, Object.fromEntries([...nodes].map((node) => [direct(node), node]))); // an event may be called "constructor"

const direct = (node: string): string => `→ ${node}`;

/** The way out of a phase: the phases that its own last event started. */
export function routeFrom(chart: Chart, phase: string, ways: DirectWays): Route {
  const pathMap = labelled(chart.arrows.get(phase) ?? [], ways);
  return {
    pathMap,
    path: new Router((state) => {
      const { last } = state.control;
      if (last.phase !== phase) return [];
      return last.starts.filter((to) => isNode(ways, to)).map((to) => labelIn(pathMap, last.event, to) ?? direct(to));
    }),
  };
}

/** The way in: every phase the chart is in that does not wait. Also taken after a state edit, so that no edit loses work the chart says is due. */
export function routeFromStart(chart: Chart, ways: DirectWays): Route {
  const parked = [...chart.phases.keys()].filter((phase) => !isNode(ways, phase)).flatMap((phase) => chart.arrows.get(phase) ?? []);
  const events = parked.filter((arrow) => arrow.isReply !== true); // nobody is there to reply
  const pathMap = labelled([...(chart.arrows.get(START) ?? []), ...events], ways);
  return {
    pathMap,
    path: new Router((state) => {
      const { control } = state;
      const due = phasesOf(chart, control).filter((phase) => isNode(ways, phase) && !control.waiting.includes(phase));
      return due.map((to) => labelIn(pathMap, control.last.event, to) ?? labelIn(pathMap, "", to) ?? direct(to));
    }),
  };
}

/** One label per edge: the event, with its target only where the event alone would not tell. */
function labelled(arrows: readonly Arrow[], ways: DirectWays): Record<string, string> {
  const pathMap = Object.create(ways) as Record<string, string>;
  const known = (to: string): string => (isNode(ways, to) ? to : END);
  const ambiguous = new Set<string>();
  for (const arrow of arrows) {
    const to = known(arrow.to);
    const label = shortLabel(arrow.event, to);
    if ((pathMap[label] ??= to) !== to) ambiguous.add(arrow.event);
  }
  if (ambiguous.size === 0) return pathMap;
  for (const event of ambiguous) delete pathMap[event];
  for (const arrow of arrows) {
    const to = known(arrow.to);
    if (ambiguous.has(arrow.event)) pathMap[longLabel(arrow.event, to)] = to;
  }
  return pathMap;
}

const isNode = (ways: DirectWays, name: string): boolean => direct(name) in ways;
const shortLabel = (event: string, to: string): string => (event === "" ? to : event);
const longLabel = (event: string, to: string): string => (event === "" ? to : `${event} → ${to === END ? "end" : to}`);

const labelIn = (pathMap: Readonly<Record<string, string>>, event: string, to: string): string | undefined =>
  [shortLabel(event, to), longLabel(event, to)].find((label) => pathMap[label] === to);
