import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HumanMessage } from "@langchain/core/messages";
import { MemorySaver, type BaseCheckpointSaver } from "@langchain/langgraph";
import { SqliteCheckpointer } from "../src/checkpoint/sqlite.js";
import { contest, median } from "./contest.js";
import { oursRing, ringTurn } from "./handoff.js";
import { chatGraph, CHAT_TEXT, CHAT_THREAD, openSaver, type SaverKind } from "./saver-graph.js";

const TURNS = 500;
/** Turns are measured in blocks, ours and theirs in turn, so that a busy machine is busy for both. */
const BLOCK = 50;
const COLD_LOADS = 5;
const HANDOFFS = 100;

interface Conversation {
  readonly milliseconds: number[];
  /** Size of the database before the first block and after each. */
  readonly bytes: number[];
}

/**
 * A thread of 500 turns, 500 characters each way, on our saver and on `@langchain/langgraph-checkpoint-sqlite`; and 100 handoffs in one
 * turn against MemorySaver. Medians; ratios are ours ÷ theirs.
 */
export async function measureSaver(rounds = 3): Promise<Readonly<Record<string, number>>> {
  const folder = mkdtempSync(join(tmpdir(), "phasegraph-saver-"));
  const fileOf = (kind: SaverKind): string => join(folder, `${kind}.db`);
  try {
    const [ours, official] = await conversations(fileOf("ours"), fileOf("official"));
    const cold = await coldLoads({ ours: fileOf("ours"), official: fileOf("official") });
    return {
      "saver.bytesVsOfficial": lastOf(ours.bytes) / lastOf(official.bytes),
      "saver.turnTimeVsOfficialLast50": median(ours.milliseconds.slice(-BLOCK)) / median(official.milliseconds.slice(-BLOCK)),
      "saver.lastOverFirst": median(ours.milliseconds.slice(-BLOCK)) / median(ours.milliseconds.slice(0, BLOCK)),
      "saver.bytesPerTurnLastOverFirst": growth(ours.bytes, -1) / growth(ours.bytes, 1),
      "saver.coldLoadVsOfficial": cold.ours / cold.official,
      "saver.stepVsMemorySaver": await stepVsMemorySaver(join(folder, "ring.db"), rounds),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function conversations(...files: readonly [ours: string, official: string]): Promise<readonly [Conversation, Conversation]> {
  const [ours, official] = [await contender("ours", files[0]), await contender("official", files[1])];
  for (let block = 0; block < TURNS / BLOCK; block += 1) for (const each of [ours, official]) await each.talk();
  for (const each of [ours, official]) each.saver.close();
  return [ours.conversation, official.conversation];
}

async function contender(kind: SaverKind, file: string) {
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

async function coldLoads(files: Readonly<Record<SaverKind, string>>): Promise<Readonly<Record<SaverKind, number>>> {
  const load = (kind: SaverKind) => () => {
    const script = join(import.meta.dirname, "saver-cold.ts");
    return Number(execFileSync(process.execPath, ["--import", "tsx", script, kind, files[kind]], { encoding: "utf8" }));
  };
  return await contest({ ours: load("ours"), official: load("official") }, COLD_LOADS);
}

async function stepVsMemorySaver(file: string, rounds: number): Promise<number> {
  const sqlite = new SqliteCheckpointer(file);
  const ring = (saver: BaseCheckpointSaver) => {
    const contestant = oursRing(HANDOFFS, saver);
    return () => ringTurn(contestant, HANDOFFS);
  };
  try {
    const medians = await contest({ sqlite: ring(sqlite), memory: ring(new MemorySaver()) }, rounds);
    return medians.sqlite / medians.memory;
  } finally {
    sqlite.close();
  }
}

/** Bytes of the first block (1) or the last (-1). */
function growth(bytes: readonly number[], which: 1 | -1): number {
  const end = which === 1 ? 1 : bytes.length - 1;
  return (bytes[end] ?? 0) - (bytes[end - 1] ?? 0);
}

function lastOf(values: readonly number[]): number {
  return values.at(-1) ?? Number.NaN;
}
