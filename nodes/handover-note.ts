import { HumanMessage, type BaseMessage } from "@langchain/core/messages";
import type { Turn } from "../src/agent/agent.js";
import { EVENT } from "../src/statechart/vocabulary.js";

/**
 * What an agent is shown, with the hand-over summary in its place: after everything when the work has just been handed over, else
 * before what the user said since, which stays the last word.
 */
export function withHandoverNote(turn: Pick<Turn, "handover" | "phase" | "control">, history: readonly BaseMessage[]): BaseMessage[] {
  const answered =
    turn.control.last.event === EVENT.INPUT ? history.findLastIndex((message) => message.getType() !== "human") + 1 : history.length;
  return [...history.slice(0, answered), ...handoverNote(turn), ...history.slice(answered)];
}

/**
 * The hand-over summary for whoever takes over: a message of its own, never part of the system prompt. Its id is the same
 * whenever this turn is run again.
 */
function handoverNote(turn: Pick<Turn, "handover" | "phase" | "control">): HumanMessage[] {
  const { handover } = turn;
  if (handover === undefined) return [];
  const { reason, summary, payload } = handover;
  const lines = [
    ...(reason === undefined || reason === "" ? [] : [`Reason: ${reason}`]),
    ...(summary === undefined || summary === "" ? [] : [`Summary: ${summary}`]),
    ...(payload === undefined ? [] : [`Payload: ${JSON.stringify(payload)}`]),
  ];
  if (lines.length === 0) return [];
  const content = [`[Handed over by ${handover.from}]`, ...lines].join("\n");
  return [new HumanMessage({ content, id: `handover:${turn.phase}:${turn.control.seq}` })];
}
