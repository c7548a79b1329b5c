import type { BaseMessage } from "@langchain/core/messages";
import { CLIENT, messageType, recordMessage, withoutRecord } from "../agent/conversation.js";
import type { Clock } from "../base/clock.js";
import { identify, ownMessage, readMessage } from "../state/owned-message.js";

/** A message as the thread's own. `isInput`: it comes from a client, which may claim neither an author nor what only the team's own messages say. */
export function incoming(given: unknown, clock: Clock, isInput: boolean): BaseMessage {
  const message = readMessage(given);
  if (message.getType() === "remove") return message;
  const isUser = message.getType() === "human";
  return ownMessage(message, (copy) => {
    identify(copy, clock);
    if (isInput) withoutRecord(copy);
    if (isInput && !isUser) recordMessage(copy, { author: CLIENT, recipient: "team", type: messageType(copy) });
    if (isUser) recordMessage(copy, { author: "user", recipient: "team", type: "chat" });
  });
}
