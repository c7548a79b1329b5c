import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { PhasegraphError, type StorageFailure } from "../../src/base/errors.js";
import { SqliteCheckpointer } from "../../src/sqlite/index.js";
import { checkpointAt, idAt, metadataAt, stepOf, writesAt } from "./crash-steps.js";

const folder = mkdtempSync(join(tmpdir(), "phasegraph-faults-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
let file = "";
beforeEach(() => {
  file = join(folder, `${(files += 1)}.db`);
});

async function step(saver: SqliteCheckpointer, number: number, thread = "t"): Promise<void> {
  const parent = number === 0 ? {} : { checkpoint_id: idAt(number - 1) };
  const config = { configurable: { thread_id: thread, checkpoint_ns: "", ...parent } };
  const stored = await saver.put(config, checkpointAt(thread, number), metadataAt(number), { messages: number + 1, data: number + 1 });
  await saver.putWrites(stored, writesAt(thread, number), "task");
}

async function steps(saver: SqliteCheckpointer, count: number, thread = "t"): Promise<void> {
  for (let number = 0; number < count; number += 1) await step(saver, number, thread);
}

/** Reads everything and compares it with what was given; gives how many checkpoints there are. */
async function checkAll(saver: SqliteCheckpointer): Promise<number> {
  let count = 0;
  for await (const { config, checkpoint, metadata, pendingWrites } of saver.list({ configurable: {} })) {
    const [thread, number] = [String(config.configurable?.["thread_id"]), stepOf(checkpoint.id)];
    expect(checkpoint).toEqual(checkpointAt(thread, number));
    expect(metadata).toEqual(metadataAt(number));
    expect(pendingWrites).toBeOneOf([[], writesAt(thread, number).map(([channel, value]) => ["task", channel, value])]);
    count += 1;
  }
  return count;
}

/** What kept the database from doing `work`; fails the test for any other error. */
async function failureOf(work: () => unknown): Promise<StorageFailure | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (PhasegraphError.is(error) && error.code === "STORAGE_FAILED") return error.failure;
    throw error;
  }
}

describe("a file that is not what it should be", () => {
  it("a text file and a database of another program are refused, and left as they are", async () => {
    writeFileSync(file, "Dear diary, today nothing happened. ".repeat(40));
    const before = readFileSync(file);
    expect(await failureOf(() => new SqliteCheckpointer(file))).toBe("foreign");
    expect(readFileSync(file)).toEqual(before);

    const other = `${file}.other`;
    const connection = new Sqlite(other);
    connection.exec("CREATE TABLE songs (title TEXT); INSERT INTO songs VALUES ('x')");
    connection.close();
    const songs = readFileSync(other);
    expect(await failureOf(() => new SqliteCheckpointer(other))).toBe("foreign");
    expect(readFileSync(other)).toEqual(songs);
  });

  it("an empty file becomes ours; a folder, and a path that leads nowhere, are refused", async () => {
    writeFileSync(file, "");
    const saver = new SqliteCheckpointer(file);
    await steps(saver, 2);
    expect(await checkAll(saver)).toBe(2);
    saver.close();
    expect(await failureOf(() => new SqliteCheckpointer(folder))).toBe("unavailable");
    expect(await failureOf(() => new SqliteCheckpointer(join(folder, "none", "x.db")))).toBe("unavailable");
  });

  it("whichever page is overwritten, what is read is right or an error says that the file is damaged", { timeout: 60_000 }, async () => {
    const saver = new SqliteCheckpointer(file);
    await steps(saver, 12);
    saver.close();
    const pages = statSync(file).size / 4096;
    const seen = new Map<string, number>();
    for (let page = 0; page < pages; page += 1) {
      const damaged = `${file}.${page}`;
      copyFileSync(file, damaged);
      const handle = openSync(damaged, "r+");
      writeSync(handle, new Uint8Array(4096).fill(0xa5), 0, 4096, page * 4096);
      closeSync(handle);
      const failure = await failureOf(async () => {
        const broken = new SqliteCheckpointer(damaged);
        try {
          expect(await checkAll(broken)).toBe(12);
        } finally {
          broken.close();
        }
      });
      const kind = failure ?? "right";
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      rmSync(damaged);
    }
    expect([...seen.keys()].filter((kind) => !["right", "damaged", "foreign"].includes(kind))).toEqual([]);
    expect(seen.get("foreign"), "the page that says what the file is").toBe(1);
    expect(seen.get("damaged") ?? 0).toBeGreaterThan(5);
  });

  it("content that was changed or lost is never taken for the right one", async () => {
    const saver = new SqliteCheckpointer(file);
    await steps(saver, 3);
    await steps(saver, 2, "sound");
    saver.close();
    const tree = "(SELECT tree FROM thread WHERE name = 't')";
    const faults = [
      `UPDATE chunk SET bytes = replace(CAST(bytes AS TEXT), 'asks', 'told') WHERE tree = ${tree} AND kind = 0`,
      `DELETE FROM chunk WHERE tree = ${tree} AND kind = 0`,
      "UPDATE checkpoint SET body = substr(body, 1, 40) WHERE thread = (SELECT id FROM thread WHERE name = 't')",
    ];
    for (const [index, sql] of faults.entries()) {
      const damaged = `${file}.${index}`;
      copyFileSync(file, damaged);
      const connection = new Sqlite(damaged);
      connection.exec(sql);
      connection.close();
      const broken = new SqliteCheckpointer(damaged);
      expect(await failureOf(() => broken.getTuple({ configurable: { thread_id: "t" } })), sql).toBe("damaged");
      const other = await broken.getTuple({ configurable: { thread_id: "sound" } });
      expect(other?.checkpoint, "another thread of the file").toEqual(checkpointAt("sound", 1));
      broken.close();
    }
  });

  it("after close every use says so", async () => {
    const saver = new SqliteCheckpointer(file);
    saver.close();
    expect(await failureOf(() => saver.getTuple({ configurable: { thread_id: "t" } }))).toBe("closed");
    expect(await failureOf(() => step(saver, 0))).toBe("closed");
  });
});

