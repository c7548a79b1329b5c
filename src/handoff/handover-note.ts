import { AIMessage, HumanMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import type { ToolCall } from "@langchain/core/messages/tool";
import { HANDOFF_TOOL } from "../agent/conversation.js";
import type { Control, Handover } from "../statechart/control.js";
import { EVENT } from "../statechart/vocabulary.js";

/** What is told of a handover: who, and what they left for the next. */
type Left = Pick<Handover, "from" | "reason" | "summary" | "payload">;

/** The words in which a handover is told, to whomever; undefined when nothing was left. */
export function handoverText({ from, reason, summary, payload }: Left): string | undefined {
  const lines = [
    ...(reason === undefined || reason === "" ? [] : [`Reason: ${reason}`]),
    ...(summary === undefined || summary === "" ? [] : [`Summary: ${summary}`]),
    ...(payload === undefined ? [] : [`Payload: ${JSON.stringify(payload)}`]),
  ];
  return lines.length === 0 ? undefined : [`[Handed over by ${from}]`, ...lines].join("\n");
}

/** A handover that a receiver has to be told of, and where it happened. */
export interface HandoverNote {
  readonly message: HumanMessage;
  /** The answer to the handoff call that tells it already, where it was made by one. */
  readonly call: BaseMessage | undefined;
  /** Whether a message of the thread was said after it happened. */
  isAfter(message: BaseMessage): boolean;
}

/** What an agent knows of its turn that a handover may be read from. */
export interface Handed {
  readonly messages: readonly BaseMessage[];
  readonly handover: Handover | undefined;
  readonly control: Control;
  readonly phase: string;
}

/** The handover by which the work came to a phase, while it is there: also when the receiver answers several turns later. */
export function handoverNote({ messages, handover, control, phase }: Handed): HandoverNote | undefined {
  const content = handover === undefined ? undefined : handoverText(handover);
  if (handover === undefined || content === undefined) return undefined;
  const place = placeOf(messages, control);
  let later: ReadonlySet<string | undefined> | undefined;
  return {
    message: new HumanMessage({ content, id: `handover:${phase}:${messages[place - 1]?.id ?? place}` }),
    isAfter: ({ id }) => id !== undefined && (later ??= new Set(messages.slice(place).map((message) => message.id))).has(id),
    call: handover.payload === undefined ? messages.slice(turnBefore(messages, place), place).find(isAcceptedHandoff) : undefined,
  };
}

/** Id of the message after which the work was handed over; empty when there is none, undefined when that is known already. */
export function handedOverAfter({ messages, handover, control }: Omit<Handed, "phase">): string | undefined {
  if (handover === undefined || control.handedAfter !== undefined) return undefined;
  return messages[placeOf(messages, control) - 1]?.id ?? "";
}

/** How many messages stand before the handover: all there were when its receiver first saw them, but for what the user said since. */
function placeOf(messages: readonly BaseMessage[], { handedAfter, last }: Control): number {
  if (handedAfter !== undefined) return messages.findLastIndex(({ id }) => id === handedAfter) + 1;
  return last.event === EVENT.INPUT ? messages.findLastIndex((message) => message.getType() !== "human") + 1 : messages.length;
}

/** Where the message begins whose answers end at a place. */
function turnBefore(messages: readonly BaseMessage[], place: number): number {
  let begin = place - 1;
  while (begin > 0 && ToolMessage.isInstance(messages[begin])) begin -= 1;
  return Math.max(0, begin);
}

/** The answer to a handoff that was made. */
export const isAcceptedHandoff = (message: BaseMessage): boolean =>
  ToolMessage.isInstance(message) && message.name === HANDOFF_TOOL && message.status !== "error";

/** The call that a tool message answers, among those of the message before it. */
export const callOf = (caller: BaseMessage | undefined, { tool_call_id: id }: ToolMessage): ToolCall | undefined =>
  AIMessage.isInstance(caller) ? caller.tool_calls?.find((call) => call.id === id) : undefined;
