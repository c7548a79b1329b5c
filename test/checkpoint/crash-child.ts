import { writeSync } from "node:fs";
import { SqliteCheckpointer } from "../../src/sqlite/index.js";
import { checkpointAt, idAt, metadataAt, stepOf, writesAt } from "./crash-steps.js";

/** What the process says as soon as a write is acknowledged. */
export type Acknowledged = { readonly put: number } | { readonly writes: number };

const [file = "", thread = ""] = process.argv.slice(2);
const saver = new SqliteCheckpointer(file, { busyTimeout: 20_000 });
const say = (line: Acknowledged): void => void writeSync(1, `${JSON.stringify(line)}\n`);
const versions = { messages: 1, data: 1 };

async function put(name: string, step: number): Promise<void> {
  const parent = step === 0 ? {} : { checkpoint_id: idAt(step - 1) };
  const config = { configurable: { thread_id: name, checkpoint_ns: "", ...parent } };
  const stored = await saver.put(config, checkpointAt(name, step), metadataAt(step), versions);
  if (name === thread) say({ put: step });
  await saver.putWrites(stored, writesAt(name, step), "task");
  if (name === thread) say({ writes: step });
}

/** Steps, and beside them everything that deletes: prunes, collections of garbage, copies that go again. */
async function work(): Promise<never> {
  const newest = async (name: string) => {
    const tuple = await saver.getTuple({ configurable: { thread_id: name } });
    return tuple === undefined ? 0 : stepOf(tuple.checkpoint.id) + 1;
  };
  let churned = await newest(`${thread}-churn`);
  for (let step = await newest(thread); ; step += 1) {
    await put(thread, step);
    await put(`${thread}-churn`, churned++);
    if (step % 4 === 0) await saver.prune({ threadId: `${thread}-churn`, keepLast: 2 });
    if (step % 8 === 1) await saver.deleteThread(`${thread}-copy`);
    if (step % 8 === 1) await saver.copyThread(`${thread}-churn`, `${thread}-copy`);
  }
}

await work();
