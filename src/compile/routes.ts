import { Runnable } from "@langchain/core/runnables";
import { Send } from "@langchain/langgraph";
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
  const pathMap = labelled(chart.arrows.get(phase) ?? [], hasNode);
  return {
    pathMap,
    path: new Router((state) => {
      const { last } = state.control;
      if (last.phase !== phase) return [];
      return last.starts.filter(hasNode).map((target) => labelIn(pathMap, last.event, target) ?? new Send(target, state));
    }),
  };
}

/** The way in: every phase the chart is in that does not wait. Also taken after a state edit, so that no edit loses work the chart says is due. */
export function routeFromStart(chart: Chart, hasNode: (name: string) => boolean): Route {
  const parked = [...chart.phases.keys()].filter((phase) => !hasNode(phase)).flatMap((phase) => chart.arrows.get(phase) ?? []);
  const pathMap = labelled([...(chart.arrows.get(START) ?? []), ...parked], hasNode);
  return {
    pathMap,
    path: new Router((state) => {
      const { control } = state;
      const due = phasesOf(chart, control).filter((phase) => hasNode(phase) && !control.waiting.includes(phase));
      return due.map((target) => labelIn(pathMap, control.last.event, target) ?? labelIn(pathMap, "", target) ?? new Send(target, state));
    }),
  };
}

/** One label per edge: the event, with its target only where the event alone would not tell. */
function labelled(arrows: readonly Arrow[], hasNode: (name: string) => boolean): Record<string, string> {
  const pathMap: Record<string, string> = {};
  const ambiguous = new Set<string>();
  for (const arrow of arrows) {
    const to = hasNode(arrow.to) ? arrow.to : END;
    const label = shortLabel(arrow.event, to);
    if ((pathMap[label] ??= to) !== to) ambiguous.add(arrow.event);
  }
  if (ambiguous.size === 0) return pathMap;
  for (const event of ambiguous) delete pathMap[event];
  for (const arrow of arrows) {
    const to = hasNode(arrow.to) ? arrow.to : END;
    if (ambiguous.has(arrow.event)) pathMap[longLabel(arrow.event, to)] = to;
  }
  return pathMap;
}

const shortLabel = (event: string, to: string): string => (event === "" ? to : event);
const longLabel = (event: string, to: string): string => (event === "" ? to : `${event} → ${to === END ? "end" : to}`);

const labelIn = (pathMap: Readonly<Record<string, string>>, event: string, to: string): string | undefined =>
  [shortLabel(event, to), longLabel(event, to)].find((label) => pathMap[label] === to);
