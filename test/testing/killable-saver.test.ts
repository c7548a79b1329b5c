import { expect, it } from "vitest";
import { sequential } from "../../index.js";
import { KillableSaver, KilledError, scriptedAgent } from "../../testing/index.js";
import { failure, says } from "../patterns/says.js";

const config = { configurable: { thread_id: "1" } };

it("dies after so many writes, stays dead, and holds what was stored before", async () => {
  const saver = new KillableSaver();
  const first = scriptedAgent("first", ["one"]);
  const second = scriptedAgent("second", ["two", "two", "two again"]);
  const graph = () => sequential({ name: "line", agents: [first, second] }).compile({ checkpointer: saver, durability: "sync" });
  saver.killAfter(5);
  expect(await failure(graph().invoke(says("go"), config))).toBeInstanceOf(KilledError);
  expect(await failure(graph().invoke(null, config))).toBeInstanceOf(KilledError);
  expect(saver.stored).toBe(5);
  saver.revive();
  expect((await graph().invoke(null, config)).control.done).toBe(true);
  first.assertDone();
});

it("shows the bytes of one thread, which change with it alone", async () => {
  const saver = new KillableSaver();
  const graph = sequential({ name: "line", agents: [scriptedAgent("a", ["x", "y"])] }).compile({ checkpointer: saver });
  await graph.invoke(says("go"), config);
  const before = saver.bytes("1");
  await graph.invoke(says("go"), { configurable: { thread_id: "11" } });
  expect(saver.bytes("1")).toBe(before);
  await graph.updateState(config, says("more"));
  expect(saver.bytes("1")).not.toBe(before);
});

it("shows how it stood after each write, as a process finds it that goes on there", async () => {
  const line = () => sequential({ name: "line", agents: [scriptedAgent("a", ["x"]), scriptedAgent("b", ["y"])] });
  const saver = new KillableSaver().keepMoments();
  const { control } = await line().compile({ checkpointer: saver, durability: "sync" }).invoke(says("go"), config);
  expect(saver.asAfter(saver.stored).bytes("1")).toBe(saver.bytes("1"));
  const early = saver.asAfter(2);
  expect(early.stored).toBe(2);
  const later = await line().compile({ checkpointer: early, durability: "sync" }).invoke(null, config);
  expect(later.control.value).toEqual(control.value);
  expect(() => saver.asAfter(saver.stored + 1)).toThrow("There is no moment");
});
