import { MemorySaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { agent, handoff, InvalidDefinitionError, strategies, swarm } from "../../index.js";

const support = swarm({
  name: "support",
  agents: [agent({ id: "triage", run: () => handoff("billing") }), agent({ id: "billing", run: () => "billing here" })],
});
const research = agent({ id: "research", run: () => "research here" });
const desk = (chosen?: "support" | "research" | null) =>
  strategies({
    name: "desk",
    strategies: [support, research],
    ...(chosen === undefined ? {} : { default: chosen }),
  });
const say = (content: string) => ({ messages: [{ role: "user" as const, content }] });
const on = (thread_id: string) => ({ configurable: { thread_id } });

describe("A6 a strategy for each thread", () => {
  it("a thread uses the default, and another where it asks for it, from then on", async () => {
    const graph = desk().compile({ checkpointer: new MemorySaver() });
    expect((await graph.invoke(say("hi"), on("1"))).messages.at(-1)?.text).toBe("billing here");
    const changed = await graph.invoke({ ...say("hi"), control: { type: "USE.research" } }, on("2"));
    expect(changed.messages.at(-1)?.text).toBe("research here");
    expect((await graph.invoke(say("more"), on("2"))).messages.at(-1)?.text).toBe("research here");
    expect((await graph.invoke(say("more"), on("1"))).messages.at(-1)?.text).toBe("billing here");
  });

  it("a thread without orchestration keeps its messages and nobody answers", async () => {
    const graph = desk().compile({ checkpointer: new MemorySaver() });
    const off = await graph.invoke({ ...say("hello?"), control: { type: "USE.off" } }, on("1"));
    expect(off.messages.map((message) => message.text)).toEqual(["hello?"]);
    expect(off.control.value).toBe("off");
    const back = await graph.invoke({ ...say("and now?"), control: { type: "USE.support" } }, on("1"));
    expect(back.messages.map((message) => message.text)).toEqual(["hello?", "and now?", "billing here"]);
  });

  it("the default may be none", async () => {
    const graph = desk(null).compile({ checkpointer: new MemorySaver() });
    expect((await graph.invoke(say("hi"), on("1"))).messages).toHaveLength(1);
  });

  it("a default that is no strategy is refused by value and by type", () => {
    // @ts-expect-error "suport" is no strategy
    expect(() => desk("suport")).toThrow(InvalidDefinitionError);
  });
});
