import { Runnable } from "@langchain/core/runnables";
import { Send } from "@langchain/langgraph";
import type { BaseState } from "../state/schema.js";
import type { Chart } from "../statechart/chart.js";
import { phasesOf } from "../statechart/legal.js";
import type { Edge } from "../statechart/edges.js";
import { END, START } from "../statechart/vocabulary.js";

/** Where LangGraph goes after a node: the label of an edge in the picture, or a direct order where the picture has none. */
export interface Route {
  readonly path: Router;
  /** Label → node. The labels are what every LangGraph drawing shows. */
  readonly pathMap: Record<string, string>;
}

/** A choice of edges. A plain function would be wrapped by LangChain in a traced call with a run of its own: a fifth of a step's time. */
class Router extends Runnable<BaseState, (string | Send)[]> {
  override readonly name = "condition";
  readonly lc_namespace = ["phasegraph"];

  constructor(private readonly choose: (state: BaseState) => (string | Send)[]) {
    super();
  }

  override async invoke(state: BaseState): Promise<(string | Send)[]> {
    return this.choose(state);
  }
}

/** The way out of a phase: the phases that its own last event started. */
export function routeFrom(chart: Chart, phase: string, hasNode: (name: string) => boolean): Route {
  const { pathMap, labelOf } = labels(chart.edgesFrom.get(phase) ?? [], hasNode);
  return {
    pathMap,
    path: new Router((state) => {
      const { last } = state.control;
      if (last.phase !== phase) return [];
      return last.starts.filter(hasNode).map((target) => labelOf(last.event, target) ?? new Send(target, state));
    }),
  };
}

/** The way in: every phase the chart is in that does not wait. Also taken after a state edit, so that no edit loses work the chart says is due. */
export function routeFromStart(chart: Chart, hasNode: (name: string) => boolean): Route {
  const parked = chart.edges.filter((edge) => edge.from !== START && !hasNode(edge.from));
  const { pathMap, labelOf } = labels([...(chart.edgesFrom.get(START) ?? []), ...parked], hasNode);
  return {
    pathMap,
    path: new Router((state) => {
      const { control } = state;
      const due = phasesOf(chart, control).filter((phase) => hasNode(phase) && !control.waiting.includes(phase));
      return due.map((target) => labelOf(control.last.event, target) ?? labelOf("", target) ?? new Send(target, state));
    }),
  };
}

/** One label per edge: the event, with its target only where the event alone would not tell. */
function labels(edges: readonly Edge[], hasNode: (name: string) => boolean) {
  const arrows = edges.map((edge) => ({ event: edge.event, to: hasNode(edge.to) ? edge.to : END }));
  const targets = new Map<string, Set<string>>();
  for (const { event, to } of arrows) targets.set(event, (targets.get(event) ?? new Set()).add(to));
  const label = (event: string, to: string): string => {
    if (event === "") return to;
    return targets.get(event)?.size === 1 ? event : `${event} → ${to === END ? "end" : to}`;
  };
  const pathMap = Object.fromEntries(arrows.map(({ event, to }) => [label(event, to), to]));
  return {
    pathMap,
    labelOf: (event: string, to: string): string | undefined => (targets.get(event)?.has(to) === true ? label(event, to) : undefined),
  };
}
