import { statSync } from "node:fs";
import { HumanMessage } from "@langchain/core/messages";
import { chatGraph, CHAT_TEXT, CHAT_THREAD, openSaver, type SaverKind } from "./saver-graph.js";

export const TURNS = 500;
/** Turns are measured in blocks, ours and theirs in turn, so that a busy machine is busy for both. */
export const BLOCK = 50;

/** What was measured of a thread. */
export interface Conversation {
  readonly milliseconds: number[];
  /** Size of the database before the first block and after each. */
  readonly bytes: number[];
}

/** A thread that goes on by a block of turns each time it is told to. */
export async function contender(kind: SaverKind, file: string) {
  const saver = openSaver(kind, file);
  const graph = chatGraph(saver.saver);
  // the first turns of a process compile code; a short thread of its own takes that on itself
  for (let turn = 0; turn < 10; turn += 1) await graph.invoke(said(turn), { configurable: { thread_id: "warm-up" } });
  const conversation: Conversation = { milliseconds: [], bytes: [sizeOf(saver.checkpoint, file)] };
  const talk = async (): Promise<void> => {
    for (let turn = 0; turn < BLOCK; turn += 1) {
      const start = performance.now();
      await graph.invoke(said(turn), CHAT_THREAD);
      conversation.milliseconds.push(performance.now() - start);
    }
    conversation.bytes.push(sizeOf(saver.checkpoint, file));
  };
  return { saver, talk, conversation };
}

function said(turn: number) {
  return { messages: [new HumanMessage({ content: `${turn} `.padEnd(CHAT_TEXT, "question "), id: crypto.randomUUID() })] };
}

function sizeOf(checkpoint: () => void, file: string): number {
  checkpoint();
  return statSync(file).size;
}
