import { AIMessage, HumanMessage, RemoveMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { fakeModel } from "@langchain/core/testing";
import { tool } from "@langchain/core/tools";
import {
  Annotation,
  Command,
  entrypoint,
  getCurrentTaskInput,
  interrupt,
  isInterrupted,
  MemorySaver,
  MessagesAnnotation,
  REMOVE_ALL_MESSAGES,
  StateGraph,
} from "@langchain/langgraph";
import { createReactAgent } from "@langchain/langgraph/prebuilt";
import { createHandoffTool } from "@langchain/langgraph-swarm";
import { createAgent } from "langchain";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { agent, conversationLog, handoff, parallel, readRecord, reply, send, sequential, swarm, type Turn } from "../../index.js";
import { answering, ask, calls, countingTool, texts, thread } from "./graph-fixtures.js";

describe("A7 any LangGraph graph is an agent", () => {
  it("its new messages join the thread, signed and recorded as the agent's", async () => {
    const echo = agent({ id: "echo", graph: answering((messages) => `heard ${messages.length}`) });
    const state = await sequential({ name: "team", agents: [echo, agent({ id: "closer", run: () => "Bye." })] })
      .compile()
      .invoke(ask("hi"));
    expect(conversationLog(state.messages).map(({ author, recipient, content }) => [author, recipient, content])).toEqual([
      ["user", "echo", "hi"],
      ["echo", "closer", "heard 1"],
      ["closer", "user", "Bye."],
    ]);
    expect(state.messages[1]?.name).toBe("echo");
    expect(state.results["echo"]).toMatchObject({ status: "ok", content: "heard 1" });
  });

  it("a graph's own control, results and other state stay its own", async () => {
    const State = Annotation.Root({ ...MessagesAnnotation.spec, control: Annotation<unknown>, results: Annotation<unknown> });
    const seen: unknown[] = [];
    const greedy = new StateGraph(State)
      .addNode("take", (state) => {
        seen.push(state.control, state.results);
        return { control: { type: "HANDOFF.boss" }, results: { take: "everything" }, messages: [new AIMessage("mine")] };
      })
      .addEdge("__start__", "take")
      .compile();
    const team = swarm({ name: "team", agents: [agent({ id: "greedy", graph: greedy }), agent({ id: "boss", run: () => "boss" })] });
    const state = await team.compile().invoke(ask("hi"));
    expect(seen).toEqual([undefined, undefined]);
    expect(state.control.value).toBe("greedy");
    expect(Object.keys(state.results)).toEqual(["greedy"]);
  });

  it("a graph of another state is reached through mappers, whose types follow from the graph", async () => {
    const State = Annotation.Root({ question: Annotation<string>, score: Annotation<number> });
    const scorer = new StateGraph(State)
      .addNode("rate", ({ question }) => ({ score: question.length }))
      .addEdge("__start__", "rate")
      .compile();
    const judge = agent({
      id: "judge",
      graph: scorer,
      input: (turn: Turn<{ limit: number }>) => ({ question: turn.messages.at(-1)?.text ?? "" }),
      output: (values, turn) => {
        expectTypeOf(values.score).toEqualTypeOf<number>();
        return values.score > turn.state.limit ? handoff("boss", { data: values.score }) : reply(`score ${values.score}`);
      },
    });
    expectTypeOf(judge.id).toEqualTypeOf<"judge">();
    const team = swarm({
      name: "team",
      state: { limit: z.number().default(3) },
      agents: [judge, agent({ id: "boss", run: () => "Too long." })],
    });
    expect(texts(await team.compile().invoke(ask("hi")))).toEqual(["hi", "score 2"]);
    const state = await team.compile().invoke(ask("hello"));
    expect(texts(state)).toEqual(["hello", "Too long."]);
    expect(state.results["judge"]?.data).toBe(5);
  });

  it("a functional graph is an agent too", async () => {
    const shout = entrypoint({ name: "shout" }, async (input: { text: string }) => ({ text: input.text.toUpperCase() }));
    const shouter = agent({
      id: "shouter",
      graph: shout,
      input: (turn) => ({ text: turn.messages.at(-1)?.text ?? "" }),
      output: (values) => reply((values as { text: string }).text), // an entrypoint's graph does not tell its type
    });
    expect(
      texts(
        await sequential({ name: "team", agents: [shouter] })
          .compile()
          .invoke(ask("hi")),
      ),
    ).toEqual(["hi", "HI"]);
  });

  it("what cannot be an agent says what to give instead", () => {
    const uncompiled = new StateGraph(MessagesAnnotation).addNode("x", () => ({})).addEdge("__start__", "x");
    const other = new StateGraph(Annotation.Root({ q: Annotation<string> }))
      .addNode("x", () => ({ q: "" }))
      .addEdge("__start__", "x")
      .compile();
    const orchestration = sequential({ name: "team", agents: [agent({ id: "a", run: () => "" })] });
    expect(() => agent({ id: "a", graph: uncompiled as never })).toThrow(/not compiled; give graph\.compile\(\)/);
    expect(() => agent({ id: "a", graph: orchestration as never })).toThrow(/an agent already/);
    expect(() => agent({ id: "a", graph: {} as never })).toThrow(/AGENT_GRAPH/);
    expect(() => agent({ id: "a", graph: other })).toThrow(/input: .*no "messages"[\s\S]*output: /);
    // @ts-expect-error a function is no graph
    expect(() => agent({ id: "a", graph: () => "" })).toThrow(/AGENT_GRAPH/);
  });

  it("shows as a subgraph in the picture, in the stream and in the state", async () => {
    const pauses = new StateGraph(MessagesAnnotation)
      .addNode("look", () => ({}))
      .addNode("think", () => ({ messages: [new AIMessage(`told ${String(interrupt("What?"))}`)] }))
      .addEdge("__start__", "look")
      .addEdge("look", "think")
      .addEdge("think", "__end__")
      .compile();
    const graph = sequential({ name: "team", agents: [agent({ id: "inner", graph: pauses })] }).compile({
      checkpointer: new MemorySaver(),
    });
    expect((await graph.getGraphAsync({ xray: true })).drawMermaid()).toContain("inner_think");
    const namespaces = new Set<string>();
    for await (const [namespace] of await graph.stream(ask("hi"), { ...thread("1"), streamMode: "updates", subgraphs: true })) {
      namespaces.add(namespace.map((part: string) => part.split(":")[0]).join("/"));
    }
    expect([...namespaces]).toContain("inner");
    const [task] = (await graph.getState(thread("1"), { subgraphs: true })).tasks;
    expect(task?.state).toMatchObject({ next: ["think"] });
    expect(task?.interrupts.map((one) => one.value)).toEqual(["What?"]);
    expect(texts(await graph.invoke(new Command({ resume: "this" }), thread("1")))).toEqual(["hi", "told this"]);
  });

  it("resumed after an interrupt, it does not run again what it had finished", async () => {
    let runs = 0;
    const twoSteps = new StateGraph(MessagesAnnotation)
      .addNode("first", () => ({ messages: [new AIMessage(`first ${(runs += 1)}`)] }))
      .addNode("second", () => ({ messages: [new AIMessage(`second ${String(interrupt("Go on?"))}`)] }))
      .addEdge("__start__", "first")
      .addEdge("first", "second")
      .compile();
    const graph = sequential({ name: "team", agents: [agent({ id: "inner", graph: twoSteps })] }).compile({
      checkpointer: new MemorySaver(),
    });
    expect(isInterrupted(await graph.invoke(ask("hi"), thread("1")))).toBe(true);
    expect(texts(await graph.invoke(new Command({ resume: "yes" }), thread("1")))).toEqual(["hi", "first 1", "second yes"]);
  });

  it("begins anew each turn, or keeps its state when it is told to, or was compiled to", async () => {
    const State = Annotation.Root({ ...MessagesAnnotation.spec, turns: Annotation<number | undefined> });
    const counter = new StateGraph(State)
      .addNode("count", ({ turns = 0, messages }) => ({ turns: turns + 1, messages: [new AIMessage(`${turns + 1}/${messages.length}`)] }))
      .addEdge("__start__", "count");
    const said = async (made: ReturnType<typeof agent>, stored = true) => {
      const graph = swarm({ name: "team", agents: [made] }).compile(stored ? { checkpointer: new MemorySaver() } : {});
      await graph.invoke(ask("one"), thread("1"));
      return texts(await graph.invoke(ask("two"), thread("1"))).at(-1);
    };
    expect(await said(agent({ id: "a", graph: counter.compile() }))).toBe("1/3");
    expect(await said(agent({ id: "a", graph: counter.compile({ checkpointer: new MemorySaver() }) }))).toBe("1/3");
    expect(await said(agent({ id: "a", graph: counter.compile(), memory: "thread" }))).toBe("2/3");
    expect(await said(agent({ id: "a", graph: counter.compile({ checkpointer: true }) }))).toBe("2/3");
    expect(await said(agent({ id: "a", graph: counter.compile({ checkpointer: true }), memory: "turn" }))).toBe("1/3");
    expect(await said(agent({ id: "a", graph: counter.compile(), memory: "thread" }), false)).toBe("1/1");
  });

  it("sees the part of the conversation it is given, and the hand-over note, which stays out of the thread", async () => {
    const heard: string[][] = [];
    const listener = agent({
      id: "listener",
      history: "none",
      graph: answering((messages) => (heard.push(messages.map((one) => one.text)), "ok")),
    });
    const desk = agent({
      id: "desk",
      run: () => handoff("listener", { content: "One moment.", reason: "yours", summary: "wants a refund" }),
    });
    const state = await swarm({ name: "team", agents: [desk, listener] })
      .compile()
      .invoke(ask("help"));
    expect(heard).toEqual([["help", "[Handed over by desk]\nReason: yours\nSummary: wants a refund"]]);
    expect(texts(state)).toEqual(["help", "One moment.", "ok"]);
  });

  it("two that ask at the same time are answered each by its own id", async () => {
    const asking = (question: string) => {
      const graph = answering(() => `${question} ${String(interrupt(question))}`);
      return agent({ id: question.toLowerCase(), graph });
    };
    const team = parallel({ name: "team", branches: [asking("Left"), asking("Right")] });
    const graph = team.compile({ checkpointer: new MemorySaver() });
    const parked = await graph.invoke(ask("hi"), thread("1"));
    if (!isInterrupted<string>(parked)) throw new Error("Nobody was asked.");
    const resume = Object.fromEntries(parked.__interrupt__.map(({ id, value }) => [id, `${value}!`]));
    expect(Object.keys(resume)).toHaveLength(2);
    const state = await graph.invoke(new Command({ resume }), thread("1"));
    expect(team.results(state).map((result) => result.content)).toEqual(["Left Left!", "Right Right!"]);
  });

  it("run again after an error inside, it goes on where it stopped", async () => {
    let runs = 0;
    let down = true;
    const flaky = new StateGraph(MessagesAnnotation)
      .addNode("first", () => ({ messages: [new AIMessage(`first ${(runs += 1)}`)] }))
      .addNode("second", () => {
        if (down) throw new Error("down");
        return { messages: [new AIMessage("second")] };
      })
      .addEdge("__start__", "first")
      .addEdge("first", "second")
      .compile();
    const team = sequential({ name: "team", agents: [agent({ id: "inner", graph: flaky })] });
    const graph = team.compile({ checkpointer: new MemorySaver(), durability: "sync" });
    await expect(graph.invoke(ask("hi"), thread("1"))).rejects.toThrow("down");
    down = false;
    expect(texts(await graph.invoke(null, thread("1")))).toEqual(["hi", "first 1", "second"]);
  });

  it("handoffs inside a graph are its own business", async () => {
    const model = fakeModel().respond(calls(["handoff", { target: "desk", reason: "", summary: "" }, "1"]));
    const inside = swarm({ name: "inside", agents: [agent({ id: "front", model }), agent({ id: "desk", run: () => "from the desk" })] });
    const team = swarm({
      name: "team",
      agents: [agent({ id: "inner", graph: inside.compile() }), agent({ id: "desk", run: () => "wrong desk" })],
    });
    const state = await team.compile().invoke(ask("hi"));
    expect(texts(state).at(-1)).toBe("from the desk");
    expect(state.control.waiting).toEqual(["inner"]);
  });

  it("is described to the others as it was made", async () => {
    const described = new StateGraph(MessagesAnnotation)
      .addNode("x", () => ({}))
      .addEdge("__start__", "x")
      .compile({ description: "Knows the weather" });
    expect(agent({ id: "a", graph: described }).description).toBe("Knows the weather");
    expect(agent({ id: "a", graph: createAgent({ model: fakeModel(), description: "Knows the stars" }) }).description).toBe(
      "Knows the stars",
    );
    expect(agent({ id: "a", description: "Knows all", graph: described }).description).toBe("Knows all");
  });

  it("a summary or an instruction a graph makes for itself is not said to the team", async () => {
    const summarizing = new StateGraph(MessagesAnnotation)
      .addNode("speak", () => ({
        messages: [
          new HumanMessage({ content: "Summary so far", additional_kwargs: { lc_source: "summarization" } }),
          new SystemMessage("Be brief."),
          new AIMessage("done"),
        ],
      }))
      .addEdge("__start__", "speak")
      .compile();
    const state = await sequential({ name: "team", agents: [agent({ id: "a", graph: summarizing })] })
      .compile()
      .invoke(ask("hi"));
    expect(texts(state)).toEqual(["hi", "done"]);
  });

  it("what a graph puts before the conversation for itself stays inside", async () => {
    const remembering = new StateGraph(MessagesAnnotation)
      .addNode("recall", ({ messages }) => ({
        messages: [new RemoveMessage({ id: REMOVE_ALL_MESSAGES }), new HumanMessage("I like tea."), ...messages],
      }))
      .addNode("speak", ({ messages }) => ({ messages: [new AIMessage(`saw ${messages.length}`)] }))
      .addEdge("__start__", "recall")
      .addEdge("recall", "speak")
      .compile();
    const state = await sequential({ name: "team", agents: [agent({ id: "a", graph: remembering })] })
      .compile()
      .invoke(ask("hi"));
    expect(texts(state)).toEqual(["hi", "saw 2"]);
  });

  it("its error ends the run, or is an event where the chart accepts one", async () => {
    const broken = agent({ id: "broken", graph: answering(() => Promise.reject(new RangeError("out of ideas"))) });
    const after = agent({ id: "after", run: () => "went on" });
    await expect(
      sequential({ name: "team", agents: [broken, after] })
        .compile()
        .invoke(ask("hi")),
    ).rejects.toThrow("out of ideas");
    const state = await sequential({ name: "team", agents: [broken, after], strict: false })
      .compile()
      .invoke(ask("hi"));
    expect(state.results["broken"]).toMatchObject({ status: "failed", error: { name: "RangeError", message: "out of ideas" } });
    expect(texts(state)).toEqual(["hi", "went on"]);
  });
});

describe("A7 agents made for langgraph-swarm run unchanged", () => {
  const alice = (model: ReturnType<typeof fakeModel>, ...more: readonly ReturnType<typeof countingTool>["tool"][]) =>
    createReactAgent({ llm: model, tools: [...more, createHandoffTool({ agentName: "bob" })], name: "alice" });

  it("a jump becomes a handoff of the chart, with everything that was said before it", async () => {
    const model = fakeModel()
      .respond(calls(["count", {}, "1"]))
      .respond(calls(["transfer_to_bob", {}, "2"]))
      .respond(new AIMessage("Bob here."));
    const counting = countingTool();
    const bob = createReactAgent({ llm: model, tools: [createHandoffTool({ agentName: "alice" })], name: "bob" });
    const team = swarm({
      name: "team",
      agents: [agent({ id: "alice", graph: alice(model, counting.tool) }), agent({ id: "bob", graph: bob })],
    });
    const graph = team.compile({ checkpointer: new MemorySaver() });
    const state = await graph.invoke(ask("hi"), thread("1"));
    expect(state.control.trail.map((entry) => entry.event)).toContain("HANDOFF.bob");
    expect(state.control.waiting).toEqual(["bob"]);
    expect(texts(state)).toEqual(["hi", "", "run 1", "", "Successfully transferred to bob", "Bob here."]);
    expect(state.messages.slice(1).map((message) => readRecord(message)?.author)).toEqual(["alice", "alice", "alice", "alice", "bob"]);
    model.respond(new AIMessage("Still Bob."));
    expect((await graph.invoke(ask("and now?"), thread("1"))).messages.at(-1)?.text).toBe("Still Bob.");
  });

  it("a handoff beside another call, and two at once, leave a history in which every call is answered once", async () => {
    const model = fakeModel()
      .respond(calls(["count", {}, "1"], ["transfer_to_bob", {}, "2"], ["transfer_to_bob", {}, "3"]))
      .respond(new AIMessage("Bob here."));
    const bob = agent({ id: "bob", graph: createReactAgent({ llm: model, tools: [], name: "bob" }) });
    const state = await swarm({ name: "team", agents: [agent({ id: "alice", graph: alice(model, countingTool().tool) }), bob] })
      .compile()
      .invoke(ask("hi"));
    expect(state.messages.filter((message) => ToolMessage.isInstance(message)).map((message) => message.tool_call_id)).toEqual([
      "1",
      "2",
      "3",
    ]);
    expect(state.messages.at(-1)?.text).toBe("Bob here.");
  });

  it("a tool that carries nothing but its own answer does not lose what the agent said", async () => {
    const bare = tool(
      (_input, config: { toolCall?: { id?: string } }) =>
        new Command({
          graph: Command.PARENT,
          goto: "bob",
          update: { messages: [new ToolMessage({ content: "moved", tool_call_id: config.toolCall?.id ?? "" })] },
        }),
      { name: "to_bob", description: "Hands over.", schema: z.object({}) },
    );
    const model = fakeModel().respond(calls(["to_bob", {}, "1"]));
    const team = swarm({
      name: "team",
      agents: [
        agent({ id: "alice", graph: createReactAgent({ llm: model, tools: [bare] }) }),
        agent({ id: "bob", run: () => "Bob here." }),
      ],
    });
    const state = await team.compile().invoke(ask("hi"));
    expect(state.messages.map((message) => message.getType())).toEqual(["human", "ai", "tool", "ai"]);
    expect(texts(state).slice(2)).toEqual(["moved", "Bob here."]);
  });

  it("a jump to nobody is refused with the names that would have been legal, and changes nothing", async () => {
    const model = fakeModel().respond(calls(["transfer_to_carol", {}, "1"]));
    const lost = createReactAgent({ llm: model, tools: [createHandoffTool({ agentName: "carol" })] });
    const team = swarm({ name: "team", agents: [agent({ id: "alice", graph: lost }), agent({ id: "bob", run: () => "" })] });
    const graph = team.compile({ checkpointer: new MemorySaver() });
    await expect(graph.invoke(ask("hi"), thread("1"))).rejects.toMatchObject({
      name: "IllegalTransitionError",
      legal: expect.arrayContaining(["HANDOFF.bob"]),
    });
    expect((await graph.getState(thread("1"))).values.messages).toHaveLength(1);
  });

  it("extra state goes along when the orchestration declares it", async () => {
    const withTask = tool(
      ({ order }, config: { toolCall?: { id?: string } }) => {
        const { messages } = getCurrentTaskInput<typeof MessagesAnnotation.State>();
        const answer = new ToolMessage({ content: "moved", tool_call_id: config.toolCall?.id ?? "" });
        return new Command({ graph: Command.PARENT, goto: "bob", update: { messages: [...messages, answer], order, activeAgent: "bob" } });
      },
      { name: "to_bob", description: "Hands over.", schema: z.object({ order: z.string() }) },
    );
    const model = fakeModel().respond(calls(["to_bob", { order: "42" }, "1"]));
    const team = swarm({
      name: "team",
      state: { order: z.string().default("") },
      agents: [
        agent({ id: "alice", graph: createReactAgent({ llm: model, tools: [withTask] }) }),
        agent({ id: "bob", run: (turn: Turn<{ order: string }>) => `order ${turn.state.order}` }),
      ],
    });
    expect(texts(await team.compile().invoke(ask("hi"))).at(-1)).toBe("order 42");
  });

  it("an update of control from inside is an event like any other", async () => {
    const forger = (event: object) =>
      new StateGraph(MessagesAnnotation)
        .addNode("jump", () => new Command({ graph: Command.PARENT, update: { control: event } }))
        .addEdge("__start__", "jump")
        .compile();
    const run = (event: object) =>
      swarm({
        name: "team",
        agents: [agent({ id: "alice", graph: forger(event) }), agent({ id: "bob", run: () => send("HANDOFF.alice") })],
        maxHandoffs: 1,
      })
        .compile()
        .invoke(ask("hi"));
    await expect(run({ type: "INPUT" })).rejects.toThrow(/agents cannot send it/);
    await expect(run({ value: "bob" })).rejects.toThrow(/not an event/);
    await expect(run({ type: "HANDOFF.bob" })).rejects.toThrow(/"HANDOFF.alice" is not accepted in phase "bob"/);
  });
});
