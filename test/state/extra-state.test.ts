import { MemorySaver, ReducedValue } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { agent, parallel, sequential, type Turn } from "../../index.js";

const go = { messages: [{ role: "user", content: "go" }] };
const on = { configurable: { thread_id: "1" } };

const seen = new ReducedValue(
  z.array(z.string()).default(() => []),
  {
    inputSchema: z.array(z.string()),
    reducer: (known: string[], added: string[]) => {
      if (added.includes("bad")) throw new RangeError("bad is not taken");
      return [...known, ...added];
    },
  },
);
type Seen = { seen: string[]; total: number };
const looks = (id: string, found: () => string) =>
  agent({ id, run: (_turn: Turn<Seen>) => ({ content: "seen", update: { seen: [found()] }, next: { kind: "done" as const } }) });

describe("A1 extra state", () => {
  it("merges what agents side by side add, by its reducer", async () => {
    const branches = ["a", "b", "c"].map((id) => looks(id, () => id));
    const state = await parallel({ name: "look", branches, state: { seen, total: z.number().default(7) } })
      .compile()
      .invoke(go);
    expect([...state.seen].sort()).toEqual(["a", "b", "c"]);
    expect(state.total).toBe(7);
  });

  it("a reducer that throws is a typed error before anything is written, and the thread goes on", async () => {
    let found = "bad";
    const graph = sequential({ name: "look", agents: [looks("a", () => found)], state: { seen, total: z.number().default(7) } }).compile({
      checkpointer: new MemorySaver(),
    });
    await expect(graph.invoke(go, on)).rejects.toThrow(
      'The update of "seen" by agent "a": its reducer threw: bad is not taken; expected a value that the reducer takes.',
    );
    expect((await graph.getState(on)).next).toEqual(["a"]);
    found = "good";
    expect((await graph.invoke(null, on)).seen).toEqual(["good"]);
  });
});
