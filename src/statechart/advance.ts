import { type StateValue } from "xstate";
import { freeze } from "../base/json.js";
import { answered } from "./answered.js";
import {
  activePhases,
  agentsIn,
  NO_USAGE,
  valueLabel,
  type Control,
  type ControlEvent,
  type Handover,
  type Refusal,
  type TrailEntry,
  type Usage,
} from "./control.js";
import { withEntries } from "./entries.js";
import { labelOf, ownEvent, readEvent } from "./event.js";
import { keepSnapshot, legalEvents, snapshotOf } from "./legal.js";
import type { Chart } from "./reading.js";
import { alsoStarts } from "./starts.js";
import { stepFrom, type Step } from "./step.js";
import { BOOKKEEPING, EVENT } from "./vocabulary.js";

const KEPT_REFUSALS = 10;
const SHOWN_LEGAL = 20;
const MAX_REASON = 1_000;

/**
 * The control state after an update. Total and pure: anything that is not a legal event leaves value, context and trail as they
 * are and adds a bounded record of the refusal, so that no write, whoever sends it, can break a thread or move it off its chart.
 */
export function advance(chart: Chart, control: Control, update: unknown): Control {
  const event = readEvent(update);
  if (typeof event === "string") return refuse(chart, control, { type: labelOf(update) }, event);
  const known = memo.get(control)?.get(event);
  if (known !== undefined) return known;
  const own = ownEvent(event);
  // frozen, because agents and streams are given the very objects that the channel holds
  const next = freeze(
    own === undefined
      ? refuse(chart, control, { type: event.type }, "it cannot be copied")
      : withEntries(chart, control, applied(chart, control, own), own),
  );
  const entry = memo.get(control) ?? new WeakMap<object, Control>();
  memo.set(control, entry.set(event, next));
  return next;
}

/** LangGraph applies each update twice, for routing and for the step: with the same objects, so the second is a look-up. */
const memo = new WeakMap<Control, WeakMap<object, Control>>();

function applied(chart: Chart, control: Control, event: ControlEvent): Control {
  if (event.type === BOOKKEEPING.ANSWER) return answered(chart, control, event);
  if (event.type === BOOKKEEPING.ENTER) {
    if (event["expected"] === true) return booked(control, event, []);
    return refuse(chart, control, event, "the chart does not name this phase now");
  }
  const source = event.meta?.phase;
  if (source !== undefined && !activePhases(chart, snapshotOf(chart, control)).includes(source)) {
    return refuse(chart, control, event, `phase "${source}" had been left before its agent answered`);
  }
  const step = stepFrom(chart, control, event);
  if (step.kind === "refused") return refuse(chart, control, event, step.why);
  const begun = event.type === EVENT.INPUT ? begin(control) : control;
  if (step.kind === "moved") return moved(chart, begun, event, step);
  const next: Control = { ...begun, ...step.place };
  const starts = event.type === EVENT.INPUT ? activePhases(chart, snapshotOf(chart, next)) : [];
  return booked({ ...next, ...agentsIn(chart, activePhases(chart, snapshotOf(chart, next))) }, event, starts);
}

/** An input begins a turn, and where the end was reached another episode. */
function begin(control: Control): Control {
  const { handover: _handover, handedAfter: _handedAfter, history: _history, ...kept } = control;
  const turn = { waiting: [], turn: control.turn + 1, usage: NO_USAGE };
  if (control.done) return { ...kept, ...turn, episode: control.episode + 1 };
  return { ...control, ...turn };
}

function moved(chart: Chart, control: Control, event: ControlEvent, { before, after, place }: Step & { readonly kind: "moved" }): Control {
  const was = activePhases(chart, before);
  const is = activePhases(chart, after);
  const source = event.meta?.phase;
  const entered = is.filter((phase) => !was.includes(phase));
  const also = source === undefined ? [] : alsoStarts(chart, source, event.type, after, was, is);
  const entry: TrailEntry = {
    seq: control.seq + 1,
    episode: control.episode,
    at: event.meta?.at ?? 0,
    by: event.meta?.by ?? "unknown",
    ...inNameOf(event),
    event: event.type,
    from: valueLabel(before.value as StateValue),
    to: valueLabel(after.value as StateValue),
    ...(typeof event["reason"] === "string" ? { reason: event["reason"].slice(0, MAX_REASON) } : {}),
  };
  const { handover, handedAfter, history: _history, ...rest } = booked(control, event, [...new Set([...entered, ...also])]);
  const isKept = handover !== undefined && is.includes(handover.to);
  const kept = isKept ? { handover, ...(handedAfter === undefined ? {} : { handedAfter }) } : {};
  const next = event.type.startsWith(EVENT.HANDOFF) && entered[0] !== undefined ? { handover: handoverOf(event, entered[0]) } : kept;
  const following: Control = {
    ...rest,
    ...place,
    ...agentsIn(chart, is),
    seq: entry.seq,
    trail: chart.trailLimit === 0 ? [] : Object.freeze([...control.trail, freeze(entry)].slice(-chart.trailLimit)), // here, where one entry is new
    ...next,
  };
  keepSnapshot(following, after);
  return following;
}

function handoverOf(event: ControlEvent, to: string): Handover {
  const { reason, summary, payload } = event;
  return {
    to,
    from: event.meta?.by ?? "unknown",
    ...(typeof reason === "string" ? { reason } : {}),
    ...(typeof summary === "string" ? { summary } : {}),
    ...(payload === undefined ? {} : { payload }),
  };
}

const inNameOf = ({ meta }: ControlEvent): Pick<TrailEntry, "user"> => (meta?.user === undefined ? {} : { user: meta.user });

/** Adds what the event used and who sent it; moves nothing. */
function booked(control: Control, event: ControlEvent, starts: readonly string[]): Control {
  const used = event.meta?.usage ?? NO_USAGE;
  const phase = event.meta?.phase;
  return {
    ...control,
    usage: {
      steps: control.usage.steps + used.steps,
      modelCalls: control.usage.modelCalls + used.modelCalls,
      toolCalls: control.usage.toolCalls + used.toolCalls,
      ...tasksOf(control.usage, used),
    },
    last: { ...(phase === undefined ? {} : { phase }), event: event.type, starts },
    ...handedAfter(control, event),
  };
}

/** The place of a handover in the conversation is told by its receiver's first event, and stays. */
function handedAfter({ handover, handedAfter: known }: Control, { meta }: ControlEvent): Pick<Control, "handedAfter"> {
  const isTold = known === undefined && handover !== undefined && meta?.after !== undefined && meta.phase === handover.to;
  return isTold ? { handedAfter: meta.after } : {};
}

function tasksOf({ tasks: before = 0 }: Usage, { tasks = 0 }: Usage): Pick<Usage, "tasks"> {
  return before + tasks === 0 ? {} : { tasks: before + tasks };
}

function refuse(chart: Chart, control: Control, event: ControlEvent, why: string | undefined): Control {
  const refusal: Refusal = {
    at: event.meta?.at ?? 0,
    by: event.meta?.by ?? "unknown",
    ...inNameOf(event),
    event: event.type.slice(0, 100),
    phase: valueLabel(control.value),
    why: why?.slice(0, MAX_REASON) ?? "no transition for it is open here",
    legal: legalEvents(chart, control).slice(0, SHOWN_LEGAL),
  };
  const next = booked(control, { type: refusal.event, ...(event.meta === undefined ? {} : { meta: event.meta }) }, []);
  return {
    ...next,
    last: { ...next.last, refused: true },
    refusals: control.refusals + 1,
    refused: [...control.refused.slice(1 - KEPT_REFUSALS), refusal],
  };
}
