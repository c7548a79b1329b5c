import { Command, isInterrupted, MemorySaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { agent, approve, consensus, handoff, human, loop, parallel, pipeline, revise, sequential, swarm, vote } from "../../index.js";
import { callTool, scriptedAgent, scriptedModel } from "../../testing/index.js";
import { tool } from "@langchain/core/tools";
import { z } from "zod";
import { lines, says, thread } from "./says.js";

describe("nested orchestrations", () => {
  it("what had finished inside is not run again when somebody answers", async () => {
    const { checkpointer, config } = thread();
    const fast = scriptedAgent("fast", ["fast"]);
    const parts = parallel({ name: "parts", branches: [fast, human({ id: "person", question: "Well?" })] });
    const article = () => sequential({ name: "article", agents: [parts, scriptedAgent("printer", ["printed"])] }).compile({ checkpointer });
    expect(isInterrupted(await article().invoke(says("go"), config))).toBe(true);
    const state = await article().invoke(new Command({ resume: "yes" }), config);
    expect(state.messages.at(-1)?.text).toBe("printed");
    fast.assertDone();
  });

  it("a model is not asked again for what it said before a person approved, three levels deep", async () => {
    const { checkpointer, config } = thread();
    let refunds = 0;
    const refund = tool(() => `refund ${(refunds += 1)}`, { name: "refund", description: "Pays back.", schema: z.object({}) });
    const model = scriptedModel([callTool("refund"), "You get it back."]);
    const desk = swarm({ name: "desk", agents: [agent({ id: "clerk", model, tools: [refund], approval: ["refund"] })] });
    const hall = parallel({ name: "hall", branches: [desk, scriptedAgent("guard", ["all quiet"])], onFailure: "stop" });
    const house = () => sequential({ name: "house", agents: [hall] }).compile({ checkpointer });
    const parked = await house().invoke(says("It never arrived."), config);
    const question = isInterrupted<{ nonce: string; requests: { id: string }[] }>(parked) ? parked.__interrupt__[0]?.value : undefined;
    const decisions = question?.requests.map(({ id }) => ({ id, decision: "approve" }));
    const state = await house().invoke(new Command({ resume: { nonce: question?.nonce, decisions } }), config);
    expect(lines(state.messages)).toContain("clerk: You get it back.");
    expect(refunds).toBe(1);
    model.assertDone();
  });

  it("a nested conversation goes on with the agent that answered last", async () => {
    const { checkpointer, config } = thread();
    const desk = swarm({ name: "desk", agents: [scriptedAgent("a", [handoff("b")]), scriptedAgent("b", ["Which one?", "Paid."])] });
    const house = pipeline({ name: "house", stages: [{ phase: "talk", agent: desk }] });
    await house.compile({ checkpointer }).invoke(says("My invoice"), config);
    const state = await house.compile({ checkpointer }).invoke(says("The blue one"), config);
    expect(lines(state.messages)).toEqual(["user: My invoice", "b: Which one?", "user: The blue one", "b: Paid."]);
  });

  it("the same orchestration twice keeps two places apart", async () => {
    const { checkpointer, config } = thread();
    const asker = () => agent({ id: "asker", run: (turn) => `round ${turn.control.turn}` });
    const talk = (name: string) => swarm({ name, agents: [asker()] });
    const state = await parallel({ name: "both", branches: [talk("left"), talk("right")] })
      .compile({ checkpointer })
      .invoke(says("go"), config);
    expect(lines(state.messages)).toEqual(["user: go", "asker: round 1", "asker: round 1"]);
  });

  it("a failure inside is the failure of its branch, and no other's", async () => {
    const bad = sequential({ name: "bad", agents: [scriptedAgent("x", ["fine"]), scriptedAgent("y", [new Error("broken")])] });
    const team = parallel({ name: "team", branches: [bad, scriptedAgent("good", ["good"])] });
    const state = await team.compile({ checkpointer: new MemorySaver() }).invoke(says("go"), { configurable: { thread_id: "1" } });
    expect(team.results(state).map(({ phase, status, error }) => [phase, status, error?.message])).toEqual([
      ["bad", "failed", `broken [agent "y", phase "y"]`],
      ["good", "ok", undefined],
    ]);
  });

  it("its tokens and states come in the one stream of the outermost graph", async () => {
    const model = scriptedModel(["a b c"]);
    const text = loop({ name: "text", producer: agent({ id: "writer", model }), reviewers: [scriptedAgent("critic", [approve()])] });
    const tokens: string[] = [];
    const { config } = thread();
    const stream = await sequential({ name: "outer", agents: [text] })
      .compile()
      .stream(says("go"), { ...config, streamMode: ["messages"], subgraphs: true });
    for await (const [, , [message, metadata]] of stream as unknown as AsyncIterable<
      [string[], string, [{ text: string }, { phase?: string }]]
    >)
      // what these options stream
      if (metadata.phase === "writer" && message.text !== "") tokens.push(message.text);
    expect(tokens.slice(0, 3)).toEqual(["a ", "b ", "c"]);
  });

  it("two levels of people each get their own question", async () => {
    const { checkpointer, config } = thread();
    const text = loop({
      name: "text",
      producer: agent({ id: "writer", run: (turn) => `draft ${turn.control.turn}` }),
      reviewers: [human({ id: "critic", question: "Good enough?" })],
      maxIterations: 2,
    });
    const graph = sequential({ name: "outer", agents: [text, human({ id: "boss", question: "Publish?" })] }).compile({ checkpointer });
    const asked: unknown[] = [];
    const answers = [{ event: { type: "REVISE", feedback: "longer" } }, { event: { type: "APPROVE", feedback: "" } }, "Yes."];
    let state: unknown = await graph.invoke(says("go"), config);
    for (const resume of answers) {
      if (isInterrupted<{ question: string }>(state)) asked.push(state.__interrupt__[0]?.value?.question);
      state = await graph.invoke(new Command({ resume }), config);
    }
    expect(asked).toEqual(["Good enough?", "Good enough?", "Publish?"]);
    expect(isInterrupted(state)).toBe(false);
  });

  it("the verdict of a nested loop can be read from its result", async () => {
    const critic = scriptedAgent("critic", [revise("no")]);
    const text = loop({
      name: "text",
      producer: scriptedAgent("writer", ["x"]),
      reviewers: [critic],
      maxIterations: 1,
      unapproved: "done",
    });
    const outer = sequential({ name: "outer", agents: [text] });
    const [result] = outer.results(await outer.compile().invoke(says("go")));
    expect(result?.data).toMatchObject({ orchestration: "text", place: "(exhausted)", done: true });
  });

  it("what nobody approved, and a vote without a consensus, is no success for the orchestration around it", async () => {
    const deploy = () => scriptedAgent("deploy", ["deployed"]);
    const text = loop({
      name: "text",
      producer: scriptedAgent("writer", ["x"]),
      reviewers: [scriptedAgent("critic", [revise("no")])],
      maxIterations: 1,
    });
    const jury = consensus({ name: "jury", voters: [scriptedAgent("a", [vote("yes")]), scriptedAgent("b", [vote("no")])] });
    for (const undecided of [text, jury]) {
      const last = deploy();
      const run = sequential({ name: "release", agents: [undecided, last] })
        .compile()
        .invoke(says("go"));
      await expect(run).rejects.toMatchObject({ name: "TaskFailedError" });
      expect(last.turns).toEqual([]);
    }
  });
});
