import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BaseMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import {
  MemorySaver,
  type BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointTuple,
} from "@langchain/langgraph-checkpoint";
import * as langgraphCheckpoint from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { SqliteCheckpointer } from "../../src/sqlite/index.js";
import { messageOf, programs, type Edit, type Fields, type Operation } from "./programs.js";
import { runs } from "../runs.js";

const folder = mkdtempSync(join(tmpdir(), "phasegraph-property-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

/** A state that lives on from step to step in one process, as it does in a run. */
interface Live {
  readonly checkpoint: Checkpoint;
  readonly parent: string;
}

/** One saver under test, and the objects that were read from it or given to it. */
class Machine {
  private readonly live = new Map<string, Live>();

  constructor(public saver: BaseCheckpointSaver) {}

  async step(thread: string, ns: string, id: string, edits: readonly Edit[], fields: Fields, fork?: string): Promise<void> {
    const key = `${thread}/${ns}`;
    const configurable = { thread_id: thread, checkpoint_ns: ns };
    let live = fork === undefined ? this.live.get(key) : undefined;
    if (live === undefined) {
      const tuple = await this.saver.getTuple({
        configurable: fork === undefined ? configurable : { ...configurable, checkpoint_id: fork },
      });
      if (tuple !== undefined) live = { checkpoint: tuple.checkpoint, parent: tuple.checkpoint.id };
    }
    const values: Record<string, unknown> = { ...live?.checkpoint.channel_values };
    const versions: Record<string, number | string> = { ...live?.checkpoint.channel_versions };
    const newVersions: ChannelVersions = {};
    const change = (channel: string, value: unknown): void => {
      values[channel] = value;
      newVersions[channel] = versions[channel] = Number(versions[channel] ?? 0) + 1;
    };
    if (edits.length > 0 || live === undefined) change("messages", edited((values["messages"] as BaseMessage[] | undefined) ?? [], edits));
    for (const [channel, value] of Object.entries(fields)) change(channel, value);
    const checkpoint: Checkpoint = {
      v: 4,
      id,
      ts: new Date(0).toISOString(),
      channel_values: values,
      channel_versions: versions,
      versions_seen: { n: versions },
    };
    const config = { configurable: { ...configurable, ...(live === undefined ? {} : { checkpoint_id: live.parent }) } };
    await this.saver.put(config, checkpoint, { source: "loop", step: 1, parents: {} }, newVersions);
    this.live.set(key, { checkpoint, parent: id });
  }

  async putWrites(config: RunnableConfig, writes: [string, unknown][], task: string, path: string): Promise<void> {
    const saver = this.saver as { putWrites(...given: unknown[]): Promise<void> }; // before LangGraph 1.5 its type has no path
    await saver.putWrites(config, writes, task, path);
  }

  forget(): void {
    this.live.clear();
  }
}

function edited(messages: readonly BaseMessage[], edits: readonly Edit[]): BaseMessage[] {
  const list = [...messages];
  for (const edit of edits) {
    const at = "at" in edit ? edit.at % (list.length + 1) : 0;
    const message = list[at];
    if (edit.edit === "append") list.push(messageOf(edit.message));
    else if (edit.edit === "insert") list.splice(at, 0, messageOf(edit.message));
    else if (edit.edit === "replace") list[at] = messageOf(edit.message);
    else if (edit.edit === "remove") list.splice(at, 1);
    else if (edit.edit === "mutate" && message !== undefined) message.content = edit.content;
  }
  return list;
}

async function all(saver: BaseCheckpointSaver): Promise<Map<string, CheckpointTuple>> {
  const tuples = new Map<string, CheckpointTuple>();
  for await (const tuple of saver.list({ configurable: {} })) tuples.set(keyOf(tuple), tuple);
  return tuples;
}

function keyOf({ config }: CheckpointTuple): string {
  const { thread_id, checkpoint_ns, checkpoint_id } = config.configurable ?? {};
  return JSON.stringify([thread_id, checkpoint_ns, checkpoint_id]);
}

async function run(program: readonly Operation[], path: string): Promise<void> {
  const memory = new Machine(new MemorySaver());
  let sqlite = new SqliteCheckpointer(path);
  const ours = new Machine(sqlite);
  const machines = [memory, ours];
  const known: { thread: string; ns: string; id: string }[] = [];
  let count = 0;
  const pick = (index: number) => known[index % Math.max(1, known.length)];
  for (const operation of program) {
    const id = `c${String((count += 1)).padStart(6, "0")}`;
    if (operation.do === "step") {
      const [thread, ns] = [`t${operation.thread}`, operation.ns === 0 ? "" : "child"];
      for (const machine of machines) await machine.step(thread, ns, id, operation.edits, operation.fields);
      known.push({ thread, ns, id });
    } else if (operation.do === "fork") {
      const from = pick(operation.from);
      if (from === undefined) continue;
      for (const machine of machines) await machine.step(from.thread, from.ns, id, operation.edits, operation.fields, from.id);
      known.push({ ...from, id });
    } else if (operation.do === "writes") {
      const on = pick(operation.on);
      if (on === undefined) continue;
      const config = { configurable: { thread_id: on.thread, checkpoint_ns: on.ns, checkpoint_id: on.id } };
      const writes = operation.writes.map(([channel, value]): [string, unknown] => [channel, value]);
      const path = `~${9 - operation.task}`; // another order than that of the tasks' ids
      for (const machine of machines) await machine.putWrites(config, writes, `task${operation.task}`, path);
    } else if (operation.do === "delete") {
      const thread = `t${operation.thread}`;
      for (const machine of machines) await machine.saver.deleteThread(thread);
      for (const machine of machines) machine.forget();
      known.splice(0, known.length, ...known.filter((place) => place.thread !== thread));
    } else if (operation.do === "prune") {
      await sqlite.prune({ threadId: `t${operation.thread}`, keepLast: operation.keep });
      const left = await all(sqlite);
      known.splice(0, known.length, ...known.filter(({ thread, ns, id: kept }) => left.has(JSON.stringify([thread, ns, kept]))));
    } else {
      sqlite.close();
      sqlite = new SqliteCheckpointer(path);
      ours.saver = sqlite;
      for (const machine of machines) machine.forget();
    }
  }
  await expectSame(memory.saver, sqlite, known);
  sqlite.close();
  const reopened = new SqliteCheckpointer(path);
  await expectSame(memory.saver, reopened, known);
  reopened.close();
}

/** Before LangGraph 1.5 MemorySaver gave pending writes in no order to rely on. */
const isOrdered = "writesSortKey" in langgraphCheckpoint;

function shown(tuple: CheckpointTuple | undefined): CheckpointTuple | undefined {
  if (isOrdered || tuple?.pendingWrites === undefined) return tuple;
  return { ...tuple, pendingWrites: tuple.pendingWrites.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) };
}

async function expectSame(
  expected: BaseCheckpointSaver,
  actual: BaseCheckpointSaver,
  kept: readonly { thread: string; ns: string; id: string }[],
): Promise<void> {
  const [theirs, ours] = [await all(expected), await all(actual)];
  expect([...ours.keys()].toSorted()).toEqual(kept.map(({ thread, ns, id }) => JSON.stringify([thread, ns, id])).toSorted());
  for (const [key, tuple] of ours) expect(shown(tuple)).toEqual(shown(theirs.get(key)));
  for (const { thread, ns } of kept) {
    const config = { configurable: { thread_id: thread, checkpoint_ns: ns } };
    expect(shown(await actual.getTuple(config))).toEqual(shown(await expected.getTuple(config)));
  }
}

describe("a saver that stores each thing once", () => {
  it("answers as MemorySaver does after any program of steps, forks, writes, prunes, deletions and reloads", async () => {
    await fc.assert(
      fc.asyncProperty(programs(25), async (program) => await run(program, join(folder, `${(files += 1)}.db`))),
      { numRuns: runs(12, 60) },
    );
  });
});
