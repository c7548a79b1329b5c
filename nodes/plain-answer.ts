import { HumanMessage, type BaseMessage } from "@langchain/core/messages";
import type { Turn } from "../src/agent/agent.js";
import { HANDOFF_TOOL, recordMessage } from "../src/agent/conversation.js";
import { InvalidModelOutputError } from "../src/base/errors.js";
import { EVENT } from "../src/statechart/vocabulary.js";

/** What such a note begins with; by it those of a turn are counted. */
const NOTE = "Your answer was heard, but it does not end the work here.";

/**
 * Where only handoffs lead on, an answer without one would be an event that the chart refuses, and the end of the run.
 * @returns what the model is told instead; undefined where an answer ends the turn, or no handoff is open.
 * @throws InvalidModelOutputError when it was told as often as a refused handoff may be.
 */
export function answerAlone(turn: Turn, added: readonly BaseMessage[], attempts = 3): HumanMessage | undefined {
  if (turn.waits) return undefined;
  const open = turn.handoffs().map(({ target }) => target);
  if (open.length === 0 || turn.can({ type: EVENT.DONE })) return undefined;
  const told = added.filter((message) => HumanMessage.isInstance(message) && message.text.startsWith(NOTE)).length + 1;
  if (told >= attempts) {
    const why = `${told} times it only answered, and phase "${turn.phase}" is left by a handoff alone; open: ${open.join(", ")}`;
    throw new InvalidModelOutputError(turn.agent, why);
  }
  const content = `${NOTE} Call ${HANDOFF_TOOL} with one of: ${open.join(", ")}.`;
  const note = { author: turn.orchestration, recipient: turn.agent, type: "system", phase: turn.phase } as const;
  return recordMessage(new HumanMessage({ content, id: turn.clock.id() }), note);
}
