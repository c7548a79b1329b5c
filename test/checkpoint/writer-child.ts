import { SqliteCheckpointer } from "../../src/sqlite/index.js";
import { checkpointAt, idAt, metadataAt, writesAt } from "./crash-steps.js";

// writes so many steps to a namespace of a thread that other processes write to as well, and prunes a namespace of its own
const [file = "", ns = "", count = ""] = process.argv.slice(2);
const saver = new SqliteCheckpointer(file, { busyTimeout: 20_000 });
for (let step = 0; step < Number(count); step += 1) {
  const parent = step === 0 ? {} : { checkpoint_id: idAt(step - 1) };
  const at = (thread: string) => ({ configurable: { thread_id: thread, checkpoint_ns: ns, ...parent } });
  const versions = { messages: step + 1, data: step + 1 };
  const stored = await saver.put(at("shared"), checkpointAt("shared", step), metadataAt(step), versions);
  await saver.putWrites(stored, writesAt("shared", step), "task");
  await saver.put(at("pruned"), checkpointAt("pruned", step), metadataAt(step), versions);
  if (step % 5 === 0) await saver.prune({ threadId: "pruned", keepLast: 2 });
}
saver.close();
