import { requireForm, shape } from "../src/base/form.js";
import type { Chart } from "../src/statechart/chart.js";
import { initialControl, type Control } from "../src/statechart/control.js";
import type { Edge } from "../src/statechart/edges.js";
import { BOOKKEEPING, START } from "../src/statechart/vocabulary.js";
import { edgeName, follow } from "./edges-taken.js";
import { EXPLORE, INPUT_STEP, movesFrom, play, replies, type ExploreOptions, type Move, type Step } from "./steps.js";

/** A state of the chart, and the shortest way there from a new thread. */
export interface Reached {
  readonly control: Control;
  readonly script: readonly Step[];
}

/** An edge of the picture, and the shortest script whose last step takes it. */
export interface EdgeScript {
  readonly edge: Edge;
  readonly script: readonly Step[];
}

/** What a chart can do. */
export interface Exploration {
  readonly states: readonly Reached[];
  /** False when there are more states than were looked at. */
  readonly complete: boolean;
  readonly edges: readonly EdgeScript[];
  /** Edges of the picture that no script took, each with the reason. */
  readonly missing: readonly { readonly edge: Edge; readonly why: string }[];
}

const OPTIONS = shape<ExploreOptions>(EXPLORE);
const MAX_STATES = 2_000;

/**
 * For every edge of a chart, the shortest script to its source and over it: guards, counters and all, because the states are
 * explored breadth first with the reducer itself. Linear in states and events, where the number of paths is factorial.
 */
export function everyEdge(chart: Chart, options: ExploreOptions = {}): Exploration {
  requireForm("everyEdge()", options, OPTIONS);
  const maxStates = options.maxStates ?? MAX_STATES;
  const drawn = chart.edges.filter((edge) => edge.isReply !== true || replies(edge.from, options));
  const open = new Map(drawn.map((edge) => [edgeName(edge), edge]));
  const found = new Map<string, EdgeScript>();
  const first = play(chart, initialControl(chart), INPUT_STEP);
  const states: (Reached & { readonly begun: readonly Edge[] })[] = [];
  const known = new Set<string>();
  let complete = true;
  const visit = (before: Control, { step, after }: Move, way: readonly Step[], joining: readonly Edge[]): void => {
    const script = [...way, step];
    const { taken, begun } = follow(chart, joining, before, step, after);
    for (const edge of taken) if (open.delete(edgeName(edge))) found.set(edgeName(edge), { edge, script });
    if (step.event.type === BOOKKEEPING.REPLY || known.has(stateKey(after))) return;
    if (states.length >= maxStates) {
      complete = false;
      return;
    }
    known.add(stateKey(after));
    states.push({ control: after, script, begun });
  };
  visit(initialControl(chart), { step: INPUT_STEP, after: first }, [], []);
  for (let index = 0; index < states.length; index += 1) {
    const { control, script, begun } = states[index] as (typeof states)[number]; // index < length
    for (const move of movesFrom(chart, control, options)) visit(control, move, script, begun);
  }
  const missing = [...open.values()].map((edge) => ({ edge, why: whyMissing(edge, complete, maxStates) }));
  const edges = drawn.map((edge) => found.get(edgeName(edge))).filter((script) => script !== undefined);
  return { states, complete, edges, missing };
}

const stateKey = ({ value, context, history, done }: Control): string => JSON.stringify([value, context, history, done]);

function whyMissing(edge: Edge, complete: boolean, maxStates: number): string {
  if (!complete) return `not within the first ${maxStates} states; raise maxStates`;
  if (edge.from === START && edge.event === "" && !edge.guarded) return "every input moves the chart on before an agent starts there";
  return `${edge.guarded ? "its guard never opens" : "no state is ever reached in which it is taken"} with the payloads tried`;
}
