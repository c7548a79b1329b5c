import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HumanMessage } from "@langchain/core/messages";
import { MemorySaver, type BaseCheckpointSaver } from "@langchain/langgraph";
import { SqliteCheckpointer } from "../src/checkpoint/sqlite.js";
import { contest, median, type Medians } from "./contest.js";
import { oursRing, ringTurn } from "./handoff.js";
import { chatGraph, CHAT_TEXT, CHAT_THREAD, openSaver, type SaverKind } from "./saver-graph.js";

const TURNS = 500;
/** Turns are measured in blocks, ours and theirs in turn, so that a busy machine is busy for both. */
const BLOCK = 50;
const COLD_LOADS = 5;
/** Of ours; what is said of growth is the median of them. */
const CONVERSATIONS = 5;
const HANDOFFS = 100;

interface Conversation {
  readonly milliseconds: number[];
  /** Size of the database before the first block and after each. */
  readonly bytes: number[];
}

/** Medians in milliseconds, sizes of files, and the ratios that `--json` writes. */
export interface SaverReport {
  readonly medians: Readonly<Record<string, number>>;
  readonly bytes: Readonly<Record<string, number>>;
  readonly ratios: Readonly<Record<string, number>>;
}

/**
 * A thread of 500 turns, 500 characters each way, on our saver and on `@langchain/langgraph-checkpoint-sqlite`; and 100 handoffs in one
 * turn against MemorySaver. Medians; ratios are ours ÷ theirs.
 */
export async function measureSaver(rounds: number): Promise<SaverReport> {
  const folder = mkdtempSync(join(tmpdir(), "phasegraph-saver-"));
  const fileOf = (kind: SaverKind): string => join(folder, `${kind}.db`);
  try {
    const [ours, official] = await conversations(fileOf("ours"), fileOf("official"));
    const cold = await coldLoads({ ours: fileOf("ours"), official: fileOf("official") });
    const ring = await rings(join(folder, "ring.db"), rounds);
    const more = [ours, ...(await oursAgain(folder))];
    const growth = (of: (talk: Conversation) => number): number => median(more.map(of));
    const [last, theirs] = [lastTurn(ours), lastTurn(official)];
    return {
      medians: {
        "a turn of the first 50": firstTurn(ours),
        "a turn of the last 50": last,
        "a turn of the last 50, official": theirs,
        "getState in a new process": cold.ours,
        "the same, official": cold.official,
        "100 handoffs": ring.sqlite,
        "100 handoffs, MemorySaver": ring.memory,
      },
      bytes: {
        "500 turns": lastOf(ours.bytes),
        "500 turns, official": lastOf(official.bytes),
        "a turn of the first 50": firstBytes(ours),
        "a turn of the last 50": lastBytes(ours),
      },
      ratios: {
        "saver.bytesVsOfficial": lastOf(ours.bytes) / lastOf(official.bytes),
        "saver.turnTimeVsOfficialLast50": last / theirs,
        "saver.lastOverFirst": growth((talk) => lastTurn(talk) / firstTurn(talk)),
        "saver.bytesPerTurnLastOverFirst": growth((talk) => lastBytes(talk) / firstBytes(talk)),
        "saver.coldLoadVsOfficial": cold.ours / cold.official,
        "saver.stepVsMemorySaver": ring.sqlite / ring.memory,
      },
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

/** The same conversation on our saver alone: its first and last turns are far apart in time, so one of them says little on a busy machine. */
async function oursAgain(folder: string): Promise<Conversation[]> {
  const found: Conversation[] = [];
  for (let again = 1; again < CONVERSATIONS; again += 1) {
    const each = await contender("ours", join(folder, `again-${again}.db`));
    for (let block = 0; block < TURNS / BLOCK; block += 1) await each.talk();
    each.saver.close();
    found.push(each.conversation);
  }
  return found;
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

async function rings(file: string, rounds: number): Promise<Medians<"sqlite" | "memory">> {
  const sqlite = new SqliteCheckpointer(file);
  const ring = (saver: BaseCheckpointSaver) => {
    const contestant = oursRing(HANDOFFS, saver);
    return () => ringTurn(contestant, HANDOFFS);
  };
  try {
    return await contest({ sqlite: ring(sqlite), memory: ring(new MemorySaver()) }, rounds);
  } finally {
    sqlite.close();
  }
}

const firstTurn = ({ milliseconds }: Conversation): number => median(milliseconds.slice(0, BLOCK));
const lastTurn = ({ milliseconds }: Conversation): number => median(milliseconds.slice(-BLOCK));
const firstBytes = ({ bytes }: Conversation): number => bytesBetween(bytes[0], bytes[1]);
const lastBytes = ({ bytes }: Conversation): number => bytesBetween(bytes.at(-2), bytes.at(-1));

function bytesBetween(before = Number.NaN, after = Number.NaN): number {
  return (after - before) / BLOCK;
}

function lastOf(values: readonly number[]): number {
  return values.at(-1) ?? Number.NaN;
}
