import { setTimeout as sleep } from "node:timers/promises";
import type { BaseMessage } from "@langchain/core/messages";
import { Command, interrupt, MemorySaver, type BaseCheckpointSaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { agent, handoff, PhasegraphError, sequential, swarm } from "../../index.js";
import { SqliteCheckpointer } from "../../src/sqlite/index.js";

const on = (thread: string) => ({ configurable: { thread_id: thread } });
const says = (content: string) => ({ messages: [{ role: "user", content }] });
const code = (error: unknown): unknown => (PhasegraphError.is(error) ? error.code : error);

/** An agent that waits in each turn until it is let go. */
function gate() {
  let open = (): void => undefined;
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const opened = new Promise<void>((resolve) => (open = resolve));
  const held = agent({
    id: "held",
    run: async (turn) => {
      begin();
      if (turn.messages.at(-1)?.text === "slow") await opened;
      return turn.messages.at(-1)?.text === "bill" ? handoff("billing") : "held: done";
    },
  });
  return { begun, open: () => open(), held };
}

const team = (held: ReturnType<typeof gate>["held"], saver: BaseCheckpointSaver) =>
  swarm({ name: "s", agents: [held, agent({ id: "billing", run: () => "billing: done" })] }).compile({ checkpointer: saver });

const SAVERS: readonly (readonly [string, () => BaseCheckpointSaver])[] = [
  ["MemorySaver", () => new MemorySaver()],
  ["SqliteCheckpointer", () => new SqliteCheckpointer(":memory:")],
];

describe.each(SAVERS)("H5 two runs at once on one thread, with %s", (_name, open) => {
  it("the second is refused before anything of it is written; other threads go on, and the thread itself does when the first has ended", async () => {
    const { begun, open: letGo, held } = gate();
    const graph = team(held, open());
    const first = graph.invoke(says("slow"), on("1"));
    await begun;
    expect(code(await graph.invoke(says("bill"), on("1")).catch((error: unknown) => error))).toBe("RUN_CONFLICT");
    expect(code(await graph.updateState(on("1"), says("edit")).catch((error: unknown) => error))).toBe("RUN_CONFLICT");
    await graph.invoke(says("bill"), on("2"));
    letGo();
    await first;
    await graph.invoke(says("bill"), on("1"));
    const texts = (await graph.getState(on("1"))).values.messages.map((message: BaseMessage) => message.text);
    expect(texts).toEqual(["slow", "held: done", "bill", "billing: done"]);
  });

  it("another graph on the same saver is refused too", async () => {
    const { begun, open: letGo, held } = gate();
    const saver = open();
    const first = team(held, saver).invoke(says("slow"), on("1"));
    await begun;
    expect(
      code(
        await team(held, saver)
          .invoke(says("x"), on("1"))
          .catch((error: unknown) => error),
      ),
    ).toBe("RUN_CONFLICT");
    letGo();
    await first;
  });

  it("a run that is aborted lets go of its thread: whoever comes at once waits for its end", async () => {
    const { begun, held } = gate();
    const graph = team(held, open());
    const aborting = new AbortController();
    const first = graph.invoke(says("slow"), { ...on("1"), signal: aborting.signal }).catch((error: unknown) => error);
    await begun;
    aborting.abort();
    await graph.invoke(says("bill"), on("1"));
    expect(await first).toBeInstanceOf(Error);
    expect((await graph.getState(on("1"))).values.messages.at(-1)?.text).toBe("billing: done");
  });

  it("a stream that is cancelled, or left unread, does not shut its thread", async () => {
    const { held } = gate();
    const graph = team(held, open());
    const cancelled = await graph.stream(says("one"), on("1"));
    await cancelled.next();
    await cancelled.return();
    await graph.invoke(says("two"), on("1"));
    const unread = await graph.stream(says("three"), { ...on("1"), streamMode: "values" });
    await unread.next();
    let state: unknown;
    // the run goes on unread inside LangGraph; until its end the thread is taken
    while (state === undefined) state = await graph.invoke(says("four"), on("1")).catch(() => undefined);
    const texts = (await graph.getState(on("1"))).values.messages.map((message: BaseMessage) => message.text);
    expect(texts.slice(-4)).toEqual(["three", "held: done", "four", "held: done"]);
    const late: unknown[] = [];
    for await (const piece of unread) late.push(piece);
    expect(late.length).toBeGreaterThan(0); // a reader who comes back misses nothing
  });

  it("of two answers to one question exactly one is taken, and the work behind it is done once", async () => {
    let paid = 0;
    const payer = agent({
      id: "payer",
      run: async () => {
        if (interrupt("pay 10?") === true) await sleep(5, (paid += 1));
        return "paid";
      },
    });
    const graph = sequential({ name: "p", agents: [payer] }).compile({ checkpointer: open() });
    await graph.invoke(says("pay"), on("1"));
    const ends = await Promise.allSettled([1, 2].map(() => graph.invoke(new Command({ resume: true }), on("1"))));
    expect(ends.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(paid).toBe(1);
  });
});

describe("H5 two savers of one thread", () => {
  it("the one that comes second is refused by the saver itself, and writes nothing, not even pending writes", async () => {
    const saver = new SqliteCheckpointer(":memory:");
    const other = Object.create(saver) as SqliteCheckpointer; // what another process has: the same file, another object
    const { begun, open: letGo, held } = gate();
    const first = team(held, saver).invoke(says("slow"), { ...on("1"), durability: "sync" });
    await begun;
    await team(held, other).updateState(on("1"), says("second"));
    letGo();
    expect(code(await first.catch((error: unknown) => error))).toBe("RUN_CONFLICT");
    const texts = (await team(held, other).getState(on("1"))).values.messages.map((message: BaseMessage) => message.text);
    expect(texts).toContain("second");
  });

  it("a run under an older lease is refused; one without a lease, and a newer one, are not", async () => {
    const graph = team(gate().held, new SqliteCheckpointer(":memory:"));
    const under = (epoch: number, holder?: string) => ({
      configurable: { thread_id: "1", lease: { epoch, ...(holder === undefined ? {} : { holder }) } },
    });
    await graph.invoke(says("a"), under(2, "one"));
    expect(code(await graph.invoke(says("b"), under(1, "one")).catch((error: unknown) => error))).toBe("LEASE_LOST");
    expect(code(await graph.invoke(says("b"), under(2, "two")).catch((error: unknown) => error))).toBe("LEASE_LOST");
    await graph.invoke(says("c"), under(2, "one"));
    await graph.invoke(says("d"), under(3));
    await graph.invoke(says("e"), on("1"));
    const texts = (await graph.getState(on("1"))).values.messages.map((message: BaseMessage) => message.text);
    expect(texts.filter((text: string) => text.length === 1)).toEqual(["a", "c", "d", "e"]);
    const wrong = { configurable: { thread_id: "1", lease: { epoch: "3" } } };
    expect(code(await graph.invoke(says("f"), wrong).catch((error: unknown) => error))).toBe("INVALID_REQUEST");
  });
});
