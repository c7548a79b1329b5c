import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import Sqlite from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SqliteCheckpointer } from "../../src/sqlite/index.js";
import { bundled } from "../bundled.js";
import { momentsOf } from "../crash/victim.js";
import { runs, SEED } from "../runs.js";
import type { Acknowledged } from "./crash-child.js";
import { checkpointAt, idAt, metadataAt, stepOf, writesAt } from "./crash-steps.js";

const KILLS = runs(3, 100);
/** Processes that write to one file at the same time, each to threads of its own; each is killed as often. */
const LANES = runs(1, 2);
/** A child is killed within this time after its first write; a step takes a few. */
const MILLISECONDS = 40;
const folder = mkdtempSync(join(tmpdir(), "phasegraph-saver-crash-"));
const file = join(folder, "checkpoints.db");

let bundle = "";
beforeAll(async () => {
  bundle = await bundled("test/checkpoint/crash-child.ts");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What was acknowledged of a thread: steps whose checkpoint, and steps whose writes. */
interface Told {
  readonly puts: Set<number>;
  readonly writes: Set<number>;
}

/** Runs a child and kills it `after` so many milliseconds of its work. Adds what it said was done to `told`. */
async function killed(thread: string, told: Told, after: number): Promise<void> {
  const child = spawn(process.execPath, [bundle, file, thread], { stdio: ["ignore", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  const closed = once(child, "close");
  let timer: ReturnType<typeof setTimeout> | undefined;
  for await (const text of createInterface({ input: child.stdout })) {
    timer ??= setTimeout(() => child.kill("SIGKILL"), after);
    const line = JSON.parse(text) as Acknowledged;
    if ("put" in line) told.puts.add(line.put);
    else told.writes.add(line.writes);
  }
  const [, signal] = (await closed) as [number | null, string | null];
  if (signal !== "SIGKILL") throw new Error(`The child ended by itself:\n${complaints}`);
}

/** Opens the file as a new process would, and checks the steps from `first` on: whole, as they were given, and none missing. */
async function check(thread: string, told: Told, first: number): Promise<void> {
  const saver = new SqliteCheckpointer(file, { busyTimeout: 20_000 });
  try {
    const newest = stepOf((await saver.getTuple({ configurable: { thread_id: thread } }))?.checkpoint.id ?? "-1");
    expect(newest - Math.max(...told.puts), "stored beyond what was acknowledged").toBeOneOf([0, 1]);
    for (let step = first; step <= newest; step += 1) {
      const tuple = await saver.getTuple({ configurable: { thread_id: thread, checkpoint_id: idAt(step) } });
      expect(tuple?.checkpoint).toEqual(checkpointAt(thread, step));
      expect(tuple?.metadata).toEqual(metadataAt(step));
      const written = writesAt(thread, step).map(([channel, value]) => ["task", channel, value]);
      // killed between a checkpoint and its writes, a step has none of them; never some
      expect(tuple?.pendingWrites).toBeOneOf(told.writes.has(step) ? [written] : [written, []]);
    }
    for (const name of [`${thread}-churn`, `${thread}-copy`])
      for await (const { checkpoint, pendingWrites } of saver.list({ configurable: { thread_id: name } })) {
        const source = `${thread}-churn`;
        expect(checkpoint).toEqual(checkpointAt(source, stepOf(checkpoint.id)));
        expect([0, 3]).toContain(pendingWrites?.length ?? 0);
      }
  } finally {
    saver.close();
  }
}

async function torture(thread: string, lane: number): Promise<Told> {
  const told: Told = { puts: new Set(), writes: new Set() };
  for (const after of momentsOf(lane, LANES, KILLS, MILLISECONDS)) {
    const first = told.puts.size;
    await killed(thread, told, after);
    await check(thread, told, Math.max(0, first - 1));
  }
  return told;
}

describe(`kill -9 of ${KILLS} processes that write to one file (seed ${SEED})`, () => {
  it("the file opens, every acknowledged checkpoint and write is there, and none is half there", async () => {
    const threads = Array.from({ length: LANES }, (_, lane) => `lane-${lane}`);
    const told = await Promise.all(threads.map(torture));
    for (const [lane, thread] of threads.entries()) await check(thread, told[lane] as Told, 0); // one for each thread
    const steps = told.reduce((sum, { puts }) => sum + puts.size, 0);
    expect(steps, "a child is killed only after it has written").toBeGreaterThanOrEqual(KILLS);
    const connection = new Sqlite(file);
    expect(connection.pragma("integrity_check", { simple: true })).toBe("ok");
    expect(connection.pragma("foreign_key_check")).toEqual([]);
    connection.close();
  });
});