describe("a disk, a lock or a permission in the way", () => {
  it("a full disk refuses a step whole; with more room the same step goes on", async () => {
    const connection = new Sqlite(file);
    const saver = new SqliteCheckpointer(connection);
    await steps(saver, 3);
    const full = Number(connection.pragma("page_count", { simple: true })) + 12;
    connection.pragma(`max_page_count = ${full}`);
    let reached = 3;
    let failure: StorageFailure | undefined;
    while (failure === undefined) {
      failure = await failureOf(() => step(saver, reached));
      if (failure === undefined) reached += 1;
    }
    expect(failure).toBe("full");
    const fresh = new SqliteCheckpointer(file);
    expect(await checkAll(fresh)).toBeOneOf([reached, reached + 1]); // its checkpoint may have had room, and only its writes not
    fresh.close();
    connection.pragma("max_page_count = 1000000");
    await step(saver, reached);
    await step(saver, reached + 1);
    saver.close();
    const again = new SqliteCheckpointer(file);
    expect(await checkAll(again)).toBe(reached + 2);
    again.close();
  });

  it("a file that another writer holds is waited for, then said to be locked; reading goes on meanwhile", async () => {
    const saver = new SqliteCheckpointer(file, { busyTimeout: 60 });
    await steps(saver, 2);
    const other = new Sqlite(file);
    other.exec("BEGIN IMMEDIATE");
    const started = performance.now();
    expect(await failureOf(() => step(saver, 2))).toBe("locked");
    expect(performance.now() - started).toBeGreaterThanOrEqual(50);
    expect(await checkAll(saver)).toBe(2);
    other.exec("ROLLBACK");
    other.close();
    await step(saver, 2);
    expect(await checkAll(saver)).toBe(3);
    saver.close();
  });

  it("a file that may only be read is read; a step is refused", async () => {
    const saver = new SqliteCheckpointer(file);
    await steps(saver, 2);
    saver.close();
    const reader = new SqliteCheckpointer(new Sqlite(file, { readonly: true }));
    expect(await checkAll(reader)).toBe(2);
    expect(await failureOf(() => step(reader, 2))).toBe("read-only");
    expect(await checkAll(reader)).toBe(2);
    reader.close();
  });

  it("a folder that may only be read gives an error that names the path's fault, and no file", async () => {
    const locked = join(folder, `locked-${files}`);
    mkdirSync(locked);
    chmodSync(locked, 0o555);
    chmodSync(folder, 0o755);
    const isRoot = process.geteuid?.() === 0; // to whom permissions mean nothing
    if (isRoot) process.seteuid?.(65_534);
    try {
      expect(await failureOf(() => new SqliteCheckpointer(join(locked, "new.db")))).toBeOneOf(["unavailable", "read-only"]);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
    expect(() => statSync(join(locked, "new.db"))).toThrow("ENOENT");
  });
});
