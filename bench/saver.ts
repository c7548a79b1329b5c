import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemorySaver, type BaseCheckpointSaver } from "@langchain/langgraph";
import { SqliteCheckpointer } from "../src/sqlite/index.js";
import { contest, median, type Medians } from "./contest.js";
import { oursRing, ringTurn } from "./handoff.js";
import { BLOCK, contender, TURNS, type Conversation } from "./conversation.js";
import type { SaverKind } from "./saver-graph.js";

const COLD_LOADS = 9;
/** Of ours; what is said of growth is the median of them. */
const CONVERSATIONS = 5;
const HANDOFFS = 100;

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
    const more = [ours, ...oursAgain(folder)];
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

/** The same conversation on our saver, each in a process of its own: its first and last turns are far apart, so one of them says little. */
function oursAgain(folder: string): Conversation[] {
  const names = Array.from({ length: CONVERSATIONS - 1 }, (_, index) => join(folder, `again-${index}.db`));
  return names.map((file) => JSON.parse(run("saver-talk.ts", file)) as Conversation); // that script prints nothing else
}

function run(script: string, ...args: readonly string[]): string {
  return execFileSync(process.execPath, ["--import", "tsx", join(import.meta.dirname, script), ...args], { encoding: "utf8" });
}

async function coldLoads(files: Readonly<Record<SaverKind, string>>): Promise<Readonly<Record<SaverKind, number>>> {
  const load = (kind: SaverKind) => () => Number(run("saver-cold.ts", kind, files[kind]));
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
