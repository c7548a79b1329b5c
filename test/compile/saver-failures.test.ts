import { MemorySaver } from "@langchain/langgraph";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { agent, mapReduce, parallel, sequential, type CompileOptions, type OrchestrationGraph } from "../../index.js";
import { SOAK } from "../runs.js";

/** What a database says when it is gone. */
class DiskFullError extends Error {
  override readonly name = "DiskFullError";
}

const METHODS = ["getTuple", "put", "putWrites"] as const;
type Method = (typeof METHODS)[number];
/** How a call fails: at once, as a promise that is rejected already, or after the database was asked. */
const WAYS = ["throws", "rejects", "rejects later"] as const;
type Way = (typeof WAYS)[number];

/** A saver of which one method fails from a call on. */
class FailingSaver extends MemorySaver {
  calls = 0;

  constructor(
    private readonly method: Method,
    private readonly way: Way,
    private readonly from: number,
  ) {
    super();
  }

  override getTuple(...given: Parameters<MemorySaver["getTuple"]>) {
    return this.answer("getTuple", () => super.getTuple(...given));
  }

  override put(...given: Parameters<MemorySaver["put"]>) {
    return this.answer("put", () => super.put(...given));
  }

  override putWrites(...given: Parameters<MemorySaver["putWrites"]>) {
    return this.answer("putWrites", () => super.putWrites(...given));
  }

  private answer<T>(method: Method, work: () => Promise<T>): Promise<T> {
    if (method !== this.method || (this.calls += 1) <= this.from) return work();
    const error = new DiskFullError(`${method} failed`);
    if (this.way === "throws") throw error;
    if (this.way === "rejects") return Promise.reject(error);
    return new Promise((_resolve, reject) => setImmediate(() => reject(error)));
  }
}

const idle = (id: string) =>
  agent({
    id,
    run: async () => {
      await new Promise((resolve) => setTimeout(resolve, id.length)); // phases of a step end one after the other
      return id;
    },
  });
const SHAPES = {
  "phases side by side": () => parallel({ name: "p", branches: [idle("a"), idle("bbb"), idle("ccccc")] }),
  "an orchestration in another": () =>
    sequential({
      name: "s",
      agents: [sequential({ name: "inner", agents: [idle("a"), idle("b")] }), parallel({ name: "q", branches: [idle("c"), idle("ddd")] })],
    }),
  "workers in threads of their own": () =>
    mapReduce({ name: "m", items: () => ["1", "2"], mapper: sequential({ name: "worker", agents: [idle("w")] }), reducer: idle("r") }),
} as const;
const DURABILITIES = ["sync", "async", "exit"] as const satisfies readonly CompileOptions["durability"][];

const input = { messages: [{ role: "user", content: "go" }] } as const;
const config = { configurable: { thread_id: "1" } } as const;

let unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => {
  unhandled = [];
  process.on("unhandledRejection", note);
});
afterEach(() => void process.off("unhandledRejection", note));

/** Node looks for rejections that nobody handles between macrotasks. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe.each(Object.entries(SHAPES))("a saver that fails, with %s", (_shape, make) => {
  describe.each(DURABILITIES)("durability %s", (durability) => {
    it.each(METHODS)("%s: the run rejects with the saver's error, and no rejection is left to end the process", async (method) => {
      const graph = (saver: MemorySaver) => make().compile({ checkpointer: saver, durability }) as unknown as OrchestrationGraph;
      const whole = new FailingSaver(method, "rejects", Infinity);
      await graph(whole).invoke(input as never, config);
      for (let from = 0; from < whole.calls; from += 1) {
        for (const way of SOAK ? WAYS : WAYS.slice(from % WAYS.length, (from % WAYS.length) + 1)) {
          const saver = new FailingSaver(method, way, from);
          const outcome = await graph(saver)
            .invoke(input as never, config)
            .then(
              ({ tasks }) => JSON.stringify(tasks), // a task that failed in its own thread is told as such
              (error: unknown) => String(error),
            );
          await settled();
          expect(unhandled, `${way} from call ${from} on`).toEqual([]);
          expect(outcome, `${way} from call ${from} on`).toContain(`${method} failed`);
        }
      }
    });
  });
});
