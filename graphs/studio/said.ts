import type { Turn } from "../../index.js";

/** What the user said last, or what the agent before this one made of it. */
export const said = (turn: Turn): string => turn.messages.findLast((message) => message.getType() === "human")?.text ?? "";

/** The words of a text, without its punctuation. */
export const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{N}'-]+/gu) ?? [];

/** The sentences of a text. */
export const sentencesOf = (text: string): string[] =>
  text
    .match(/[^.!?]+[.!?]*/g)
    ?.map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== "") ?? [];
