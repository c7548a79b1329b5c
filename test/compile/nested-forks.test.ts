import { MemorySaver, type StateSnapshot } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { agent, handoff, sequential, strategies, swarm, type Turn } from "../../index.js";

const said = (turn: Turn): string => turn.messages.at(-1)?.text ?? "";
const desk = (id: string, other: string) =>
  agent({ id, run: (turn) => (said(turn).includes(other) ? handoff(other) : `${id} heard: ${said(turn)}`) });
const inner = swarm({ name: "inner", agents: [desk("red", "blue"), desk("blue", "red")] });
const outer = strategies({ name: "outer", strategies: [inner] });
const config = { configurable: { thread_id: "1" } };
const say = (content: string) => ({ messages: [{ role: "user" as const, content }] });

async function twoTurns() {
  const graph = outer.compile({ checkpointer: new MemorySaver() });
  await graph.invoke(say("hello"), config);
  const afterFirst = await graph.getState(config);
  expect((await graph.invoke(say("to blue"), config)).messages.at(-1)?.text).toBe("blue heard: to blue");
  return { graph, afterFirst };
}

describe("A4 a fork of the thread forks what is nested in it", () => {
  it("a nested swarm stays with its agent from turn to turn", async () => {
    const { graph } = await twoTurns();
    expect((await graph.invoke(say("more"), config)).messages.at(-1)?.text).toBe("blue heard: more");
  });

  it("in a fork it is where it was at the fork, and the other branch is left alone", async () => {
    const { graph, afterFirst } = await twoTurns();
    const fork = await graph.invoke(say("and here?"), (afterFirst as StateSnapshot).config);
    expect(fork.messages.map((message) => message.text)).toEqual(["hello", "red heard: hello", "and here?", "red heard: and here?"]);
    expect((await graph.invoke(say("still?"), config)).messages.at(-1)?.text).toBe("red heard: still?");
  });

  it("three levels deep", async () => {
    const graph = sequential({ name: "top", agents: [outer] }).compile({ checkpointer: new MemorySaver() });
    const state = await graph.invoke(say("to blue"), config);
    expect(state.messages.at(-1)?.text).toBe("blue heard: to blue");
  });

  it("a new episode begins the nested one anew", async () => {
    const graph = sequential({ name: "top", agents: [outer] }).compile({ checkpointer: new MemorySaver() });
    await graph.invoke(say("to blue"), config);
    expect((await graph.invoke(say("again"), config)).messages.at(-1)?.text).toBe("red heard: again");
  });
});

describe("A4 what is nested obeys the options of compile", () => {
  it("a nested team with one agent more goes on where the option says so", async () => {
    const team = (...ids: string[]) => sequential({ name: "team", agents: ids.map((id) => agent({ id, run: () => id })) });
    const desk = (...ids: string[]) => strategies({ name: "desk", strategies: [team(...ids)] });
    const checkpointer = new MemorySaver();
    await desk("one").compile({ checkpointer }).invoke(say("hi"), config);
    await expect(desk("one", "two").compile({ checkpointer }).invoke(say("again"), config)).rejects.toThrow();
    const after = await desk("one", "two").compile({ checkpointer, onChartChange: "resume" }).invoke(say("again"), config);
    expect(after.messages.at(-1)?.text).toBe("two");
  });
});
