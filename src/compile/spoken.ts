import type { BaseMessage } from "@langchain/core/messages";
import { messageType, recordMessage } from "../agent/conversation.js";
import type { Clock } from "../base/clock.js";
import { identify, ownMessage } from "../state/owned-message.js";

/** Whose messages they are: what is written into each before it is stored. */
export interface Speaker {
  readonly agent: string;
  readonly phase: string;
  /** Whom they are for, except those that are about the agent's own tools. */
  readonly recipient: string;
  readonly clock: Clock;
}

/** Messages of an agent's turn as the thread keeps them: each with an id and its record, and nobody's to change. */
export function spokenBy({ agent, phase, recipient, clock }: Speaker, messages: readonly BaseMessage[]): BaseMessage[] {
  return messages.map((message) =>
    ownMessage(message, (copy) => {
      const type = messageType(copy);
      identify(copy, clock);
      recordMessage(copy, { author: agent, recipient: type === "tool" ? agent : recipient, type, phase });
    }),
  );
}
