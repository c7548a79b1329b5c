import { z } from "zod";
import { each, everyValue, maybe, number, record, something, type Form } from "../src/base/form.js";
import { advance } from "../src/statechart/advance.js";
import type { Chart } from "../src/statechart/chart.js";
import type { Control } from "../src/statechart/control.js";
import { phasesOf } from "../src/statechart/legal.js";
import { BOOKKEEPING, EVENT } from "../src/statechart/vocabulary.js";

/** What an event carries beside its type. */
export type Payload = Readonly<Record<string, unknown>>;

/** An event of a script, and the phase whose agent sends it; from outside when there is none. */
export interface Step {
  readonly event: { readonly type: string; readonly [payload: string]: unknown };
  readonly from?: string;
}

/** How far to look. */
export interface ExploreOptions {
  /** Payloads to try, by event type. Default: one that fits the event's schema. */
  readonly payloads?: Readonly<Record<string, readonly Payload[]>>;
  /** States looked at, at most; one place with two contexts is two states. Default 2,000. */
  readonly maxStates?: number;
  /** Phases in which an agent works: only there somebody replies. Default: all. */
  readonly staffed?: ReadonlySet<string>;
}

export const EXPLORE: Form<ExploreOptions> = {
  payloads: maybe(everyValue(each(record))),
  maxStates: maybe(number),
  staffed: maybe(something),
};

/** An input that the chart may or may not know. */
export const INPUT_STEP: Step = { event: { type: EVENT.INPUT } };

/** A step, and the state it leads to. */
export interface Move {
  readonly step: Step;
  readonly after: Control;
}

/** Every step that the chart accepts in a state, and where it leads. */
export function* movesFrom(chart: Chart, control: Control, options: ExploreOptions): Generator<Move> {
  for (const step of stepsFrom(chart, control, options)) {
    const after = play(chart, control, step);
    if (after.refusals === control.refusals) yield { step, after };
  }
}

function* stepsFrom(chart: Chart, control: Control, options: ExploreOptions): Generator<Step> {
  for (const phase of phasesOf(chart, control)) {
    const arrows = chart.arrows.get(phase) ?? [];
    const types = new Set(arrows.filter((arrow) => arrow.isReply !== true).map((arrow) => arrow.event));
    for (const type of types) {
      for (const payload of payloadsOf(chart, type, options)) yield { event: { ...payload, type: concrete(type) }, from: phase };
    }
    if (arrows.some((arrow) => arrow.isReply === true) && replies(phase, options)) {
      yield { event: { type: BOOKKEEPING.REPLY }, from: phase };
    }
  }
  yield INPUT_STEP;
}

/** True when somebody is there to reply. */
export const replies = (phase: string, { staffed }: ExploreOptions): boolean => staffed?.has(phase) ?? true;

/** The state after a step, as the reducer has it. */
export function play(chart: Chart, control: Control, { event, from }: Step): Control {
  return advance(chart, control, { ...event, meta: { by: from ?? "user", at: 0, ...(from === undefined ? {} : { phase: from }) } });
}

/** Payloads to try with an event: those given, else the simplest one that its schema takes. */
export function payloadsOf(chart: Chart, type: string, options: ExploreOptions): readonly Payload[] {
  const given = options.payloads?.[type];
  if (given !== undefined) return given;
  const schema = Object.hasOwn(chart.events, type) ? chart.events[type] : undefined;
  return [schema === undefined ? {} : ((sample(z.toJSONSchema(schema, { unrepresentable: "any" })) ?? {}) as Payload)]; // event payloads are objects
}

/** A real type for a pattern such as `HANDOFF.*`. */
export const concrete = (type: string): string => (type === "*" ? "ANYTHING" : type.replace(/\.\*$/, ".anything"));

interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
}

/** The simplest value that a JSON schema takes, as far as it says so plainly. */
function sample(schema: unknown): unknown {
  const { type, const: only, enum: options, anyOf, properties = {}, required = [], items, ...bounds } = schema as Schema; // made by zod
  if (only !== undefined) return only;
  if (options !== undefined) return options[0];
  if (anyOf !== undefined) return sample(anyOf[0]);
  switch ([type].flat()[0]) {
    case "object":
      return Object.fromEntries(required.map((key) => [key, sample(properties[key])]));
    case "array":
      return Array.from({ length: bounds.minItems ?? 0 }, () => sample(items));
    case "string":
      return "x".repeat(Math.max(bounds.minLength ?? 1, 1));
    case "number":
    case "integer":
      return bounds.minimum ?? (bounds.exclusiveMinimum === undefined ? 1 : bounds.exclusiveMinimum + 1);
    case "boolean":
      return true;
    default:
      return null;
  }
}
