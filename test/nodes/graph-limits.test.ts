import { AIMessage } from "@langchain/core/messages";
import { fakeModel } from "@langchain/core/testing";
import { Annotation, MemorySaver, MessagesAnnotation, StateGraph } from "@langchain/langgraph";
import { createAgent, createMiddleware, modelRetryMiddleware, type AgentMiddleware } from "langchain";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { agent, parallel, sequential, swarm } from "../../index.js";
import { answering, ask, calls, countingTool, texts, thread } from "./graph-fixtures.js";

// LangChain reports what a callback throws on purpose before it passes it on; nothing else may be written
beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation((text: unknown) => {
    if (!String(text).startsWith("Error in handler MeterHandler")) throw new Error(String(text));
  });
});

/** A model that never stops calling the tool. */
function endless(rounds: number) {
  const model = fakeModel();
  for (let round = 0; round < rounds; round += 1) model.respond(calls(["count", {}, `call-${round}`]));
  return model.respond(new AIMessage("done"));
}

describe("limits reach into graphs", () => {
  it("a model call over the orchestration's limit is refused before it is made", async () => {
    const model = endless(10);
    const counter = agent({ id: "counter", graph: createAgent({ model, tools: [countingTool().tool] }) });
    const graph = sequential({ name: "team", agents: [counter], limits: { modelCalls: 3 } }).compile();
    await expect(graph.invoke(ask("count"))).rejects.toMatchObject({
      name: "BudgetExceededError",
      owner: "team",
      resource: "modelCalls",
      limit: 3,
    });
    expect(model.callCount).toBe(3);
  });

  it("tool calls count too, and an agent's own limits come first", async () => {
    const counting = countingTool();
    const model = endless(10);
    const counter = agent({ id: "counter", graph: createAgent({ model, tools: [counting.tool] }), limits: { toolCalls: 2 } });
    await expect(
      sequential({ name: "team", agents: [counter] })
        .compile()
        .invoke(ask("count")),
    ).rejects.toMatchObject({ owner: "counter", limit: 2 });
    expect(counting.runs()).toBe(2);
    expect(model.callCount).toBe(3); // the third asked for the call too many
  });

  it("no middleware of the agent can retry or excuse its way past a limit", async () => {
    const model = endless(10);
    const forgiving = createMiddleware({
      name: "forgiving",
      wrapModelCall: async (request, next) => {
        try {
          return await next(request);
        } catch {
          return new AIMessage("Never mind.");
        }
      },
    });
    // its type does not hold under exactOptionalPropertyTypes
    const retrying = modelRetryMiddleware({
      maxRetries: 2,
      initialDelayMs: 1,
      onFailure: "continue",
    } as never) as unknown as AgentMiddleware;
    const counter = agent({
      id: "counter",
      graph: createAgent({ model, tools: [countingTool().tool], middleware: [retrying, forgiving] }),
    });
    const graph = sequential({ name: "team", agents: [counter], limits: { modelCalls: 2 } }).compile();
    await expect(graph.invoke(ask("count"))).rejects.toMatchObject({ name: "BudgetExceededError" });
    expect(model.callCount).toBe(2);
  });

  it("what a graph used is counted in the thread, and each call once, also through an orchestration inside it", async () => {
    const inner = sequential({
      name: "inner",
      agents: [agent({ id: "thinker", model: fakeModel().respond(new AIMessage("thought")) })],
    }).compile();
    const around = new StateGraph(MessagesAnnotation)
      .addNode("think", async ({ messages }, config) => ({ messages: (await inner.invoke({ messages }, config)).messages }))
      .addEdge("__start__", "think")
      .compile();
    const counter = agent({ id: "counter", graph: createAgent({ model: endless(2), tools: [countingTool().tool] }) });
    const state = await sequential({ name: "team", agents: [counter, agent({ id: "around", graph: around })] })
      .compile()
      .invoke(ask("count"));
    expect(state.control.usage).toEqual({ steps: 3, modelCalls: 4, toolCalls: 2 });
    expect(texts(state).at(-1)).toBe("thought");
  });

  it("a graph may take more supersteps than LangGraph's 25, as many as are allowed, and no more", async () => {
    const long = (steps: number) =>
      new StateGraph(Annotation.Root({ ...MessagesAnnotation.spec, left: Annotation<number | undefined> }))
        .addNode("step", ({ left = steps }) => ({ left: left - 1, ...(left === 1 ? { messages: [new AIMessage("there")] } : {}) }))
        .addEdge("__start__", "step")
        .addConditionalEdges("step", ({ left = 0 }) => (left > 0 ? "step" : "__end__"), ["step", "__end__"])
        .compile();
    const run = (made: ReturnType<typeof agent>) =>
      sequential({ name: "team", agents: [made] })
        .compile()
        .invoke(ask("go"));
    expect(texts(await run(agent({ id: "a", graph: long(80) })))).toEqual(["go", "there"]);
    await expect(run(agent({ id: "a", graph: long(120) }))).rejects.toMatchObject({ name: "GraphRecursionError" });
    expect(texts(await run(agent({ id: "a", graph: long(120), recursionLimit: 150 })))).toEqual(["go", "there"]);
    expect(texts(await run(agent({ id: "a", graph: long(120).withConfig({ recursionLimit: 150 }) })))).toEqual(["go", "there"]);
  });

  it("a turn that takes too long ends, also when the graph does not listen, and takes no sibling with it", async () => {
    const deaf = agent({ id: "deaf", graph: answering(() => new Promise<string>(() => undefined)), limits: { milliseconds: 50 } });
    const state = await parallel({ name: "team", branches: [deaf, agent({ id: "other", run: () => "fine" })] })
      .compile()
      .invoke(ask("go"));
    expect(state.results["deaf"]?.error?.name).toBe("StepTimeoutError");
    expect(state.results["other"]?.status).toBe("ok");
  });

  it("a run that is aborted aborts the graph", async () => {
    const stop = new AbortController();
    const seen: boolean[] = [];
    const listening = new StateGraph(MessagesAnnotation)
      .addNode("wait", (_state, config) => {
        const aborted = new Promise<object>((_done, reject) =>
          config.signal?.addEventListener("abort", () => {
            seen.push(true);
            reject(new Error("stopped"));
          }),
        );
        stop.abort();
        return aborted;
      })
      .addEdge("__start__", "wait")
      .compile();
    const graph = swarm({ name: "team", agents: [agent({ id: "a", graph: listening })] }).compile({ checkpointer: new MemorySaver() });
    await expect(graph.invoke(ask("go"), { ...thread("1"), signal: stop.signal })).rejects.toThrow();
    expect(seen).toEqual([true]);
  });
});
