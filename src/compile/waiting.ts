import type { Interrupt, StateSnapshot } from "@langchain/langgraph";
import { freeze, isPlainObject } from "../base/json.js";
import type { Chart } from "../statechart/chart.js";
import type { Control } from "../statechart/control.js";
import { legalEvents, phasesOf } from "../statechart/legal.js";
import { keyOf } from "./answer-records.js";

/** Who has the next word on a thread that rests, and what would let it go on. */
export interface WaitedFor {
  /** The phase of the orchestration that was asked about. */
  readonly phase: string;
  /** Who works there, or, however deep inside, asks; nobody where events from outside move the phase. */
  readonly agent?: string;
  /**
   * `"message"`: the user's next one. `"event"`: one that comes from outside. `"approval"`: a person's word on tool calls. `"person"`: a
   * person of the team. `"answer"`: one to any other question.
   */
  readonly for: "message" | "event" | "approval" | "person" | "answer";
  /** Event types that are accepted, for a message, an event or a person. */
  readonly events?: readonly string[];
  /** The tools that wait for approval. */
  readonly tools?: readonly string[];
  /** The task of a fan-out that asks; within a task within a task: both, with `/` between them. */
  readonly task?: string;
  /** The question's nonce, or its id where it has none. */
  readonly question?: string;
}

/** A thread as `getState` gives it. */
export type Resting = Pick<StateSnapshot, "values" | "tasks">;

/** The phases of a place in which nobody works: events from outside move them. */
function unstaffed(chart: Chart, control: Control): string[] {
  const isKnown = chart.agentIds.size > 0 && chart.agentIds.size < chart.phases.size;
  return !isKnown || control.done ? [] : phasesOf(chart, control).filter((phase) => !chart.agentIds.has(phase));
}

/** The control state as it is shown: everybody who is waited for waits, also those who asked, and phases where nobody works. */
export function withWaiting(chart: Chart, control: Control, asked: readonly string[]): Control {
  const waiting = [...new Set([...control.waiting, ...asked, ...unstaffed(chart, control)])];
  return waiting.length === control.waiting.length ? control : freeze({ ...control, waiting });
}

/** @see Orchestration.waitingFor */
export function waitingFor(chart: Chart, { values, tasks }: Resting): WaitedFor[] {
  const { control } = values as { readonly control?: Control };
  if (control === undefined || control.done) return [];
  const questions = tasks.flatMap(({ name, interrupts }) => interrupts.map((question) => asked(chart, name, question)));
  const asking = new Set(questions.map(({ phase }) => phase));
  const events = (phase: string) => legalEvents(chart, control, phase);
  const outside = unstaffed(chart, control);
  const replied = control.waiting.filter((phase) => !asking.has(phase) && !outside.includes(phase));
  return [
    ...questions,
    ...replied.map((phase): WaitedFor => ({ phase, ...agentOf(chart, phase), for: "message", events: events(phase) })),
    ...outside.map((phase): WaitedFor => ({ phase, for: "event", events: events(phase) })),
  ];
}

function agentOf({ agentIds }: Chart, phase: string): Pick<WaitedFor, "agent"> {
  const agent = agentIds.get(phase);
  return agent === undefined ? {} : { agent };
}

function asked(chart: Chart, phase: string, question: Interrupt): WaitedFor {
  const { value } = question;
  const [agent, task] = [textIn(value, "agent"), textIn(value, "task")];
  const kind = textIn(value, "kind");
  const who = { phase, ...(agent === undefined ? agentOf(chart, phase) : { agent }), ...(task === undefined ? {} : { task }) };
  const about = { question: keyOf(question) };
  if (kind === "approval")
    return {
      ...who,
      for: "approval",
      tools: [...new Set(listIn(value, "requests").flatMap((one) => textIn(one, "tool") ?? []))],
      ...about,
    };
  if (kind === "human")
    return { ...who, for: "person", events: listIn(value, "events").filter((event) => typeof event === "string"), ...about };
  const tools = [...new Set(listIn(value, "actionRequests").flatMap((one) => textIn(one, "name") ?? textIn(one, "action") ?? []))];
  return tools.length > 0 ? { ...who, for: "approval", tools, ...about } : { ...who, for: "answer", ...about };
}

const textIn = (value: unknown, key: string): string | undefined => {
  const part = isPlainObject(value) ? value[key] : undefined;
  return typeof part === "string" ? part : undefined;
};

const listIn = (value: unknown, key: string): readonly unknown[] => {
  const part = isPlainObject(value) ? value[key] : undefined;
  return Array.isArray(part) ? part : [];
};
