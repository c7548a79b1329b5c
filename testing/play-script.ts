import { interrupt } from "@langchain/langgraph";
import type { Turn } from "../src/agent/agent.js";
import { handoff, reply, send, type Outcome } from "../src/agent/outcome.js";
import type { Chart } from "../src/statechart/chart.js";
import type { Control } from "../src/statechart/control.js";
import type { Edge } from "../src/statechart/edges.js";
import { phasesOf } from "../src/statechart/legal.js";
import { BOOKKEEPING, EVENT } from "../src/statechart/vocabulary.js";
import { edgeName, follow } from "./edges-taken.js";
import { concrete, payloadsOf, play, type ExploreOptions, type Step } from "./steps.js";

/** What an agent asks that has nothing to do in a script. */
export const PARKED = "parked by the script";

/** A script to be played by the agents of a compiled graph. */
export interface Play {
  readonly chart: Chart;
  readonly script: readonly Step[];
  /** The edge it is about. */
  readonly edge?: Edge;
  /** Phases with an agent. */
  readonly staffed: ReadonlySet<string>;
  readonly options: ExploreOptions;
}

/**
 * What the agent of a turn does to follow a script: a function of the checkpointed state alone, so that a run that was killed
 * goes on with the same script. Whoever has nothing to do is parked with an interrupt.
 */
export function playTurn(part: Play, turn: Turn): Outcome {
  const step = nextStep(part, turn);
  if (step === undefined) {
    interrupt(PARKED);
    return reply("");
  }
  const { type, ...payload } = step.event;
  const words = `${turn.phase} says ${type}`;
  if (type === BOOKKEEPING.REPLY) return reply(words);
  if (Object.keys(payload).length > 0) return send(step.event, { content: words });
  if (type === EVENT.DONE || type === `${EVENT.DONE}.${turn.phase}`) return reply(words);
  if (type === EVENT.FAIL || type === `${EVENT.FAIL}.${turn.phase}`) throw new Error(words);
  return type.startsWith(EVENT.HANDOFF) ? handoff(type.slice(EVENT.HANDOFF.length), { content: words }) : send(type, { content: words });
}

/** The steps of a script that a thread has not taken yet. */
export function remaining(script: readonly Step[], control: Control): readonly Step[] {
  const inputs = script.flatMap(({ event }, index) => (event.type === EVENT.INPUT ? [index] : []));
  const lastInput = inputs[Math.min(control.turn, inputs.length) - 1] ?? -1;
  const taken = control.trail.filter((entry) => entry.event !== EVENT.INPUT && entry.answer === undefined).map((entry) => entry.event);
  return script.filter(({ event, from }, position) => {
    if (event.type === EVENT.INPUT) return position > lastInput;
    if (event.type === BOOKKEEPING.REPLY) return position > lastInput && (from === undefined || !control.waiting.includes(from));
    const index = taken.indexOf(event.type);
    if (index >= 0) taken.splice(index, 1);
    return index < 0;
  });
}

function nextStep(part: Play, turn: Turn): Step | undefined {
  const { chart, staffed, script } = part;
  const { control, phase } = turn;
  const rest = remaining(script, control);
  const beside = phasesOf(chart, control).filter((other) => other !== phase && staffed.has(other) && !control.waiting.includes(other));
  const [next] = rest;
  const isMine = (step: Step) => step.from === phase && agentSends(turn, step);
  if (next === undefined) return undefined;
  if (beside.length === 0) return isMine(next) ? next : undefined;
  // regions move in one step of the graph: whoever the script does not need yet does what leaves the rest of it possible
  const own = rest.filter(isMine);
  return [...own, ...fillers(part, turn)].find((step) => leadsOn(part, control, rest, beside, step));
}

function* fillers({ chart, options }: Play, turn: Turn): Generator<Step> {
  const { phase } = turn;
  const replies: Step = { event: { type: BOOKKEEPING.REPLY }, from: phase };
  if (turn.waits && agentSends(turn, replies)) yield replies;
  for (const type of turn.legal()) {
    for (const payload of payloadsOf(chart, type, options)) {
      const step: Step = { event: { ...payload, type: concrete(type) }, from: phase };
      if (agentSends(turn, step)) yield step;
    }
  }
}

/**
 * True when the rest of the script still goes through, with this step in the graph's next one. What regions do in one step of the
 * graph is applied in the order of their names.
 */
function leadsOn({ chart, edge }: Play, control: Control, rest: readonly Step[], beside: readonly string[], step: Step): boolean {
  const phases = [...beside, step.from ?? ""].sort();
  const together = phases.flatMap((phase) => (phase === step.from ? step : (rest.find((other) => other.from === phase) ?? [])));
  let at = control;
  let took = edge === undefined;
  let begun: readonly Edge[] = [];
  for (const next of [...together, ...rest.filter((other) => !together.includes(other))]) {
    const after = play(chart, at, next);
    if (after.refusals > at.refusals) return false;
    const followed = follow(chart, begun, at, next, after);
    took ||= followed.taken.some((taken) => isSame(taken, edge));
    begun = followed.begun;
    at = after;
  }
  return took;
}

const isSame = (one: Edge, other: Edge | undefined): boolean => other !== undefined && edgeName(one) === edgeName(other);

/** True when the kernel makes this very event of what an agent can say: `DONE.<phase>` and the like go before the plain form. */
function agentSends(turn: Turn, { event }: Step): boolean {
  const first = (type: string): string | undefined => [`${type}.${turn.phase}`, type].find((candidate) => turn.legal().includes(candidate));
  if (event.type === BOOKKEEPING.REPLY) return turn.waits && first(EVENT.DONE) === undefined;
  for (const type of [EVENT.DONE, EVENT.FAIL]) {
    if (event.type === type || event.type === `${type}.${turn.phase}`) return first(type) === event.type;
  }
  return !turn.legal().includes(`${event.type}.${turn.phase}`);
}
