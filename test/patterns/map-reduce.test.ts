import { MemorySaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { scriptedModel } from "../../testing/index.js";
import { agent, handoff, mapped, mapReduce, reply, type Turn } from "../../index.js";
import { growth } from "../growth.js";

const go = { messages: [{ role: "user" as const, content: "go" }] };
const config = { configurable: { thread_id: "1" } };
const double = agent({ id: "double", run: (turn) => reply("", { data: Number(turn.task?.data) * 2 }) });
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

describe("B5 map-reduce", () => {
  it("maps every item, keeps the order, and gives the reducer all of it", async () => {
    const reducer = agent({ id: "sum", run: (turn: Turn) => String(mapped(turn).reduce((sum, record) => sum + Number(record.data), 0)) });
    const graph = mapReduce({ name: "sums", items: () => numbers(100), mapper: double, reducer }).compile({
      checkpointer: new MemorySaver(),
    });
    const state = await graph.invoke(go, config);
    expect(state.messages.at(-1)?.text).toBe("9900");
    expect(mapped(state).map((record) => record.data)).toEqual(numbers(100).map((number) => number * 2));
  });

  it("reduces as results come, in order", async () => {
    const slow = agent({
      id: "slow",
      run: async (turn) => {
        for (let left = 20 - Number(turn.task?.data); left > 0; left -= 1) await Promise.resolve();
        return String(turn.task?.data);
      },
    });
    const fold = { initial: "", step: (value: unknown, record: { readonly content?: string }) => `${String(value)}${record.content}` };
    const state = await mapReduce({ name: "words", items: () => numbers(10), mapper: slow, fold, flush: 0 })
      .compile()
      .invoke(go);
    expect(state.results["map"]?.data).toBe("0123456789");
  });

  it("an item that fails stays with itself", async () => {
    const picky = agent({
      id: "picky",
      run: (turn) => {
        if (turn.task?.data === 3) throw new Error("not three");
        return "ok";
      },
    });
    const state = await mapReduce({ name: "picky", items: () => numbers(5), mapper: picky })
      .compile()
      .invoke(go);
    expect(state.messages.at(-1)?.text).toBe("4 of 5 items done");
    expect(mapped(state).map((record) => record.status)).toEqual(["completed", "completed", "completed", "failed", "completed"]);
  });

  it("an item that throws, hangs, comes to nonsense or hands off takes nobody down, and its record says what happened", async () => {
    const work: Readonly<Record<string, () => unknown>> = {
      good: () => "done",
      throws: () => {
        throw new RangeError("out of range");
      },
      hangs: () => new Promise(() => undefined),
      nonsense: () => ({ words: 12 }),
      data: () => reply("", { data: () => "no JSON" }),
      jumps: () => handoff("somebody"),
    };
    const mapper = agent({ id: "mapper", run: (turn) => work[String(turn.task?.data)]?.() as string }); // some of it is not what the type says
    const state = await mapReduce({ name: "m", items: () => Object.keys(work), mapper, timeout: 50 })
      .compile()
      .invoke(go);
    expect(state.control.done).toBe(true);
    expect(mapped(state).map(({ status, error }) => [status, error?.name])).toEqual([
      ["completed", undefined],
      ["failed", "RangeError"],
      ["failed", "StepTimeoutError"],
      ["failed", "InvalidRequestError"],
      ["failed", "InvalidRequestError"],
      ["failed", "IllegalTransitionError"],
    ]);
  });

  it("what happens in the thread of an item reaches the stream around it, under the item's own name", async () => {
    const reader = agent({ id: "reader", model: scriptedModel(["one", "two", "three"]) });
    const graph = mapReduce({ name: "m", items: () => numbers(3), mapper: reader }).compile({ checkpointer: new MemorySaver() });
    const places = new Set<string>();
    for await (const [place, update] of await graph.stream(go, { ...config, streamMode: "updates", subgraphs: true }))
      if ("reader" in update) places.add(place.at(-1) ?? "");
    expect([...places].sort()).toEqual(["reader:0", "reader:1", "reader:2"]);
  });

  it("has nothing to report to verify()", () => {
    expect(mapReduce({ name: "sums", items: () => [], mapper: double }).verify().findings).toEqual([]);
  });

  it("takes ten thousand items in less than twenty times a thousand's time", async () => {
    const run = async (count: number): Promise<void> => {
      const graph = mapReduce({ name: "many", items: () => numbers(count), mapper: double }).compile({ checkpointer: new MemorySaver() });
      const state = await graph.invoke(go, { configurable: { thread_id: String(count) } });
      expect(state.messages.at(-1)?.text).toBe(`${count} of ${count} items done`);
    };
    await run(1_000);
    expect(await growth(run, 1_000)).toBeLessThan(20);
  });
});
