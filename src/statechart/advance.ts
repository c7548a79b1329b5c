import { transition, type AnyMachineSnapshot, type StateValue } from "xstate";
import { freeze, isPlainObject, jsonIssue } from "../base/json.js";
import { shownError } from "../base/shown-error.js";
import { speaks, type Chart } from "./chart.js";
import {
  activePhases,
  NO_USAGE,
  stored,
  valueLabel,
  type Control,
  type ControlEvent,
  type Handover,
  type Refusal,
  type TrailEntry,
  type Usage,
} from "./control.js";
import { can, keepSnapshot, legalEvents, snapshotOf } from "./legal.js";
import { upward } from "./tree.js";
import { BOOKKEEPING, EVENT } from "./vocabulary.js";

const KEPT_REFUSALS = 10;
const MAX_EVENT_BYTES = 65_536;
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
  const own = owned(event);
  const next = freeze(own === undefined ? refuse(chart, control, { type: event.type }, "it cannot be copied") : step(chart, control, own));
  const entry = memo.get(control) ?? new WeakMap<object, Control>();
  memo.set(control, entry.set(event, next));
  return next;
}

/** Frozen, because agents and streams are given the very objects that the channel holds. LangGraph applies each update twice (routing, then the superstep); both see the same objects, so the second is a look-up. */
const memo = new WeakMap<Control, WeakMap<object, Control>>();

function step(chart: Chart, control: Control, event: ControlEvent): Control {
  const source = event.meta?.phase;
  if (source !== undefined && event.type !== BOOKKEEPING.ENTER && !activePhases(chart, snapshotOf(chart, control)).includes(source)) {
    return refuse(chart, control, event, `phase "${source}" had been left before its agent answered`);
  }
  switch (event.type) {
    case BOOKKEEPING.ENTER:
      return event["expected"] === true
        ? settle(control, event, [])
        : refuse(chart, control, event, "the chart does not name this phase now");
    case BOOKKEEPING.REPLY:
      return reply(chart, control, event);
    case EVENT.INPUT:
      return input(chart, control, event);
    default:
      return take(chart, control, event);
  }
}

function reply(chart: Chart, control: Control, event: ControlEvent): Control {
  const phase = event.meta?.phase;
  if (phase === undefined || chart.phases.get(phase)?.waits !== true)
    return refuse(chart, control, event, "no agent of a waiting phase replied");
  const waiting = control.waiting.includes(phase) ? control.waiting : [...control.waiting, phase];
  return { ...settle(control, event, []), waiting };
}

function input(chart: Chart, control: Control, event: ControlEvent): Control {
  if (control.done && chart.whenDone === "refuse") return refuse(chart, control, event, "the orchestration has reached its end");
  const begun = control.done ? { ...restart(chart, control), waiting: [] } : control;
  const fresh: Control = { ...begun, waiting: [], turn: control.turn + 1, usage: NO_USAGE };
  if (can(chart, fresh, event)) return take(chart, fresh, event);
  return settle(fresh, event, activePhases(chart, snapshotOf(chart, fresh)));
}

function restart(chart: Chart, control: Control): Control {
  const { handover: _handover, handedAfter: _handedAfter, history: _history, ...kept } = control;
  return { ...kept, ...stored(chart.initial), episode: control.episode + 1 };
}

function take(chart: Chart, control: Control, event: ControlEvent): Control {
  if (control.done) return refuse(chart, control, event, "the orchestration has reached its end");
  if (!speaks(chart, event.type)) return refuse(chart, control, event, "no state of the chart knows this event");
  const issue = payloadIssue(chart, event);
  if (issue !== undefined) return refuse(chart, control, event, issue);
  const before = snapshotOf(chart, control);
  try {
    if (!before.can(event)) return refuse(chart, control, event, undefined);
    const [after] = transition(chart.machine, before, event) as [AnyMachineSnapshot, unknown];
    if (!isWhole(after)) return refuse(chart, control, event, "a history state cannot be entered from inside the state it belongs to");
    const contextIssue = jsonIssue(after.context, MAX_EVENT_BYTES);
    if (contextIssue !== undefined) return refuse(chart, control, event, `the context it leads to ${contextIssue}`);
    return moved(chart, control, event, before, after);
  } catch (error) {
    return refuse(chart, control, event, `a guard or assignment failed: ${shownError(error).message}`);
  }
}

/** XState leaves two branches of one state active when a history state is entered from inside its own parent: no chart allows that. */
function isWhole({ historyValue, _nodes: nodes }: AnyMachineSnapshot): boolean {
  if (Object.keys(historyValue as object).length === 0) return true;
  const active = new Set(nodes);
  return nodes.every((node) => node.type !== "compound" || Object.values(node.states).filter((child) => active.has(child)).length === 1);
}

