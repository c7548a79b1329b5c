import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HumanMessage, AIMessage } from "@langchain/core/messages";
import { Command, interrupt, MessagesAnnotation, StateGraph, type BaseCheckpointSaver } from "@langchain/langgraph";
import type { CheckpointTuple } from "@langchain/langgraph-checkpoint";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";
import Sqlite from "better-sqlite3";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { SqliteCheckpointer } from "../../src/sqlite/index.js";
import { checkpointAt, idAt, metadataAt } from "./crash-steps.js";

const folder = mkdtempSync(join(tmpdir(), "phasegraph-upkeep-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
let saver: SqliteCheckpointer;
let file = "";
beforeEach(() => {
  file = join(folder, `${(files += 1)}.db`);
  saver = new SqliteCheckpointer(file);
});
afterEach(() => saver.close());

const thread = (id: string) => ({ configurable: { thread_id: id } });
const said = (text: string) => ({ messages: [new HumanMessage({ content: `${text} `.repeat(100), id: text })] });

function chat(of: BaseCheckpointSaver) {
  return new StateGraph(MessagesAnnotation)
    .addNode("chat", ({ messages }) => ({
      messages: [new AIMessage({ content: `answer ${messages.length} `.repeat(50), id: crypto.randomUUID() })],
    }))
    .addEdge("__start__", "chat")
    .compile({ checkpointer: of });
}

async function tuples(of: BaseCheckpointSaver, id?: string): Promise<CheckpointTuple[]> {
  const found: CheckpointTuple[] = [];
  for await (const tuple of of.list({ configurable: id === undefined ? {} : { thread_id: id } })) found.push(tuple);
  return found;
}

async function stepsAt(times: readonly number[], id = "t"): Promise<void> {
  for (const [step, time] of times.entries()) {
    const parent = step === 0 ? {} : { checkpoint_id: idAt(step - 1) };
    const checkpoint = { ...checkpointAt(id, step), ts: new Date(time).toISOString() };
    await saver.put({ configurable: { thread_id: id, checkpoint_ns: "", ...parent } }, checkpoint, metadataAt(step), {
      messages: step,
      data: step,
    });
  }
}

const ids = async (id = "t") => (await tuples(saver, id)).map((tuple) => tuple.checkpoint.id).toReversed();

describe("retention", () => {
  it("keeps the last ones, those that are young enough, and those with a name, of the thread that is asked for", async () => {
    const [now, day] = [Date.now(), 86_400_000];
    await stepsAt([now - 9 * day, now - 8 * day, now - 7 * day, now - 2 * day, now - 1 * day, now]);
    await stepsAt([now - 9 * day, now - 8 * day, now - 7 * day], "other");
    await saver.setLabel({ configurable: { ...thread("t").configurable, checkpoint_id: idAt(1) } }, "keep me");
    await saver.prune({ threadId: "t", keepLast: 1, keepMilliseconds: 3 * day });
    expect(await ids()).toEqual([1, 3, 4, 5].map(idAt));
    expect(await ids("other")).toEqual([0, 1, 2].map(idAt));
    expect((await saver.getTuple(thread("t")))?.checkpoint).toMatchObject({ channel_values: checkpointAt("t", 5).channel_values });
    await saver.prune({ keepLast: 2 });
    expect([await ids(), await ids("other")]).toEqual([[1, 4, 5].map(idAt), [1, 2].map(idAt)]);
    await saver.setLabel({ configurable: { ...thread("t").configurable, checkpoint_id: idAt(1) } }, undefined);
    await saver.prune({ keepLast: 1 });
    expect([await ids(), await ids("other")]).toEqual([[idAt(5)], [idAt(2)]]);
    expect(await saver.deleteIdleThreads(day)).toEqual(["other"]);
    expect(await ids("other")).toEqual([]);
  });

  it("goes on during a run, by itself, and never takes what an open question or a subgraph needs", async () => {
    const pruning = new SqliteCheckpointer(file, { retention: { keepLast: 1, everySteps: 1 } });
    const inner = new StateGraph(MessagesAnnotation)
      .addNode("think", () => ({ messages: [new AIMessage("thought")] }))
      .addNode("ask", () => ({ messages: [new AIMessage(`told ${String(interrupt("which?"))}`)] }))
      .addEdge("__start__", "think")
      .addEdge("think", "ask")
      .compile();
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("before", () => ({ messages: [new AIMessage("before")] }))
      .addNode("inner", inner)
      .addNode("after", () => ({ messages: [new AIMessage("after")] }))
      .addEdge("__start__", "before")
      .addEdge("before", "inner")
      .addEdge("inner", "after")
      .compile({ checkpointer: pruning });
    for (let turn = 0; turn < 4; turn += 1) {
      await graph.invoke(said(`turn ${turn}`), thread("t"));
      await pruning.prune({ keepLast: 1 });
      const state = await graph.getState(thread("t"), { subgraphs: true });
      expect(state.tasks[0]?.interrupts[0]?.value).toBe("which?");
      const done = await graph.invoke(new Command({ resume: `this ${turn}` }), thread("t"));
      expect(done.messages.slice(-5).map((message) => message.text.slice(0, 8))).toEqual([
        `turn ${turn} t`,
        "before",
        "thought",
        `told this`.slice(0, 8),
        "after",
      ]);
    }
    expect((await tuples(pruning, "t")).filter((tuple) => tuple.config.configurable?.["checkpoint_ns"] === "")).toHaveLength(1);
    pruning.close();
  });

  it("gives the room back: chunks nobody names go, in steps that are as small as asked for, and the file shrinks", async () => {
    for (let turn = 0; turn < 60; turn += 1) await chat(saver).invoke(said(`turn ${turn}`), thread(`t${turn % 2}`));
    const before = await saver.statistics();
    await saver.deleteThread("t1");
    const { checkpoints } = await saver.prune({ keepLast: 1 });
    expect(checkpoints).toBeGreaterThan(50);
    expect(await saver.collectGarbage(1)).toBe(0);
    const after = await saver.statistics();
    expect(after.bytes).toBeLessThan(before.bytes / 2);
    expect(after).toMatchObject({ threads: 1, checkpoints: 1 });
    const connection = new Sqlite(file);
    expect(connection.pragma("freelist_count", { simple: true })).toBe(0);
    expect(connection.prepare("SELECT count(*) FROM chunk").pluck().get()).toBe(after.chunks);
    connection.close();
    expect((await chat(saver).getState(thread("t0"))).values.messages).toHaveLength(60);
  });
});

describe("threads", () => {
  it("a copy costs its rows, goes its own way, and outlives its origin", async () => {
    for (let turn = 0; turn < 20; turn += 1) await chat(saver).invoke(said(`turn ${turn}`), thread("a"));
    const alone = await saver.statistics();
    await saver.copyThread("a", "b");
    const both = await saver.statistics();
    expect(both.chunks).toBe(alone.chunks);
    expect(both.bytes).toBeLessThan(alone.bytes * 1.9);
    expect(both.sharedRatio).toBeGreaterThan(alone.sharedRatio);
    const strip = (of: CheckpointTuple[]) => of.map(({ checkpoint, metadata, pendingWrites }) => ({ checkpoint, metadata, pendingWrites }));
    expect(strip(await tuples(saver, "b"))).toEqual(strip(await tuples(saver, "a")));
    await chat(saver).invoke(said("only b"), thread("b"));
    expect((await chat(saver).getState(thread("a"))).values.messages).toHaveLength(40);
    await saver.deleteThread("a");
    expect(await tuples(saver, "a")).toEqual([]);
    expect((await chat(saver).getState(thread("b"))).values.messages).toHaveLength(42);
    await expect(saver.copyThread("a", "c")).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    await chat(saver).invoke(said("new a"), thread("a"));
    await expect(saver.copyThread("a", "b")).rejects.toMatchObject({ code: "INVALID_REQUEST" });
  });

  it("statistics say what sharing saves, of one thread and of all", async () => {
    for (let turn = 0; turn < 30; turn += 1) await chat(saver).invoke(said(`turn ${turn}`), thread("a"));
    const [one, all] = [await saver.statistics("a"), await saver.statistics()];
    expect(one).toEqual(all);
    expect(one.checkpoints).toBe((await tuples(saver, "a")).length);
    expect(one.bytesUnshared).toBeGreaterThan(one.bytes * 5);
    expect(one.sharedRatio).toBeCloseTo(1 - one.bytes / one.bytesUnshared);
    expect(await saver.statistics("none")).toMatchObject({ threads: 0, checkpoints: 0, bytes: 0, sharedRatio: 0 });
  });
});

describe("the official SQLite saver's format", () => {
  it("its file comes in whole, twice if need be, and goes out whole; LangGraph goes on on either side", async () => {
    const theirs = join(folder, `official-${files}.db`);
    const official = SqliteSaver.fromConnString(theirs);
    const ask = (of: BaseCheckpointSaver) =>
      new StateGraph(MessagesAnnotation)
        .addNode("ask", () => ({ messages: [new AIMessage({ id: "told", content: `told ${String(interrupt("which?"))}` })] }))
        .addEdge("__start__", "ask")
        .compile({ checkpointer: of });
    for (let turn = 0; turn < 3; turn += 1) await chat(official).invoke(said(`turn ${turn}`), thread("chat"));
    await ask(official).invoke(said("go"), thread("ask"));
    const expected = await tuples(official);
    const count = expected.length;
    expect([await saver.importFrom(theirs), await saver.importFrom(theirs)]).toEqual([count, count]);
    const key = ({ config }: CheckpointTuple) => JSON.stringify(config.configurable);
    // the official saver gives writes in no order
    const ordered = (tuple: CheckpointTuple) => ({
      ...tuple,
      pendingWrites: tuple.pendingWrites?.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    });
    const sorted = (of: readonly CheckpointTuple[]) => of.toSorted((a, b) => key(a).localeCompare(key(b))).map(ordered);
    expect(sorted(await tuples(saver))).toEqual(sorted(expected));
    const resumed = await ask(saver).invoke(new Command({ resume: "this" }), thread("ask"));
    expect(resumed.messages.at(-1)?.text).toBe("told this");
    official.db.close();

    const out = join(folder, `exported-${files}.db`);
    const ours = await tuples(saver);
    expect(await saver.exportTo(out)).toBe(ours.length);
    const exported = SqliteSaver.fromConnString(out);
    expect(sorted(await tuples(exported))).toEqual(sorted(ours));
    await chat(exported).invoke(said("more"), thread("chat"));
    expect((await chat(exported).getState(thread("chat"))).values.messages).toHaveLength(8);
    exported.db.close();
    const one = join(folder, `one-${files}.db`);
    expect(await saver.exportTo(one, "ask")).toBe((await tuples(saver, "ask")).length);
  });

  it("a file that is not of it is refused with a typed error", async () => {
    await stepsAt([0]);
    await expect(saver.importFrom(join(folder, "none.db"))).rejects.toMatchObject({ code: "STORAGE_FAILED", failure: "unavailable" });
    const other = join(folder, `other-${files}.db`);
    new Sqlite(other).exec("CREATE TABLE songs (title TEXT)").close();
    await expect(saver.importFrom(other)).rejects.toMatchObject({ code: "STORAGE_FAILED", failure: "foreign" });
    await expect(saver.exportTo(other)).rejects.toMatchObject({ code: "STORAGE_FAILED", failure: "foreign" });
    await expect(saver.exportTo(file)).rejects.toMatchObject({ code: "STORAGE_FAILED", failure: "foreign" });
    expect(await ids()).toEqual([idAt(0)]);
  });
});
