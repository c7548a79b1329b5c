import type { BaseMessage } from "@langchain/core/messages";
import { anything, each, maybe, record, requireForm, shape, text, type Form } from "../base/form.js";
import type { TaskUpdates } from "./task.js";

/** New values for the extra state: keys are checked here, values by the state's schemas. */
export type Update<State> = { readonly [Key in keyof State]?: unknown };

/** What the agent's turn comes to. The chart decides whether it may happen. */
export type Next =
  | { readonly kind: "done" }
  | { readonly kind: "handoff"; readonly to: string; readonly reason?: string; readonly summary?: string; readonly payload?: unknown }
  | { readonly kind: "progress" }
  | { readonly kind: "event"; readonly event: { readonly type: string; readonly [payload: string]: unknown } };

/** The end of an agent's turn: what it said, what it computed, and what should happen next. Made by {@link reply}, {@link handoff} and {@link send}. */
export interface Outcome<State = object> {
  readonly next: Next;
  /** One chat message of the agent. */
  readonly content?: string;
  /** New messages as they are, before `content`: tool calls with their answers, for example. */
  readonly messages?: readonly BaseMessage[];
  /** Plain JSON, kept under the phase in `results`. */
  readonly data?: unknown;
  readonly update?: Update<State>;
  /** New records of a fan-out's tasks, by key; `null` takes one out. */
  readonly tasks?: TaskUpdates;
}

/** What may go with an outcome. */
export interface OutcomeOptions<State> {
  readonly messages?: readonly BaseMessage[];
  readonly data?: unknown;
  readonly update?: Update<State>;
}

const OPTIONS: Form<OutcomeOptions<object>> = { messages: maybe(each(anything)), data: maybe(anything), update: maybe(record) };
const REPLY = shape<OutcomeOptions<object>>(OPTIONS);
const SEND = shape<OutcomeOptions<object> & { readonly content?: string }>({ ...OPTIONS, content: maybe(text) });
const HANDOFF = shape<HandoffOptions<object>>({
  ...OPTIONS,
  content: maybe(text),
  reason: maybe(text),
  summary: maybe(text),
  payload: maybe(anything),
});

/** The agent is done with its work here: the chart moves on `DONE`, or the user has the next word. */
export function reply<State = object>(content: string, options: OutcomeOptions<State> = {}): Outcome<State> {
  requireForm("reply()", options, REPLY);
  return { ...options, content, next: { kind: "done" } };
}

/** The work passes to another agent or phase. */
export interface HandoffOptions<State> extends OutcomeOptions<State> {
  readonly reason?: string;
  /** What the receiver needs to know; shown to it when it starts. */
  readonly summary?: string;
  /** Plain JSON for the receiver. */
  readonly payload?: unknown;
  readonly content?: string;
}

/** Asks the chart to pass the work to `to`: a phase, or an agent that has one. */
export function handoff<State = object>(to: string, options: HandoffOptions<State> = {}): Outcome<State> {
  requireForm("handoff()", options, HANDOFF);
  const { reason, summary, payload, ...rest } = options;
  return {
    ...rest,
    next: {
      kind: "handoff",
      to,
      ...(reason === undefined ? {} : { reason }),
      ...(summary === undefined ? {} : { summary }),
      ...(payload === undefined ? {} : { payload }),
    },
  };
}

/** Sends the chart one of its own events, such as `APPROVE` or `{ type: "REVISE", feedback }`. */
export function send<State = object>(
  event: string | { readonly type: string; readonly [payload: string]: unknown },
  options: OutcomeOptions<State> & { readonly content?: string } = {},
): Outcome<State> {
  requireForm("send()", options, SEND);
  return { ...options, next: { kind: "event", event: typeof event === "string" ? { type: event } : event } };
}
