import { HumanMessage } from "@langchain/core/messages";
import type { Turn } from "../src/agent/agent.js";

/**
 * The hand-over summary for whoever takes over: a message of its own, never part of the system prompt. Its id is the same
 * whenever this turn is run again.
 */
export function handoverNote(turn: Pick<Turn, "handover" | "phase" | "control">): HumanMessage[] {
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
