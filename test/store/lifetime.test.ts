import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { HumanMessage } from "@langchain/core/messages";
import { MessagesAnnotation, StateGraph } from "@langchain/langgraph";
import Sqlite from "better-sqlite3";
import { build } from "esbuild";
import { afterAll, describe, expect, it } from "vitest";
import { SqliteCheckpointer, SqliteStore } from "../../src/sqlite/index.js";
import { manualClock } from "../../testing/manual-clock.js";

const folder = mkdtempSync(join(tmpdir(), "phasegraph-lifetime-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const keys = (items: readonly { readonly key: string }[]): string[] => items.map((item) => item.key).toSorted();

describe("time to live", () => {
  it("what is past its time is gone at once, for get, search, words and namespaces; what was read lives on", async () => {
    const clock = manualClock(1_000_000);
    const store = new SqliteStore(":memory:", { clock, ttl: { defaultMilliseconds: 1000 } });
    await store.put(["t", "a"], "default", { text: "word" });
    await store.put(["t", "b"], "short", { text: "word" }, undefined, { ttl: 100 });
    await store.put(["t", "c"], "ever", { text: "word" }, undefined, { ttl: null });
    clock.advance(99);
    expect(keys(await store.search(["t"], { query: "word", refreshTtl: false }))).toEqual(["default", "ever", "short"]);
    clock.advance(1);
    expect(keys(await store.search(["t"], { query: "word", refreshTtl: false }))).toEqual(["default", "ever"]);
    expect(await store.get(["t", "b"], "short")).toBeNull();
    expect(await store.listNamespaces()).toEqual([
      ["t", "a"],
      ["t", "c"],
    ]);
    clock.advance(899);
    expect(await store.get(["t", "a"], "default")).not.toBeNull(); // begins its time anew
    clock.advance(999);
    expect(keys(await store.search(["t"]))).toEqual(["default", "ever"]); // as does this
    clock.advance(999);
    expect(await store.get(["t", "a"], "default", { refreshTtl: false })).not.toBeNull();
    clock.advance(1);
    expect(keys(await store.search(["t"]))).toEqual(["ever"]);
  });

  it("reading refreshes only where the store or the call says so", async () => {
    const clock = manualClock();
    const store = new SqliteStore(":memory:", { clock, ttl: { defaultMilliseconds: 100, refreshOnRead: false } });
    await store.put(["t"], "k", { n: 1 });
    clock.advance(60);
    await store.get(["t"], "k");
    await store.get(["t"], "k", { refreshTtl: true });
    clock.advance(60);
    await store.get(["t"], "k");
    expect(await store.get(["t"], "k")).not.toBeNull();
    clock.advance(40);
    expect(await store.get(["t"], "k")).toBeNull();
  });

  it("an expired item that is put again is a new one; a sweep deletes what expired, words and all", async () => {
    const clock = manualClock();
    const file = join(folder, "sweep.db");
    const store = new SqliteStore(file, { clock });
    for (let index = 0; index < 1500; index += 1) await store.put(["t"], `k${index}`, { text: "word" }, undefined, { ttl: 10 });
    clock.advance(10);
    await store.put(["t"], "k0", { text: "again" }, undefined, { ttl: 1000 });
    expect((await store.get(["t"], "k0"))?.createdAt.getTime()).toBe(10);
    expect(await store.sweep()).toBe(1500 - 1 - 100); // the put swept some on its way
    expect(await store.sweep()).toBe(0);
    const connection = new Sqlite(file);
    const count = (table: string) => connection.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
    expect([count("store_item"), count("store_text")]).toEqual([1, 1]);
    connection.close();
    store.close();
  });

  it("refuses times, limits and values that make no sense", async () => {
    const store = new SqliteStore(":memory:");
    for (const ttl of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      await expect(store.put(["t"], "k", { n: 1 }, undefined, { ttl })).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    await expect(store.search(["t"], { limit: -1 })).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    await expect(store.put(["t"], "k", { n: 1n })).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    await expect(store.put(["t"], "k", [1] as unknown as Record<string, unknown>)).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    await expect(store.search([""], {})).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    expect(await store.search([])).toEqual([]);
  });
});

describe("a file", () => {
  it("holds checkpoints and memories side by side", async () => {
    const file = join(folder, "both.db");
    const [saver, store] = [new SqliteCheckpointer(file), new SqliteStore(file)];
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("note", async ({ messages }, config) => {
        await config.store?.put(["notes"], String(messages.length), { text: messages.at(-1)?.text });
        return {};
      })
      .addEdge("__start__", "note")
      .compile({ checkpointer: saver, store });
    for (const text of ["one", "two"]) await graph.invoke({ messages: [new HumanMessage(text)] }, { configurable: { thread_id: "t" } });
    await saver.prune({ keepLast: 1 });
    saver.close();
    store.close();
    const again = new SqliteStore(file);
    expect((await again.search(["notes"], { query: "two" })).map((item) => item.value)).toEqual([{ text: "two" }]);
    again.close();
    const reopened = new SqliteCheckpointer(file);
    const tuple = await reopened.getTuple({ configurable: { thread_id: "t" } });
    expect(tuple?.checkpoint.channel_values["messages"]).toHaveLength(2);
    reopened.close();
  });

  it("that is foreign, locked or closed gives a typed error, and a batch is done whole or not at all", async () => {
    const foreign = join(folder, "foreign.db");
    writeFileSync(foreign, "no database at all ".repeat(100));
    expect(() => new SqliteStore(foreign)).toThrow(expect.objectContaining({ code: "STORAGE_FAILED", failure: "foreign" }));
    const file = join(folder, "locked.db");
    const store = new SqliteStore(file, { busyTimeout: 20 });
    const other = new Sqlite(file);
    other.exec("BEGIN IMMEDIATE");
    await expect(store.put(["a"], "k", { n: 1 })).rejects.toMatchObject({ code: "STORAGE_FAILED", failure: "locked" });
    other.exec("ROLLBACK");
    const full = Number(other.pragma("page_count", { simple: true })) + 5;
    other.close();
    const connection = new Sqlite(file);
    connection.pragma(`max_page_count = ${full}`);
    const tight = new SqliteStore(connection);
    const puts = Array.from({ length: 50 }, (_, index) => ({ namespace: ["a"], key: `k${index}`, value: { text: "long ".repeat(500) } }));
    await expect(tight.batch(puts)).rejects.toMatchObject({ code: "STORAGE_FAILED", failure: "full" });
    expect(await store.search(["a"])).toEqual([]);
    tight.close();
    store.close();
    await expect(store.get(["a"], "k")).rejects.toMatchObject({ code: "STORAGE_FAILED", failure: "closed" });
  });

  it("is shared by processes that create it at once, put into one namespace and read each other's items", { timeout: 60_000 }, async () => {
    const script = join(process.cwd(), "node_modules/.cache/phasegraph-crash/store-child.mjs");
    await build({
      entryPoints: ["test/store/writer-child.ts"],
      outfile: script,
      bundle: true,
      external: ["better-sqlite3", "sqlite-vec"],
      platform: "node",
      format: "esm",
      banner: { js: 'import { createRequire as make } from "node:module"; const require = make(import.meta.url);' },
    });
    const [file, count] = [join(folder, "shared.db"), 60];
    const run = promisify(execFile);
    const names = ["left", "right", "middle"];
    await Promise.all(names.map((name) => run(process.execPath, [script, file, name, String(count)])));
    const store = new SqliteStore(file);
    const items = await store.search(["shared"], { limit: 1000 });
    expect(keys(items)).toEqual(names.flatMap((name) => Array.from({ length: count }, (_, index) => `${name}-${index}`)).toSorted());
    for (const { key, value } of items) expect(value["text"]).toBe(`said by ${key}`);
    expect(names).toContain((await store.get(["contested"], "k"))?.value["by"]);
    expect(await store.search(["shared"], { query: "left", limit: 1000 })).toHaveLength(count);
    store.close();
  });
});
