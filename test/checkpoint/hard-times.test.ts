import { spawn } from "node:child_process";
import { mkdtempSync, renameSync, rmSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ToolMessage } from "@langchain/core/messages";
import { emptyCheckpoint, uuid6, type Checkpoint } from "@langchain/langgraph-checkpoint";
import Sqlite from "better-sqlite3";
import { afterAll, describe, expect, it } from "vitest";
import { PhasegraphError } from "../../src/base/errors.js";
import { SqliteCheckpointer } from "../../src/sqlite/index.js";

const folder = mkdtempSync(join(tmpdir(), "phasegraph-hard-times-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newFile = (): string => join(folder, `${(files += 1)}.db`);

const on = (thread: string, ns = "") => ({ configurable: { thread_id: thread, checkpoint_ns: ns } });
const checkpointOf = (text: unknown, id = uuid6(0)): Checkpoint => ({
  ...emptyCheckpoint(),
  id,
  channel_values: { text },
  channel_versions: { text: 1 },
});
const put = async (saver: SqliteCheckpointer, text: unknown, id?: string, thread = "1") =>
  await saver.put(on(thread), checkpointOf(text, id), { source: "loop", step: 1, parents: {} }, { text: 1 });
const failure = async (work: Promise<unknown>): Promise<unknown> => {
  const error = await work.then(
    () => "ok",
    (thrown: unknown) => thrown,
  );
  return PhasegraphError.is(error) ? (error.code === "STORAGE_FAILED" ? error.failure : error.code) : error;
};

describe("what the serializer cannot write", () => {
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  it.each([
    ["a BigInt", { rows: [{ id: 10n }] }],
    ["a BigInt alone", 10n],
    ["a BigInt in a message", new ToolMessage({ content: "3 rows", tool_call_id: "1", artifact: { id: 10n } })],
    ["a BigInt in a Map", new Map([["id", 10n]])],
    ["a circle", circle],
    ["a circle in a message", new ToolMessage({ content: "x", tool_call_id: "1", artifact: circle })],
  ])("is refused as a state and as a pending write, and the thread stays readable: %s", async (_name, value) => {
    const saver = new SqliteCheckpointer(":memory:");
    const config = await put(saver, "fine");
    expect(await failure(put(saver, value))).toBe("INVALID_REQUEST");
    expect(await failure(saver.putWrites(config, [["text", value]], "task"))).toBe("INVALID_REQUEST");
    const tuple = await saver.getTuple(on("1"));
    expect([tuple?.checkpoint.channel_values["text"], tuple?.pendingWrites]).toEqual(["fine", []]);
  });
});

describe("a lock that another process holds", () => {
  it("keeps nobody else waiting, and fails all that wait after one deadline", async () => {
    const file = newFile();
    const saver = new SqliteCheckpointer(file, { busyTimeout: 300 });
    await put(saver, "before");
    const holder = new Sqlite(file);
    holder.exec("BEGIN IMMEDIATE");
    let turns = 0;
    const turning = setInterval(() => (turns += 1), 5);
    const waiting = ["1", "2", "3"].map(async (thread) => await failure(put(saver, "x", undefined, thread)));
    const read = saver.getTuple(on("1")).then((tuple) => tuple?.checkpoint.channel_values["text"]);
    expect(await Promise.race([read, ...waiting])).toBe("before");
    expect(await Promise.all(waiting)).toEqual(["locked", "locked", "locked"]);
    clearInterval(turning);
    expect(turns).toBeGreaterThan(5);
    const late = put(saver, "after");
    await sleep(20);
    holder.exec("ROLLBACK");
    await late;
    expect((await saver.getTuple(on("1")))?.checkpoint.channel_values["text"]).toBe("after");
    holder.close();
    saver.close();
  });
});

describe("a file that others change under an open saver", () => {
  it("an older backup put back: nothing is acknowledged that is not there", async () => {
    const file = newFile();
    const saver = new SqliteCheckpointer(file);
    await put(saver, "A".repeat(2000));
    const copy = new Sqlite(file);
    await copy.backup(`${file}.backup`);
    copy.close();
    await put(saver, "B".repeat(2000));
    const backup = new Sqlite(`${file}.backup`);
    await backup.backup(file);
    backup.close();
    await saver.getTuple(on("1")); // a read in between must not hide it from the write
    await put(saver, "B".repeat(2000));
    const fresh = new SqliteCheckpointer(file);
    expect((await fresh.getTuple(on("1")))?.checkpoint.channel_values["text"]).toBe("B".repeat(2000));
    fresh.close();
    saver.close();
  });

  it("a file that is deleted or replaced is a typed failure of whatever comes next", async () => {
    const [gone, replaced] = [newFile(), newFile()];
    const [one, other] = [new SqliteCheckpointer(gone), new SqliteCheckpointer(replaced)];
    await put(one, "x");
    await put(other, "x");
    unlinkSync(gone);
    new SqliteCheckpointer(`${replaced}.new`).close();
    renameSync(`${replaced}.new`, replaced);
    for (const saver of [one, other]) {
      expect(await failure(put(saver, "y"))).toBe("unavailable");
      expect(await failure(saver.getTuple(on("1")))).toBe("unavailable");
      saver.close();
    }
  });

  it("a schema that a newer program raised is a typed failure of whatever comes next", async () => {
    const file = newFile();
    const saver = new SqliteCheckpointer(file);
    await put(saver, "x");
    const newer = new Sqlite(file);
    newer.exec("UPDATE schema_version SET version = 99 WHERE part = 'checkpoints'");
    newer.close();
    expect(await failure(put(saver, "y"))).toBe("CHECKPOINT_VERSION");
    expect(await failure(saver.getTuple(on("1")))).toBe("CHECKPOINT_VERSION");
    saver.close();
  });
});

describe("a clock that was ahead", () => {
  it("hides nothing that came after: newest, lists, copies and retention go by the order of writing", async () => {
    const saver = new SqliteCheckpointer(":memory:");
    const ids = ["c5", "c9", "c1", "c2"]; // the second writer's clock was ahead
    for (const id of ids) await put(saver, id, id);
    const texts = async (thread: string, before?: string) => {
      const found: unknown[] = [];
      const options =
        before === undefined ? {} : { before: { configurable: { thread_id: thread, checkpoint_ns: "", checkpoint_id: before } } };
      for await (const { checkpoint } of saver.list(on(thread), options)) found.push(checkpoint.id);
      return found;
    };
    expect((await saver.getTuple(on("1")))?.checkpoint.id).toBe("c2");
    expect(await texts("1")).toEqual(["c2", "c1", "c9", "c5"]);
    expect(await texts("1", "c1")).toEqual(["c9", "c5"]);
    await saver.copyThread("1", "copy");
    expect(await texts("copy")).toEqual(["c2", "c1", "c9", "c5"]);
    await saver.prune({ keepLast: 2 });
    expect([await texts("1"), await texts("copy")]).toEqual([
      ["c2", "c1"],
      ["c2", "c1"],
    ]);
  });
});

describe("H5 a process that was stopped and wakes up", () => {
  const program = `
    import { agent, sequential } from "./index.ts";
    import { SqliteCheckpointer } from "./src/sqlite/index.ts";
    const agents = ["a", "b", "c"].map((id) => agent({ id, run: async () => { process.stdout.write(id + "\\n"); await new Promise((wake) => setTimeout(wake, 300)); return id; } }));
    const graph = sequential({ name: "s", agents }).compile({ checkpointer: new SqliteCheckpointer(process.env.FILE), durability: "sync" });
    const input = { messages: [{ role: "user", content: "first" }] };
    graph.invoke(input, { configurable: { thread_id: "1" } }).then(() => process.stdout.write("ok\\n"), (error) => process.stdout.write(error.code + "\\n"));
  `;
  it("after another has gone on with its thread, it writes nothing, and says why", { timeout: 120_000 }, async () => {
    const { agent, sequential } = await import("../../index.js");
    const file = newFile();
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
      env: { ...process.env, FILE: file },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines: string[] = [];
    const heard = async (word: string): Promise<void> => {
      while (!lines.join("").includes(word)) await new Promise<void>((go) => child.stdout.once("data", () => go()));
    };
    child.stdout.on("data", (data: Buffer) => lines.push(data.toString()));
    const ended = new Promise((done) => child.once("exit", done));
    await heard("b");
    child.kill("SIGSTOP");
    const saver = new SqliteCheckpointer(file);
    const agents = ["a", "b", "c"].map((id) => agent({ id, run: () => `${id} again` }));
    const graph = sequential({ name: "s", agents }).compile({ checkpointer: saver, durability: "sync" });
    await graph.invoke(null, { configurable: { thread_id: "1" } });
    await graph.invoke({ messages: [{ role: "user", content: "second" }] }, { configurable: { thread_id: "1" } });
    const before = await saver.statistics("1");
    child.kill("SIGCONT");
    await ended;
    expect(lines.join("").trim().split("\n").at(-1)).toBe("RUN_CONFLICT");
    expect(await saver.statistics("1")).toEqual(before);
    saver.close();
  });
});
