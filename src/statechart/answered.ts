import { freeze, isPlainObject } from "../base/json.js";
import { valueLabel, type Answered, type Control, type ControlEvent, type TrailEntry } from "./control.js";
import type { Chart } from "./reading.js";

/** Decisions that one event may tell of: an event has a size. */
export const MAX_ANSWERS = 20;
const MAX_TEXT = 200;
const MAX_REASON = 1_000;
const DECISIONS = ["approve", "reject", "edit"] as const;
const TEXTS = ["kind", "agent", "phase", "within", "task", "question", "tool", "call"] as const;

/** An answer as the event {@link answered} takes it; `reason` is that of a refusal. */
export type AnswerRecord = Answered & { readonly reason?: string };

/**
 * The control state with an entry in its trail for each thing that a person decided. It moves nothing, and who works where, and who
 * starts next, stays as it was. Total: what is no answer is left out.
 */
export function answered(chart: Chart, control: Control, event: ControlEvent): Control {
  const { at = 0, by = "user", user } = event.meta ?? {};
  const given: readonly unknown[] = Array.isArray(event["answers"]) ? event["answers"].slice(0, MAX_ANSWERS) : [];
  const place = valueLabel(control.value);
  const entries = given.filter(isPlainObject).map((answer, index): TrailEntry => {
    const { reason } = answer;
    return freeze({
      seq: control.seq + index + 1,
      episode: control.episode,
      at,
      by,
      ...(user === undefined ? {} : { user }),
      event: event.type,
      from: place,
      to: place,
      ...(typeof reason === "string" ? { reason: reason.slice(0, MAX_REASON) } : {}),
      answer: read(answer),
    });
  });
  if (entries.length === 0) return control;
  const trail = chart.trailLimit === 0 ? [] : Object.freeze([...control.trail, ...entries].slice(-chart.trailLimit));
  return { ...control, seq: control.seq + entries.length, trail };
}

function read(given: Readonly<Record<string, unknown>>): Answered {
  const texts = TEXTS.flatMap((key) => {
    const value = given[key];
    return typeof value === "string" ? [[key, value.slice(0, MAX_TEXT)] as const] : [];
  });
  const decision = DECISIONS.find((known) => known === given["decision"]);
  return { kind: "question", ...Object.fromEntries(texts), ...(decision === undefined ? {} : { decision }) };
}
