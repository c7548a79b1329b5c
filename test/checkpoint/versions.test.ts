import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import Sqlite from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PhasegraphError } from "../../src/base/errors.js";
import { SqliteCheckpointer } from "../../src/sqlite/index.js";
import { openFile, type SchemaPart } from "../../src/database/sqlite.js";
import { bundled } from "../bundled.js";
import { checkpointAt, idAt, metadataAt, stepOf, writesAt } from "./crash-steps.js";

const folder = mkdtempSync(join(tmpdir(), "phasegraph-versions-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const first: SchemaPart = {
  name: "notes",
  migrations: [(connection) => void connection.exec("CREATE TABLE note (text TEXT); INSERT INTO note VALUES ('a')")],
};
const second = (sql: string): SchemaPart => ({ ...first, migrations: [...first.migrations, (connection) => void connection.exec(sql)] });

describe("files of other versions", () => {
  it("a file of version 1 opens with everything in it, and goes on", async () => {
    const file = join(folder, "v1.db");
    copyFileSync("test/fixtures/checkpoints/sqlite-v1.db", file);
    const saver = new SqliteCheckpointer(file);
    for (let step = 0; step < 4; step += 1) {
      const tuple = await saver.getTuple({ configurable: { thread_id: "old", checkpoint_id: idAt(step) } });
      expect(tuple?.checkpoint).toEqual(checkpointAt("old", step));
      expect(tuple?.metadata).toEqual(metadataAt(step));
      expect(tuple?.pendingWrites).toEqual(writesAt("old", step).map(([channel, value]) => ["task", channel, value]));
    }
    expect(await saver.labels("old")).toEqual([
      { label: "before the change", config: { configurable: { thread_id: "old", checkpoint_ns: "", checkpoint_id: idAt(1) } } },
    ]);
    const config = { configurable: { thread_id: "old", checkpoint_ns: "", checkpoint_id: idAt(3) } };
    await saver.put(config, checkpointAt("old", 4), metadataAt(4), { messages: 5, data: 5 });
    expect((await saver.getTuple({ configurable: { thread_id: "old" } }))?.checkpoint).toEqual(checkpointAt("old", 4));
    saver.close();
  });

  it("a migration runs once and keeps what was there; one that fails changes nothing; a later version is refused", () => {
    const file = join(folder, "notes.db");
    openFile(file, first).close();
    expect(() => openFile(file, second("ALTER TABLE note ADD COLUMN age INTEGER; INSERT INTO missing VALUES (1)"))).toThrow(
      "no such table",
    );
    const added = openFile(file, second("ALTER TABLE note ADD COLUMN age INTEGER DEFAULT 7"));
    expect(added.prepare("SELECT * FROM note").all()).toEqual([{ text: "a", age: 7 }]);
    added.close();
    const again = openFile(file, second("ALTER TABLE note ADD COLUMN age INTEGER DEFAULT 7"));
    expect(again.prepare("SELECT * FROM note").all()).toEqual([{ text: "a", age: 7 }]);
    again.close();
    let refusal: unknown;
    try {
      openFile(file, first);
    } catch (error) {
      refusal = error;
    }
    expect(PhasegraphError.is(refusal) && refusal.code === "CHECKPOINT_VERSION" ? [refusal.stored, refusal.supported] : refusal).toEqual([
      2, 1,
    ]);
  });

  it("parts with their own versions live in one file", () => {
    const file = join(folder, "parts.db");
    openFile(file, first).close();
    const saver = new SqliteCheckpointer(file);
    saver.close();
    const connection = new Sqlite(file);
    expect(connection.prepare("SELECT part, version FROM schema_version ORDER BY part").all()).toEqual([
      { part: "checkpoints", version: 3 },
      { part: "notes", version: 1 },
    ]);
    connection.close();
  });
});

describe("processes that share a file", () => {
  let bundle = "";
  beforeAll(async () => {
    bundle = await bundled("test/checkpoint/writer-child.ts");
  }, 30_000);

  it("all create it at once, write to one thread and prune another, and nothing is lost or mixed", { timeout: 60_000 }, async () => {
    const file = join(folder, "shared.db");
    const [names, count] = [["", "left", "right"], 30];
    const run = promisify(execFile);
    await Promise.all(names.map((ns) => run(process.execPath, [bundle, file, ns, String(count)])));
    const saver = new SqliteCheckpointer(file);
    for (const ns of names) {
      const found: number[] = [];
      for await (const { checkpoint, pendingWrites } of saver.list({ configurable: { thread_id: "shared", checkpoint_ns: ns } })) {
        const step = stepOf(checkpoint.id);
        expect(checkpoint).toEqual(checkpointAt("shared", step));
        expect(pendingWrites).toEqual(writesAt("shared", step).map(([channel, value]) => ["task", channel, value]));
        found.push(step);
      }
      expect(found).toEqual(Array.from({ length: count }, (_, index) => count - 1 - index));
      const newest = await saver.getTuple({ configurable: { thread_id: "pruned", checkpoint_ns: ns } });
      expect(newest?.checkpoint).toEqual(checkpointAt("pruned", count - 1));
    }
    saver.close();
    const connection = new Sqlite(file);
    const [pruned] = connection
      .prepare("SELECT count(*) AS n FROM checkpoint JOIN thread ON thread.id = thread WHERE name = 'pruned'")
      .pluck()
      .all();
    expect(Number(pruned)).toBeLessThan(names.length * count);
    connection.close();
  });
});
