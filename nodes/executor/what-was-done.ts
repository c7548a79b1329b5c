import { AIMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { messageType } from "../../src/agent/conversation.js";
import { cut } from "../../src/base/shown-error.js";

/** Characters of one call's arguments, of one result, of the reason, and of all that is told. */
const MAX_ARGUMENTS = 200;
const MAX_RESULT = 300;
const MAX_REASON = 800;
const MAX_TOLD = 2_000;

/**
 * Why a task did not come to its end, and what its worker had done by then: whoever reads it knows what need not, or must not, be
 * done again. `said` are the messages of its turns; the newest calls are told where not all can be.
 */
export function withWhatWasDone(reason: string, said: readonly BaseMessage[]): string {
  const done = callsIn(said);
  if (done.length === 0) return reason;
  const short = cut(reason, MAX_REASON);
  const told: string[] = [];
  let left = MAX_TOLD - short.length - HEAD.length - MAX_NOTE;
  for (const line of done.toReversed()) {
    left -= line.length + 1;
    if (left < 0) break;
    told.unshift(line);
  }
  const untold = done.length - told.length;
  const note = untold === 0 ? [] : [`- ${untold} earlier calls`];
  return [`${short}${HEAD}`, ...note, ...told].join("\n");
}

const HEAD = "\nDone before that:";
const MAX_NOTE = 40;

/** The tool calls that came to an end, a line each. */
function callsIn(messages: readonly BaseMessage[]): string[] {
  const calls = messages.flatMap((message) => (AIMessage.isInstance(message) ? (message.tool_calls ?? []) : []));
  const args = new Map(calls.map((call) => [call.id, call.args]));
  return messages.flatMap((message) => {
    if (!ToolMessage.isInstance(message) || messageType(message) === "handoff") return [];
    const given = JSON.stringify(args.get(message.tool_call_id) ?? {});
    return [`- ${message.name ?? "tool"}(${shortened(given, MAX_ARGUMENTS)}) → ${shortened(message.text, MAX_RESULT)}`];
  });
}

const shortened = (text: string, most: number): string => (text.length <= most ? text : `${cut(text, most)}…`);