function moved(chart: Chart, control: Control, event: ControlEvent, before: AnyMachineSnapshot, after: AnyMachineSnapshot): Control {
  const was = activePhases(chart, before);
  const is = activePhases(chart, after);
  const source = event.meta?.phase;
  const entered = is.filter((phase) => !was.includes(phase));
  const again = source !== undefined && is.includes(source) ? [source] : [];
  const joins =
    source !== undefined && regionIsDone(chart, source, after)
      ? (chart.joinsFrom.get(source) ?? []).filter((phase) => !is.includes(phase))
      : [];
  const doubtful = source === undefined || was.length < 2 ? [] : doubtfulStarts(chart, source, event);
  const starts = new Set([...entered, ...again, ...joins, ...doubtful]);
  const entry: TrailEntry = {
    seq: control.seq + 1,
    at: event.meta?.at ?? 0,
    by: event.meta?.by ?? "unknown",
    event: event.type,
    from: valueLabel(before.value as StateValue),
    to: valueLabel(after.value as StateValue),
    ...(typeof event["reason"] === "string" ? { reason: event["reason"].slice(0, MAX_REASON) } : {}),
  };
  const { handover, handedAfter, ...rest } = settle(control, event, [...starts]);
  const isKept = handover !== undefined && is.includes(handover.to);
  const kept = isKept ? { handover, ...(handedAfter === undefined ? {} : { handedAfter }) } : {};
  const next = event.type.startsWith(EVENT.HANDOFF) && entered[0] !== undefined ? { handover: handoverOf(event, entered[0]) } : kept;
  const following: Control = {
    ...rest,
    ...stored(after),
    waiting: control.waiting.filter((phase) => is.includes(phase)),
    seq: entry.seq,
    trail: chart.trailLimit === 0 ? [] : Object.freeze([...control.trail, freeze(entry)].slice(-chart.trailLimit)), // here, where one entry is new
    ...next,
  };
  keepSnapshot(following, after);
  return following;
}

/** A sibling's event of the same step may decide a guard otherwise. Whoever might start then is routed to as well, and checks on entry. */
function doubtfulStarts(chart: Chart, source: string, event: ControlEvent): string[] {
  const arrows = (chart.arrows.get(source) ?? []).filter((arrow) => arrow.event === event.type);
  const others = arrows.some((arrow) => arrow.guarded) ? [source, ...arrows.map((arrow) => arrow.to)] : [];
  return [...others, ...(chart.wakesFrom.get(source) ?? [])].filter((phase) => chart.phases.has(phase));
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

/** Adds what the event used and who sent it; moves nothing. */
function settle(control: Control, event: ControlEvent, starts: readonly string[]): Control {
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
    event: event.type.slice(0, 100),
    phase: valueLabel(control.value),
    why: why?.slice(0, MAX_REASON) ?? "no transition for it is open here",
    legal: legalEvents(chart, control).slice(0, SHOWN_LEGAL),
  };
  const settled = settle(control, { type: refusal.event, ...(event.meta === undefined ? {} : { meta: event.meta }) }, []);
  return {
    ...settled,
    last: { ...settled.last, refused: true },
    refusals: control.refusals + 1,
    refused: [...control.refused.slice(1 - KEPT_REFUSALS), refusal],
  };
}

function readEvent(update: unknown): ControlEvent | string {
  if (!isPlainObject(update)) return 'an update of control is an event: { type: "…" }';
  if (typeof update["type"] !== "string" || update["type"] === "" || "__overwrite__" in update || update["type"] === "__overwrite__") {
    return 'an update of control is an event: { type: "…" }';
  }
  if (!isMeta(update["meta"])) return "its meta has not the form that the kernel gives it";
  const issue = jsonIssue(update, MAX_EVENT_BYTES);
  return issue === undefined ? (update as unknown as ControlEvent) : `the event ${issue}`; // checked field by field just above
}

/** Only the doors and the nodes stamp events; whatever else reaches the channel may carry anything. */
function isMeta(meta: unknown): boolean {
  if (meta === undefined) return true;
  if (!isPlainObject(meta)) return false;
  const { by, at, phase, usage, after } = meta;
  const isCount = (count: unknown): boolean => typeof count === "number" && count >= 0;
  return (
    typeof by === "string" &&
    by.length <= 128 &&
    typeof at === "number" &&
    (phase === undefined || typeof phase === "string") &&
    (after === undefined || typeof after === "string") &&
    (usage === undefined ||
      (isPlainObject(usage) && [usage["steps"], usage["modelCalls"], usage["toolCalls"], usage["tasks"] ?? 0].every(isCount)))
  );
}

/** The event as ours to keep: what it carries may end in the chart's context, and its sender may go on changing it. */
function owned(event: ControlEvent): ControlEvent | undefined {
  const holdsObjects = Object.entries(event).some(([key, value]) => key !== "meta" && typeof value === "object" && value !== null);
  try {
    return holdsObjects ? structuredClone(event) : event;
  } catch {
    return undefined; // a Proxy
  }
}

function payloadIssue(chart: Chart, event: ControlEvent): string | undefined {
  const schema = Object.hasOwn(chart.events, event.type) ? chart.events[event.type] : undefined; // "constructor" is a type like others
  if (schema === undefined) return undefined;
  const { type: _type, meta: _meta, ...payload } = event;
  const parsed = schema.safeParse(payload);
  return parsed.success
    ? undefined
    : `its payload is wrong: ${parsed.error.issues
        .map((issue) => `${issue.path.join(".")}: ${issue.message}`)
        .join("; ")
        .slice(0, 500)}`;
}

const labelOf = (update: unknown): string =>
  isPlainObject(update) && typeof update["type"] === "string" ? update["type"].slice(0, 100) : "a value";

/** True when a region around the phase has come to its end while others of its parallel state still work. */
function regionIsDone(chart: Chart, source: string, after: AnyMachineSnapshot): boolean {
  if (!chart.hasParallel) return false;
  const path = chart.phases.get(source)?.path ?? [];
  return after._nodes.some(
    (node) =>
      node.type === "final" &&
      [...upward(node)].some((at) => at.parent?.type === "parallel" && at.path.every((key, index) => path[index] === key)),
  );
}
