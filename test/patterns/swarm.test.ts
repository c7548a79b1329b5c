import { describe, expect, it } from "vitest";
import { agent, handoff, swarm, type BaseState, type TrailEntry, type Turn } from "../../index.js";
import { callHandoff, callTool, scriptedAgent, scriptedModel } from "../../testing/index.js";
import { failure, lines, says, thread } from "./says.js";

const passes = (id: string, to: string) =>
  agent({ id, run: (turn: Turn) => (turn.handoffs().length > 0 ? handoff(to) : `${id} has to answer`) });

const handoffsIn = (state: Pick<BaseState, "control">): number =>
  state.control.trail.filter((entry) => entry.event.startsWith("HANDOFF")).length;

describe("B7 swarm", () => {
  it("hands over in one run and one stream: both agents speak in one invoke", async () => {
    const { checkpointer, config } = thread();
    const graph = swarm({
      name: "desk",
      agents: [
        scriptedAgent("triage", [handoff("billing", { content: "One moment.", reason: "an invoice" })]),
        scriptedAgent("billing", ["Paid."]),
      ],
    }).compile({ checkpointer });
    const nodes: string[] = [];
    for await (const chunk of await graph.stream(says("Please pay."), { ...config, streamMode: "updates" }))
      nodes.push(...Object.keys(chunk));
    expect(nodes).toEqual(["triage", "billing"]);
    const { messages, control } = (await graph.getState(config)).values;
    expect(lines(messages)).toEqual(["user: Please pay.", "triage: One moment.", "billing: Paid."]);
    expect(control.waiting).toEqual(["billing"]);
  });

  it("the next message reaches the agent that answered last, in a new process too", async () => {
    const { checkpointer, config } = thread();
    const triage = scriptedAgent("triage", [handoff("billing")]);
    const billing = scriptedAgent("billing", ["Which one?", "Paid."]);
    const desk = swarm({ name: "desk", agents: [triage, billing] });
    await desk.compile({ checkpointer }).invoke(says("My invoice"), config);
    const state = await desk.compile({ checkpointer }).invoke(says("The blue one"), config);
    expect(state.messages.at(-1)?.text).toBe("Paid.");
    triage.assertDone();
    billing.assertDone();
  });

  it("begins with the entry", async () => {
    const state = await swarm({ name: "desk", agents: [scriptedAgent("a", []), scriptedAgent("b", ["b here"])], entry: "b" })
      .compile()
      .invoke(says("hi"));
    expect(state.messages.at(-1)?.text).toBe("b here");
  });

  it("after maxHandoffs the agent whose turn it is has to answer, and the next message opens them again", async () => {
    const { checkpointer, config } = thread();
    const graph = swarm({ name: "pingpong", agents: [passes("ping", "pong"), passes("pong", "ping")], maxHandoffs: 3 }).compile({
      checkpointer,
    });
    const first = await graph.invoke(says("go"), config);
    expect(first.messages.at(-1)?.text).toBe("pong has to answer");
    expect(handoffsIn(first)).toBe(3);
    const second = await graph.invoke(says("again"), config);
    expect(second.messages.at(-1)?.text).toBe("ping has to answer");
    expect(handoffsIn(second)).toBe(6);
  });

  it("with no handoffs at all, everyone answers for himself", async () => {
    const graph = swarm({ name: "desk", agents: [passes("a", "b"), passes("b", "a")], maxHandoffs: 0 }).compile();
    expect((await graph.invoke(says("go"))).messages.at(-1)?.text).toBe("a has to answer");
  });

  it("a handoff that is not allowed is an error that names what is, and nothing is written", async () => {
    const { checkpointer, config } = thread();
    const agents = [scriptedAgent("a", [handoff("c")]), scriptedAgent("b", []), scriptedAgent("c", [])];
    const graph = swarm({ name: "desk", agents, handoffs: { a: ["b"], b: ["c"] } }).compile({ checkpointer });
    expect(await failure(graph.invoke(says("go"), config))).toMatchObject({
      name: "IllegalTransitionError",
      event: "HANDOFF.c",
      legal: ["HANDOFF.b"],
    });
    const { control, messages } = (await graph.getState(config)).values;
    expect(control.trail.map((entry: TrailEntry) => entry.event)).toEqual(["INPUT"]);
    expect(messages).toHaveLength(1);
  });

  it.each(["ghost", "toString", "__proto__", "A", "a "])("an agent id that is not there (%j) is an error, never a default", async (to) => {
    const graph = swarm({ name: "desk", agents: [scriptedAgent("a", [handoff(to)]), scriptedAgent("b", [])] }).compile();
    expect(await failure(graph.invoke(says("go")))).toMatchObject({ name: "IllegalTransitionError", legal: ["HANDOFF.b"] });
  });

  it("a model is offered only those it can reach, and is told who they are when it asks for another", async () => {
    const model = scriptedModel([callHandoff("c"), callHandoff("b", { reason: "knows it", summary: "wants a refund" })]);
    const receiver = scriptedModel(["Done."]);
    const desk = swarm({
      name: "desk",
      agents: [agent({ id: "a", model }), agent({ id: "b", model: receiver }), scriptedAgent("c", [])],
      handoffs: { a: ["b"], b: ["c"] },
    });
    const state = await desk.compile().invoke(says("refund, please"));
    expect(state.messages.at(-1)?.text).toBe("Done.");
    expect(model.calls[1]?.messages.at(-1)?.text).toBe(
      'A handoff to "c" is not possible. Open now: b. Choose one of these, or answer yourself.',
    );
    expect(receiver.calls[0]?.messages.at(-1)?.text).toContain("Summary: wants a refund");
    model.assertDone();
    receiver.assertDone();
  });

  it("of several handoffs in one answer the first legal one wins, and every call has its answer", async () => {
    const model = scriptedModel([[callHandoff("nobody"), callHandoff("b"), callHandoff("c"), callTool("no_such_tool")]]);
    const state = await swarm({ name: "desk", agents: [agent({ id: "a", model }), scriptedAgent("b", ["b here"]), scriptedAgent("c", [])] })
      .compile()
      .invoke(says("go"));
    expect(state.messages.at(-1)?.text).toBe("b here");
    const answers = state.messages.filter((message) => message.getType() === "tool");
    expect(answers.map((message) => message.text.split(":")[0])).toEqual([
      'A handoff to "nobody" is not possible. Open now',
      "Handed over to b.",
      "Not executed",
      "Error",
    ]);
  });
});
