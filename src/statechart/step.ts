import { transition, type AnyMachineSnapshot } from "xstate";
import { isPlainObject, jsonIssue } from "../base/json.js";
import { shownError } from "../base/shown-error.js";
import { activePhases, stored } from "./control.js";
import { boundsMet } from "./data/guards.js";
import { answersTo } from "./landing.js";
import { can, keepSnapshot, snapshotOf } from "./legal.js";
import { speaks, type Chart, type ChartPlace } from "./reading.js";
import { upward } from "./tree.js";
import { BOOKKEEPING, EVENT } from "./vocabulary.js";

const MAX_CONTEXT_BYTES = 65_536;

/** An event for a chart, and, when an agent sent it, the phase it works in. */
export interface StepEvent {
  readonly type: string;
  readonly meta?: { readonly phase?: string };
  readonly [payload: string]: unknown;
}

/** What an event comes to: the chart moves, stays where it is (an input nobody but the waiting phases hears, a reply), or refuses. */
export type Step =
  | { readonly kind: "moved"; readonly place: ChartPlace; readonly before: AnyMachineSnapshot; readonly after: AnyMachineSnapshot }
  | { readonly kind: "stayed"; readonly place: ChartPlace }
  | { readonly kind: "refused"; readonly why: string | undefined };

/** One event, from any place. Pure and total. */
export function stepFrom(chart: Chart, place: ChartPlace, event: StepEvent): Step {
  if (event.type === BOOKKEEPING.REPLY) return reply(chart, place, event);
  if (event.type !== EVENT.INPUT) return take(chart, place, event);
  if (place.done && chart.whenDone === "refuse") return refused("the orchestration has reached its end");
  const begun: ChartPlace = { ...(place.done ? stored(chart.initial) : placeOf(place)), waiting: [] };
  return can(chart, begun, event) ? take(chart, begun, event) : { kind: "stayed", place: begun };
}

/** The place alone: callers may hand over more, such as a whole control state. */
const placeOf = ({ value, context, history, done }: ChartPlace) => ({
  value,
  context,
  done,
  ...(history === undefined ? {} : { history }),
});

const refused = (why: string | undefined): Step => ({ kind: "refused", why });

function reply(chart: Chart, place: ChartPlace, event: StepEvent): Step {
  const phase = event.meta?.phase ?? event["phase"];
  const replies = typeof phase === "string" && chart.phases.get(phase)?.waits === true;
  if (!replies || !activePhases(chart, snapshotOf(chart, place)).includes(phase)) return refused("no agent of a waiting phase replied");
  return { kind: "stayed", place: { ...placeOf(place), waiting: [...new Set([...place.waiting, phase])] } };
}

function take(chart: Chart, place: ChartPlace, event: StepEvent): Step {
  if (place.done) return refused("the orchestration has reached its end");
  if (!speaks(chart, event.type)) return refused("no state of the chart knows this event");
  const issue = payloadIssue(chart, event);
  if (issue !== undefined) return refused(issue);
  const before = snapshotOf(chart, place);
  try {
    if (!before.can(event)) return refused(closedBy(before, event));
    const [after] = transition(chart.machine, before, event) as [AnyMachineSnapshot, unknown];
    const problem = restIssue(chart, after);
    if (problem !== undefined) return refused(problem);
    const waiting = place.waiting.filter((phase) => activePhases(chart, after).includes(phase));
    return { kind: "moved", place: { ...stored(after), waiting }, before, after };
  } catch (error) {
    return refused(`a guard or assignment failed: ${shownError(error).message}`);
  }
}

/** Why the chart may not be where the event has led it. */
function restIssue(chart: Chart, after: AnyMachineSnapshot): string | undefined {
  if (!isWhole(after)) return "a history state cannot be entered from inside the state it belongs to";
  const contextIssue = jsonIssue(after.context, MAX_CONTEXT_BYTES);
  if (contextIssue !== undefined) return `the context it leads to ${contextIssue}`;
  const passing = activePhases(chart, after).find((phase) => !chart.rests.has(phase));
  if (passing === undefined) return undefined;
  return `it would come to rest in "${passing}", which is only passed through: an always there leads back to where it is`;
}

/** XState leaves two branches of one state active when a history state is entered from inside its own parent: no chart allows that. */
function isWhole({ historyValue, _nodes: nodes }: AnyMachineSnapshot): boolean {
  if (Object.keys(historyValue as object).length === 0) return true;
  const active = new Set(nodes);
  return nodes.every((node) => node.type !== "compound" || Object.values(node.states).filter((child) => active.has(child)).length === 1);
}

/** The limits that were met, where nothing else keeps the event out. */
function closedBy(before: AnyMachineSnapshot, event: StepEvent): string | undefined {
  const asked = new Set(before._nodes.flatMap((node) => [...upward(node)]));
  const guards = [...asked].flatMap((node) => answersTo(node, event.type)).map(({ guard }) => guard as unknown);
  const bounds = new Set(guards.flatMap((guard) => boundsMet(guard, before.context as Readonly<Record<string, unknown>>)));
  return bounds.size === 0 ? undefined : `it is closed: ${[...bounds].join(", ")}`;
}

function payloadIssue(chart: Chart, event: StepEvent): string | undefined {
  const schema = Object.hasOwn(chart.events, event.type) ? chart.events[event.type] : undefined; // "constructor" is a type like others
  if (schema === undefined) return undefined;
  const { type: _type, meta: _meta, ...payload } = event;
  const parsed = schema.safeParse(payload);
  if (parsed.success) return undefined;
  const issues = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
  return `its payload is wrong: ${issues.slice(0, 500)}`;
}

/** {@link Chart.step} for a chart that is being read. */
export function stepper(chart: () => Chart): Chart["step"] {
  return (place, event) => {
    const known = isPlainObject(event) && typeof event.type === "string";
    if (!known) return undefined;
    const step = stepFrom(chart(), place, event);
    if (step.kind === "refused") return undefined;
    if (step.kind === "moved") keepSnapshot(step.place, step.after);
    return step.place;
  };
}
