import { AIMessage, HumanMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import {
  Annotation,
  Command,
  CompiledStateGraph,
  getConfig,
  interrupt,
  MemorySaver,
  StateGraph,
  type LangGraphRunnableConfig,
} from "@langchain/langgraph";
import { beforeAll, describe, expect, it } from "vitest";
import {
  hasTasks,
  isNestedRun,
  isResuming,
  LANGGRAPH_KEY,
  nodeRunOf,
  replaying,
  saverOf,
  streamOf,
  threadOf,
} from "../../src/langgraph/config.js";
import { isWrittenAs, messageWithId, writtenAs, writtenKeys, type WrittenMessage } from "../../src/langgraph/message.js";
import { lastingNamespace, namespaceOf, partFor, partsOf } from "../../src/langgraph/namespace.js";
import { outsideNode } from "../../src/langgraph/outside.js";
import { passenger } from "../../src/langgraph/passenger.js";
import { NOBODY } from "../../src/langgraph/pending.js";
import { isQuestionId, questionsIn } from "../../src/langgraph/question.js";

/*
 * What phasegraph relies on inside LangGraph, looked at without phasegraph: a version that lacks one of these fails here, under its
 * name, and everything that knows of it is in src/langgraph.
 */

const State = Annotation.Root({ seen: Annotation<string[]>({ reducer: (a, b) => [...a, ...b], default: () => [] }) });
const thread = (id: string) => ({ configurable: { thread_id: id } });

/** A graph with one node, and what LangGraph gave the node in each of its runs. */
function probe(options: { readonly checkpointer?: MemorySaver | true; readonly node?: (config: LangGraphRunnableConfig) => unknown }) {
  const configs: LangGraphRunnableConfig[] = [];
  const node = async (_state: typeof State.State, config: LangGraphRunnableConfig) => {
    configs.push(config);
    await options.node?.(config);
    return { seen: ["inner"] };
  };
  const builder = new StateGraph(State).addNode("work", node).addEdge("__start__", "work").addEdge("work", "__end__");
  return { configs, graph: builder.compile(options.checkpointer === undefined ? {} : { checkpointer: options.checkpointer }) };
}

/** The same inside a node of another graph. */
function nestedProbe(inner: ReturnType<typeof probe>, change: (config: LangGraphRunnableConfig) => RunnableConfig = (config) => config) {
  const node = async (_state: typeof State.State, config: LangGraphRunnableConfig) =>
    void (await inner.graph.invoke({ seen: [] }, change(config)));
  const builder = new StateGraph(State).addNode("around", node, { subgraphs: [inner.graph] });
  return builder.addEdge("__start__", "around").addEdge("around", "__end__").compile({ checkpointer: new MemorySaver() });
}

describe("what a node is given", () => {
  const saver = new MemorySaver();
  let config: LangGraphRunnableConfig;
  beforeAll(async () => {
    const { graph, configs } = probe({ checkpointer: saver });
    await graph.invoke({ seen: [] }, thread("1"));
    config = configs[0]!;
  });

  it(`configurable.${LANGGRAPH_KEY.checkpointer}: the saver of the run`, () => expect(saverOf(config)).toBe(saver));
  it(`configurable.${LANGGRAPH_KEY.read}: that a graph called now is inside this one`, () => expect(isNestedRun(config)).toBe(true));
  it(`configurable.${LANGGRAPH_KEY.call}: that tasks can be started`, () => expect(hasTasks(config)).toBe(true));
  it(`configurable.${LANGGRAPH_KEY.resuming}: false or missing where nothing is resumed`, () => expect(isResuming(config)).toBe(false));
  it("configurable.thread_id", () => expect(threadOf(config)).toBe("1"));
  it("executionInfo.taskId: the id of this run of the node, which is the one in configurable.checkpoint_ns", () => {
    expect(namespaceOf(config)).toBe(partFor("work", nodeRunOf(config) ?? "missing"));
  });
  it("none of these outside of a node", () => {
    for (const read of [saverOf, streamOf, threadOf]) expect(read({})).toBeUndefined();
    for (const ask of [isNestedRun, isResuming, hasTasks]) expect(ask({})).toBe(false);
    expect(nodeRunOf({})).toBeUndefined();
  });
  it("keys of a configurable that begin with __ reach the node and are in no checkpoint", async () => {
    const token = passenger<object>("probe");
    const own = new MemorySaver();
    const { graph, configs } = probe({ checkpointer: own });
    const riding = {};
    await graph.invoke({ seen: [] }, token.with(thread("1"), riding));
    expect(token.of(configs[0]!)).toBe(riding);
    for await (const { metadata } of own.list(thread("1"))) expect(JSON.stringify(metadata)).not.toContain("phasegraph");
  });
});

describe("nested graphs", () => {
  it(`configurable.${LANGGRAPH_KEY.stream}: chunks [namespace, mode, payload] pushed there reach the stream around`, async () => {
    const { graph } = probe({ node: (config) => streamOf(config)?.push([["somewhere:1"], "updates", { told: true }]) });
    const chunks: unknown[] = [];
    for await (const chunk of await graph.stream({ seen: [] }, { streamMode: ["updates"], subgraphs: true })) chunks.push(chunk);
    expect(chunks).toContainEqual([["somewhere:1"], "updates", { told: true }]);
  });

  it("configurable.checkpoint_ns: parts joined by |, each node:run; a graph that remembers is stored without the runs", async () => {
    const inner = probe({ checkpointer: true });
    const outer = nestedProbe(inner);
    await outer.invoke({ seen: [] }, thread("1"));
    const namespace = namespaceOf(inner.configs[0]);
    expect(partsOf(namespace)).toHaveLength(2);
    const stored: string[] = [];
    for await (const { config } of (outer.checkpointer as MemorySaver).list(thread("1"))) stored.push(namespaceOf(config));
    expect(new Set(stored)).toEqual(new Set(["", lastingNamespace(namespace).split("|")[0]]));
  });

  it(`configurable.${LANGGRAPH_KEY.replay}: is asked, as getCheckpoint(namespace, saver, config), where a graph that remembers begins`, async () => {
    const asked: string[] = [];
    const inner = probe({ checkpointer: true });
    const outer = nestedProbe(inner, (config) =>
      replaying(config as RunnableConfig, {
        getCheckpoint: async (namespace) => {
          asked.push(namespace);
          return undefined;
        },
      }),
    );
    await outer.invoke({ seen: [] }, thread("1"));
    expect(asked).toContain("around");
  });

  it(`configurable.${LANGGRAPH_KEY.resuming}: true while a run goes on with what was pending`, async () => {
    const inner = probe({ node: () => interrupt("well?") });
    const resuming: boolean[] = [];
    const outer = nestedProbe(inner, (config) => {
      resuming.push(isResuming(config));
      return config as RunnableConfig;
    });
    await outer.invoke({ seen: [] }, thread("1"));
    await outer.invoke(new Command({ resume: "yes" }), thread("1"));
    expect(resuming).toEqual([false, true]);
    expect(inner.configs).toHaveLength(2);
  });
});

describe("questions", () => {
  it("__interrupt__ in values, with ids of 32 hexadecimal digits", async () => {
    const { graph } = probe({ checkpointer: new MemorySaver(), node: () => interrupt("well?") });
    const questions = questionsIn(await graph.invoke({ seen: [] }, thread("1")));
    expect(questions).toMatchObject([{ value: "well?" }]);
    expect(isQuestionId(questions?.[0]?.id ?? "")).toBe(true);
    const answered = await graph.invoke(new Command({ resume: { [questions?.[0]?.id ?? ""]: "yes" } }), thread("1"));
    expect(questionsIn(answered)).toBeUndefined();
  });
});

it("pending writes of nobody's task are part of the state that is shown, that a resumed node sees, and that an input goes on from", async () => {
  const inputs = [(id: string) => new Command({ resume: { [id]: "yes" } }), () => null, () => ({ seen: ["next"] })]; // a scalar answer takes their place
  for (const next of inputs) {
    const saver = new MemorySaver();
    const { graph } = probe({ checkpointer: saver, node: () => interrupt("well?") });
    const [asked] = questionsIn(await graph.invoke({ seen: ["first"] }, thread("1"))) ?? [];
    const { config } = await graph.getState(thread("1"));
    await saver.putWrites(config, [["seen", ["one"]]], NOBODY);
    await saver.putWrites(config, [["seen", ["one"]], ["seen", ["other"]]], NOBODY); // prettier-ignore
    const seen = ["first", "one", "other"];
    expect((await graph.getState(thread("1"))).values).toEqual({ seen });
    const after = (await graph.invoke(next(asked?.id ?? "") as never, thread("1"))) as typeof State.State;
    expect(after.seen.slice(0, 3)).toEqual(seen);
  }
});

describe("the compiled graph", () => {
  class Counted extends CompiledStateGraph<typeof State.State, typeof State.Update> {
    runs!: number;
    override _streamIterator(...given: Parameters<CompiledStateGraph<unknown, unknown>["_streamIterator"]>) {
      this.runs += 1;
      return super._streamIterator(...(given as never as Parameters<CompiledStateGraph<unknown, unknown>["_streamIterator"]>)) as never;
    }
    protected override _prepareStateSnapshot(given: never) {
      this.runs += 100;
      expect(Object.keys(given)).toEqual(expect.arrayContaining(["config", "saved"]));
      return super._prepareStateSnapshot(given);
    }
  }
  const counted = () => {
    const { graph } = probe({ checkpointer: new MemorySaver() });
    return Object.assign(Object.setPrototypeOf(graph, Counted.prototype) as Counted, { runs: 0 });
  };

  it("_streamIterator is the one entrance of invoke, stream and streamEvents", async () => {
    const graph = counted();
    await graph.invoke({ seen: [] }, thread("1"));
    expect(graph.runs).toBe(1);
    for await (const _chunk of await graph.stream({ seen: [] }, thread("2"))) expect(graph.runs).toBe(2);
    for await (const _event of graph.streamEvents({ seen: [] }, { ...thread("3"), version: "v2" })) expect(graph.runs).toBe(3);
    const run = await (graph.streamEvents({ seen: [] }, { ...thread("4"), version: "v3" } as never) as never as Promise<{
      output: Promise<unknown>;
    }>);
    await run.output;
    expect(graph.runs).toBe(4);
  });

  it("_prepareStateSnapshot makes what getState and getStateHistory show", async () => {
    const graph = counted();
    await graph.invoke({ seen: [] }, thread("1"));
    await graph.getState(thread("1"));
    expect(graph.runs).toBe(101);
    for await (const _snapshot of graph.getStateHistory(thread("1"))) void _snapshot;
    expect(graph.runs).toBeGreaterThan(201);
  });

  it("_runLoop is given the loop, whose checkpointerPromises are those of the saver", async () => {
    const graph = counted();
    const { _runLoop: runLoop } = CompiledStateGraph.prototype as never as { readonly _runLoop: (given: Given) => Promise<void> };
    type Given = { readonly loop: { readonly checkpointerPromises: Set<Promise<unknown>> } };
    let promises = new Set<Promise<unknown>>();
    let added = 0;
    Object.assign(graph, {
      _runLoop(given: Given) {
        promises = given.loop.checkpointerPromises;
        const add = promises.add.bind(promises);
        promises.add = (promise) => add(promise) && ((added += 1), promises);
        return runLoop.call(this, given);
      },
    });
    await graph.invoke({ seen: [] }, thread("1"));
    expect(promises).toBeInstanceOf(Set);
    expect(added).toBeGreaterThan(2);
  });

  it("a prototype given to a compiled graph survives withConfig", () => {
    expect(counted().withConfig({ recursionLimit: 7 })).toBeInstanceOf(Counted);
  });
});

describe("messages of LangChain", () => {
  it("lc_kwargs: what toJSON writes, under the names it has there", () => {
    const message = messageWithId(new AIMessage("hello"), "1");
    const written = message as unknown as WrittenMessage;
    const { kwargs } = message.toJSON() as unknown as { readonly kwargs: Record<string, unknown> };
    expect(Object.keys(kwargs).toSorted()).toEqual(Object.keys(writtenKeys(written)).toSorted());
    for (const key of Object.keys(kwargs)) expect(writtenAs(written, key)).toEqual(kwargs[key]);
    expect(kwargs["id"]).toBe("1");
  });

  it("lc_namespace, lc_serializable, toJSON: those of the class", () => {
    const message = new HumanMessage("hello") as unknown as WrittenMessage;
    expect(isWrittenAs(message, HumanMessage.prototype)).toBe(true);
    expect(isWrittenAs(message, AIMessage.prototype)).toBe(false);
  });
});

it("AsyncLocalStorageProviderSingleton.runWithConfig: work that it starts is outside of the node", async () => {
  const seen: (string | undefined)[] = [];
  const { graph } = probe({
    node: () => {
      seen.push(namespaceOf(getConfig() as RunnableConfig));
      outsideNode(() => seen.push(namespaceOf(getConfig() as RunnableConfig | undefined)));
    },
  });
  await graph.invoke({ seen: [] });
  expect(seen).toEqual([expect.stringMatching(/^work:/), ""]);
});
