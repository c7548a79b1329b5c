import { ToolMessage } from "@langchain/core/messages";
import { MemorySaver } from "@langchain/langgraph";
import { z } from "zod";
import { describe, expect, it } from "vitest";
import { agent, hierarchical, InvalidDefinitionError, reply, router, sequential, supervisor } from "../../index.js";
import { callTool, scriptedModel } from "../../testing/index.js";

const go = { messages: [{ role: "user", content: "go" }] };
const says = (id: string, words: string) => agent({ id, run: () => words });

describe("H7 a supervisor that forwards", () => {
  const team = (model: ReturnType<typeof scriptedModel>) =>
    supervisor({
      name: "team",
      supervisor: agent({ id: "boss", model }),
      workers: [says("poet", "Two lines,\nunchanged."), says("mute", "")],
      forward: true,
    });

  it("gives the user a worker's words as they are, without a model that repeats them", async () => {
    const model = scriptedModel([callTool("delegate_to_poet", { task: "write" }), callTool("forward_result"), "never"]);
    const { messages } = await team(model).compile().invoke(go);
    expect(model.calls).toHaveLength(2);
    expect(model.calls.map((call) => call.tools.includes("forward_result"))).toEqual([false, true]);
    expect(messages.at(-1)?.text).toBe("Two lines,\nunchanged.");
    expect(messages.at(-1)?.name).toBe("boss");
  });

  it("is told when the worker it names has no result", async () => {
    const model = scriptedModel([callTool("delegate_to_poet", { task: "write" }), callTool("forward_result", { worker: "mute" }), "Well."]);
    const { messages } = await team(model).compile().invoke(go);
    expect(messages.map((message) => message.text)).toContain('There is no result of "mute" to forward; there are results of poet.');
    expect(messages.at(-1)?.text).toBe("Well.");
  });

  it("cannot forward what comes in the background", () => {
    const boss = agent({ id: "boss", model: scriptedModel([]) });
    const define = () => supervisor({ name: "team", supervisor: boss, workers: [says("poet", "x")], forward: true, asyncDelivery: true });
    expect(define).toThrow(InvalidDefinitionError);
  });
});

describe("H4 results that are none", () => {
  it("a worker that gave neither words nor data is not told as a success", async () => {
    const model = scriptedModel([callTool("delegate_to_mute", { task: "write" }), "Sorry."]);
    const { messages } = await supervisor({ name: "team", supervisor: agent({ id: "boss", model }), workers: [says("mute", "")] })
      .compile()
      .invoke(go);
    const answer = messages.find((message) => ToolMessage.isInstance(message));
    expect(answer).toMatchObject({ status: "error", content: "mute finished without words: it gave no result." });
  });

  it("an agent that forgot to return is told what to return; an empty reply is a reply", async () => {
    const forgot = agent({ id: "forgot", run: (() => undefined) as never });
    await expect(
      sequential({ name: "x", agents: [forgot] })
        .compile()
        .invoke(go),
    ).rejects.toThrow(/Agent "forgot" returned nothing: .*reply\(""\) where there is nothing to say/);
    for (const nothing of ["", reply("")]) {
      const state = await sequential({ name: "x", agents: [agent({ id: "quiet", run: () => nothing })] })
        .compile()
        .invoke(go);
      expect(state.results["quiet"]).toMatchObject({ status: "ok", content: "" });
    }
  });

  it("what a member computed is merged under whatever keys it has", async () => {
    const member = agent({ id: "m", run: () => reply("", { data: { orchestration: "Berlin", place: "Philharmonie", year: 2026 } }) });
    const state = await hierarchical({ name: "x", members: [member], aggregate: "merge" })
      .compile()
      .invoke(go);
    expect(state.results["aggregate"]?.data).toMatchObject({ value: { orchestration: "Berlin", place: "Philharmonie", year: 2026 } });
  });
});

describe("H4 definitions are what they were when they were made", () => {
  const addressed = (content: string, metadata: object) => ({ messages: [{ role: "user", content, additional_kwargs: { metadata } }] });

  it("a message addressed to a router's supervisor reaches it, and who has the conversation keeps it", async () => {
    const desk = router({
      name: "desk",
      agents: [says("tech", "tech")],
      default: "tech",
      supervisor: agent({ id: "boss", run: (turn) => (turn.phase === "boss" ? "boss" : "") }),
    });
    const graph = desk.compile({ checkpointer: new MemorySaver() });
    const thread = { configurable: { thread_id: "1" } };
    await graph.invoke(addressed("to tech", { agentId: "tech" }), thread);
    expect((await graph.invoke(addressed("to boss", { agentId: "boss" }), thread)).messages.at(-1)?.text).toBe("boss");
    expect((await graph.invoke(addressed("to whoever", {}), thread)).messages.at(-1)?.text).toBe("tech");
  });

  it("a later push to shareChannels, rules or approval changes nothing", async () => {
    const shareChannels: ("secret" | "topic")[] = ["topic"];
    const seen: unknown[] = [];
    const worker = agent({ id: "w", run: (turn) => (seen.push(turn.state), "done") });
    const model = scriptedModel([callTool("delegate_to_w", { task: "t" }), "Fine."]);
    const state = { secret: z.string().default("s"), topic: z.string().default("t") };
    const team = supervisor({ name: "team", supervisor: agent({ id: "boss", model }), workers: [worker], state, shareChannels });
    shareChannels.push("secret");
    await team.compile().invoke(go);
    expect(seen).toEqual([{ topic: "t" }]);

    const intents = ["x"];
    const desk = router({
      name: "desk",
      agents: [says("tech", "tech"), says("sales", "sales")],
      rules: [{ to: "tech", when: { intents } }],
      default: "sales",
    });
    intents.push("y");
    expect((await desk.compile().invoke(addressed("hi", { intent: "y" }))).messages.at(-1)?.text).toBe("sales");
  });
});
