import { MemorySaver } from "@langchain/langgraph";
import { emptyCheckpoint, uuid6 } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import { SqliteCheckpointer } from "../../src/sqlite/index.js";

/** Writes one checkpoint into a line of thread "1". */
async function put(saver: SqliteCheckpointer, ns: string, id: string, parent: string | undefined, state: unknown, root?: string) {
  const configurable = { thread_id: "1", checkpoint_ns: ns, ...(parent === undefined ? {} : { checkpoint_id: parent }) };
  const checkpoint = { ...emptyCheckpoint(), id, channel_values: { state }, channel_versions: { state: 1 } };
  const parents = root === undefined ? {} : { "": root };
  await saver.put({ configurable }, checkpoint, { source: "loop", step: 1, parents }, { state: 1 });
  return id;
}

async function left(saver: SqliteCheckpointer, thread: string, ns?: string): Promise<string[]> {
  const found: string[] = [];
  const configurable = { thread_id: thread, ...(ns === undefined ? {} : { checkpoint_ns: ns }) };
  for await (const { checkpoint } of saver.list({ configurable })) found.push(checkpoint.id);
  return found;
}

describe.each([
  ["a line that lasts", "worker"],
  ["a line of one run", "worker:5f1c|task:1"],
])("the lines of nested graphs in a thread: %s", (_name, ns) => {
  it("a child that the state of a kept parent names stays, however old and however deep the name stands", async () => {
    const saver = new SqliteCheckpointer(":memory:");
    const [r1, r2, r3, r4] = [uuid6(1), uuid6(2), uuid6(3), uuid6(4)];
    await put(saver, "", r1, undefined, "begun");
    const c1 = await put(saver, ns, uuid6(5), undefined, "the child's first", r1);
    const c2 = await put(saver, ns, uuid6(6), c1, "the child's second", r1);
    const c3 = await put(saver, ns, uuid6(7), c2, "the child's third", r2);
    await put(saver, "", r2, r1, "x".repeat(200));
    const tasks = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`task ${index}`, { note: "y".repeat(100) }]));
    await put(saver, "", r3, r2, { tasks: { ...tasks, named: { checkpoint: c2 } } });
    await put(saver, "", r4, r3, { tasks: { ...tasks, named: { checkpoint: c2 } }, more: 1 });
    await saver.prune({ keepLast: 1 });
    expect(await left(saver, "1", "")).toEqual([r4]);
    const kept = await left(saver, "1", ns);
    expect(kept).toContain(c2);
    expect(kept).not.toContain(c1);
    expect(kept.includes(c3)).toBe(ns === "worker"); // the newest of a line that lasts
    await saver.prune({ keepLast: 1 });
    expect(await left(saver, "1", ns)).toEqual(kept);
    const config = { configurable: { thread_id: "1", checkpoint_ns: ns, checkpoint_id: c2 } };
    expect((await saver.getTuple(config))?.checkpoint.channel_values["state"]).toBe("the child's second");
  });

  it("a serializer that nobody can look into loses no newest child", async () => {
    const serde = new MemorySaver().serde;
    const saver = new SqliteCheckpointer(":memory:", { serde });
    const r1 = await put(saver, "", uuid6(1), undefined, "begun");
    const c1 = await put(saver, ns, uuid6(2), undefined, "the child", r1);
    await put(saver, "", uuid6(3), r1, { checkpoint: c1 });
    await saver.prune({ keepLast: 1 });
    expect(await left(saver, "1", ns)).toEqual([c1]);
  });

  it("a copy has them all, and a deletion leaves none", async () => {
    const saver = new SqliteCheckpointer(":memory:");
    const root = await put(saver, "", uuid6(1), undefined, "begun");
    const child = await put(saver, ns, uuid6(2), undefined, "the child", root);
    await saver.copyThread("1", "2");
    await saver.deleteThread("1");
    expect([await left(saver, "1"), await left(saver, "2", ns)]).toEqual([[], [child]]);
    expect((await saver.statistics("2")).checkpoints).toBe(2);
    await saver.deleteThread("2");
    expect((await saver.statistics()).chunks).toBe(0);
  });
});
