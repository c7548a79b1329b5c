import { MemorySaver } from "@langchain/langgraph";
import { oursRing } from "./handoff.js";
import { HumanMessage } from "@langchain/core/messages";

/** What 10,000 handoffs leave behind in a process whose threads are deleted: prints megabytes of heap as JSON. Needs `--expose-gc`. */
const HANDOFFS = 100;
const saver = new MemorySaver();
const ring = oursRing(HANDOFFS, saver);

async function turns(count: number, kind: string): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    const thread = `${kind}-${turn}`;
    await ring.invoke({ messages: [new HumanMessage("go")] }, { configurable: { thread_id: thread } });
    await saver.deleteThread(thread);
  }
}

async function heap(): Promise<number> {
  for (let round = 0; round < 4; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20)); // finalizers run between collections
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed / 1_048_576;
}

if (globalThis.gc === undefined) throw new Error("Start it with --expose-gc.");
await turns(30, "warm-up");
const before = await heap();
await turns(10_000 / HANDOFFS, "measured");
process.stdout.write(JSON.stringify({ megabytes: (await heap()) - before }));
