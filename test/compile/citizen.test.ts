import { HumanMessage } from "@langchain/core/messages";
import {
  Command,
  END,
  InMemoryStore,
  interrupt,
  MemorySaver,
  MessagesAnnotation,
  START,
  StateGraph,
  type LangGraphRunnableConfig,
} from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { agent, handoff, human, parallel, sequential, swarm } from "../../index.js";
import { desk, expectLegal, says } from "../attacks/desk.js";

let threads = 0;
const thread = () => ({ configurable: { thread_id: `citizen-${(threads += 1)}` } });
const saver = () => new MemorySaver();
const raw = (value: unknown) => value as never;
const echo = <const Id extends string>(id: Id) => agent({ id, run: () => `${id} spoke` });
const line = () => sequential({ name: "line", agents: [echo("one"), echo("two"), echo("three")] });

describe("A4 streaming", () => {
  const modes = ["values", "updates", "messages", "custom", "tasks", "checkpoints", "debug"] as const;

  it.each(modes)("mode %s tells of every phase", async (streamMode) => {
    const writing = agent({
      id: "writing",
      run: (turn) => {
        (turn.config as LangGraphRunnableConfig).writer?.({ progress: 1 });
        return "written";
      },
    });
    const graph = sequential({ name: "stream", agents: [writing, echo("after")] }).compile({ checkpointer: saver() });
    const chunks: unknown[] = [];
    for await (const chunk of await graph.stream(says("x"), { ...thread(), streamMode })) chunks.push(chunk);
    const text = JSON.stringify(chunks);
    if (streamMode === "custom") expect(chunks).toEqual([{ progress: 1 }]);
    else for (const word of ["written", "after spoke"]) expect(text).toContain(word);
    if (streamMode === "messages") {
      expect(
        (chunks as [{ text: string }, { agent: string; phase: string }][]).map(([message, metadata]) => [message.text, metadata.agent]),
      ).toEqual(expect.arrayContaining([["written", "writing"]]));
    }
  });

  it("several modes at once, nested graphs included, name where each chunk comes from", async () => {
    const graph = sequential({ name: "outer", agents: [line(), echo("last")] }).compile({ checkpointer: saver() });
    const places = new Set<string>();
    for await (const [namespace, mode] of await graph.stream(says("x"), {
      ...thread(),
      streamMode: ["updates", "values"],
      subgraphs: true,
    })) {
      places.add(`${namespace.map((part) => part.split(":")[0]).join("/")} ${mode}`);
    }
    expect([...places].sort()).toEqual([" updates", " values", "line updates", "line values"]);
  });

  it("streamEvents, version 2 and 3, run to the end and name the phases", async () => {
    const names = new Set<string>();
    for await (const event of line().compile().streamEvents(says("x"), { version: "v2" })) names.add(event.name);
    expect([...names]).toEqual(expect.arrayContaining(["one", "two", "three"]));
    const run = await line()
      .compile({ checkpointer: saver() })
      .streamEvents(says("x"), { ...thread(), version: "v3" });
    const last = (await run.output) as { control: { done: boolean } };
    expect(last.control.done).toBe(true);
  });

  it("an illegal command is refused by every entrance", async () => {
    const graph = line().compile({ checkpointer: saver() });
    const jump = new Command({ goto: "three" });
    const refused = { name: "IllegalTransitionError" };
    const drain = async (stream: AsyncIterable<unknown>) => {
      for await (const _ of stream);
    };
    await expect(graph.invoke(jump, thread())).rejects.toMatchObject(refused);
    await expect(graph.stream(jump, thread()).then(drain)).rejects.toMatchObject(refused);
    await expect(drain(graph.streamEvents(jump, { ...thread(), version: "v2" }))).rejects.toMatchObject(refused);
    await expect(graph.batch([jump], thread())).rejects.toMatchObject(refused);
    await expect((async () => (await graph.streamEvents(jump, { ...thread(), version: "v3" })).output)()).rejects.toMatchObject(refused);
  });
});

describe("A4 time travel", () => {
  it("a replay from any checkpoint comes to the same end", async () => {
    const graph = line().compile({ checkpointer: saver() });
    const config = thread();
    const first = await graph.invoke(says("x"), config);
    const history = [];
    for await (const snapshot of graph.getStateHistory(config)) history.push(snapshot);
    expect(history.map((snapshot) => snapshot.next)).toEqual([[], ["three"], ["two"], ["one"], ["__start__"]]);
    for (const snapshot of history) {
      const again = await graph.invoke(null, snapshot.config);
      expect(again.control.value).toEqual(first.control.value);
      expect(again.messages.map((message) => message.text)).toEqual(first.messages.map((message) => message.text));
      expectLegal(graph, again.control);
    }
  });

  it("a state edit at any checkpoint makes a branch that goes on from its own phase, and leaves the others alone", async () => {
    const graph = desk().compile({ checkpointer: saver() });
    const config = thread();
    for (const text of ["hello", "go handling", "go closing"]) await graph.invoke(says(text), config);
    const history = [];
    for await (const snapshot of graph.getStateHistory(config)) history.push(snapshot);
    const before = history.map((snapshot) => JSON.stringify(snapshot.values));
    for (const snapshot of history) {
      if (snapshot.values.control === undefined) continue;
      const fork = await graph.updateState(snapshot.config, { note: "edited" });
      const state = await graph.invoke(says("hi"), fork);
      expect(state.note).toBe("edited");
      expect(state.messages.at(-1)?.text).toBe(`${String(state.control.value)} heard: hi`);
      expectLegal(graph, state.control);
    }
    for (const [index, snapshot] of history.entries())
      expect(JSON.stringify((await graph.getState(snapshot.config)).values)).toBe(before[index]);
  });

  it("a step whose writes were stored when the process died is not run again", async () => {
    class Dying extends MemorySaver {
      dies = false;
      override async put(...parameters: Parameters<MemorySaver["put"]>): ReturnType<MemorySaver["put"]> {
        if (this.dies && Object.keys(this.writes).some((key) => key.includes(String(parameters[0].configurable?.["checkpoint_id"]))))
          throw new Error("power cut");
        return super.put(...parameters);
      }
    }
    let runs = 0;
    const checkpointer = new Dying();
    const one = agent({
      id: "one",
      run: () => {
        checkpointer.dies = true;
        return `one ${(runs += 1)}`;
      },
    });
    const graph = sequential({ name: "cut", agents: [one, echo("two")] }).compile({ checkpointer, durability: "sync" });
    const config = thread();
    await expect(graph.invoke(says("x"), config)).rejects.toThrow("power cut");
    checkpointer.dies = false;
    const { tasks, next } = await graph.getState(config);
    expect([next, tasks.map((task) => task.name)]).toEqual([[], ["one"]]); // `next` leaves out what is done: whether a run is unfinished, `tasks` tells
    const state = await graph.invoke(null, config);
    expect(state.messages.map((message) => message.text)).toEqual(["x", "one 1", "two spoke"]);
  });
});

describe("A4 breakpoints and interrupts", () => {
  it.each(["interruptBefore", "interruptAfter"] as const)("%s stops there and goes on with null or a resume", async (key) => {
    for (const input of [null, new Command({ resume: "go" })]) {
      const graph = line().compile({ checkpointer: saver(), [key]: ["two"] });
      const config = thread();
      await graph.invoke(says("x"), config);
      expect((await graph.getState(config)).next).toEqual([key === "interruptBefore" ? "two" : "three"]);
      const state = await graph.invoke(raw(input), config);
      expect(state.control.done).toBe(true);
      expect(state.messages).toHaveLength(4);
    }
  });

  it("interrupt() in a function agent is answered by a scalar, and in parallel branches each by its own id", async () => {
    const asking = <const Id extends string>(id: Id) => agent({ id, run: () => `${id}: ${String(interrupt({ ask: id }))}` });
    const single = sequential({ name: "single", agents: [asking("one")] }).compile({ checkpointer: saver() });
    const config = thread();
    await single.invoke(says("x"), config);
    expect((await single.invoke(new Command({ resume: "yes" }), config)).messages.at(-1)?.text).toBe("one: yes");

    const graph = parallel({ name: "both", branches: [asking("left"), asking("right")] }).compile({ checkpointer: saver() });
    const other = thread();
    await graph.invoke(says("x"), other);
    const asked = (await graph.getState(other)).tasks.flatMap((task) => task.interrupts);
    const idOf = (name: string) => asked.find((one) => (one.value as { ask: string }).ask === name)?.id ?? "";
    await graph.invoke(new Command({ resume: { [idOf("right")]: "R" } }), other);
    expect((await graph.getState(other)).next).toEqual(["left"]);
    const state = await graph.invoke(new Command({ resume: { [idOf("left")]: "L" } }), other);
    expect(state.messages.map((message) => message.text).sort()).toEqual(["left: L", "right: R", "x"]);
    expect(state.control.done).toBe(true);
  });

  it("an answer may bring messages and extra state along, never an event", async () => {
    const graph = sequential({
      name: "along",
      state: { note: z.string().default("") },
      agents: [human({ id: "boss", question: "?" })],
    }).compile({ checkpointer: saver() });
    const config = thread();
    await graph.invoke(says("x"), config);
    await expect(graph.invoke(new Command({ resume: "yes", update: { control: { type: "DONE" } } }), config)).rejects.toMatchObject({
      name: "InvalidRequestError",
    });
    const state = await graph.invoke(
      new Command({ resume: "yes", update: { note: "n", messages: [new HumanMessage("by the way")] } }),
      config,
    );
    expect([state.note, state.messages.map((message) => message.text)]).toEqual(["n", ["x", "by the way", "yes"]]);
  });
});

describe("A4 running inside and outside", () => {
  it.each(["sync", "async", "exit"] as const)("durability %s keeps the thread", async (durability) => {
    const graph = line().compile({ checkpointer: saver(), durability });
    const config = thread();
    await graph.invoke(says("x"), config);
    expect((await graph.getState(config)).values.control).toMatchObject({ done: true, seq: 3 });
  });

  it("store, context and signal reach the agent, and an abort ends the run without a trace of the phase", async () => {
    const store = new InMemoryStore();
    const seen: unknown[] = [];
    const looking = agent({
      id: "looking",
      run: async (turn) => {
        const config = turn.config as LangGraphRunnableConfig;
        await config.store?.put(["seen"], "key", { by: turn.agent });
        seen.push(config.context);
        return "looked";
      },
    });
    const graph = sequential({ name: "look", agents: [looking] }).compile({ checkpointer: saver(), store });
    await graph.invoke(says("x"), { ...thread(), context: raw({ tenant: "acme" }) });
    expect((await store.get(["seen"], "key"))?.value).toEqual({ by: "looking" });
    expect(seen).toEqual([{ tenant: "acme" }]);

    const abort = new AbortController();
    const slow = agent({
      id: "slow",
      run: (turn) =>
        new Promise<string>((_resolve, reject) => {
          turn.config.signal?.addEventListener("abort", () => reject(new Error("stopped")));
          abort.abort();
        }),
    });
    const stopped = sequential({ name: "stop", agents: [echo("one"), slow] }).compile({ checkpointer: saver() });
    const config = thread();
    await expect(stopped.invoke(says("x"), { ...config, signal: abort.signal })).rejects.toThrow();
    expect((await stopped.getState(config)).values.control).toMatchObject({ value: "slow", done: false });
  });

  it("it is a node of a plain graph: messages in, messages out, its own state stays its own", async () => {
    const child = swarm({ name: "child", agents: [agent({ id: "front", run: () => handoff("back") }), echo("back")] }).compile();
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("before", () => ({ messages: [{ role: "ai", content: "before" }] }))
      .addNode("child", raw(child))
      .addEdge(START, "before")
      .addEdge("before", "child")
      .addEdge("child", END)
      .compile({ checkpointer: saver() });
    const state = await graph.invoke(says("x"), thread());
    expect(state.messages.map((message) => message.text)).toEqual(["x", "before", "back spoke"]);
    expect(Object.keys(state)).toEqual(["messages"]);
  });

  it("a question inside it parks the plain graph around it and is answered there", async () => {
    const child = sequential({ name: "child", agents: [echo("one"), human({ id: "boss", question: "?" })] }).compile();
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("child", raw(child))
      .addEdge(START, "child")
      .addEdge("child", END)
      .compile({ checkpointer: saver() });
    const config = thread();
    await graph.invoke(says("x"), config);
    const state = await graph.invoke(new Command({ resume: "yes" }), config);
    expect(state.messages.map((message) => message.text)).toEqual(["x", "one spoke", "yes"]);
  });
});

describe("A8 nesting, three levels deep", () => {
  const tower = () => {
    const cellar = sequential({ name: "cellar", agents: [echo("deepest"), human({ id: "guard", question: "cellar?" }), echo("leaving")] });
    const floor = sequential({ name: "floor", agents: [echo("hall"), cellar, human({ id: "maid", question: "floor?" })] });
    return sequential({ name: "tower", agents: [floor, human({ id: "king", question: "tower?" }), echo("bell")] });
  };

  it("questions of every level surface one after the other, and nothing that is done runs again", async () => {
    const checkpointer = saver();
    const config = thread();
    const fresh = () => tower().compile({ checkpointer }); // as a new process would
    const asked = async () =>
      (await fresh().getState(config)).tasks.flatMap((task) => task.interrupts).map((one) => (one.value as { question: string }).question);
    await fresh().invoke(says("x"), config);
    const questions = [await asked()];
    for (const answer of ["a", "b", "c"]) {
      await fresh().invoke(new Command({ resume: answer }), config);
      questions.push(await asked());
    }
    expect(questions).toEqual([["cellar?"], ["floor?"], ["tower?"], []]);
    const { values } = await fresh().getState(config);
    expect(values.control.done).toBe(true);
    expectLegal(fresh(), values.control);
  });

  it("streams and the states of every level can be read, and the picture shows all of them", async () => {
    const graph = tower().compile({ checkpointer: saver() });
    const config = thread();
    const depths = new Set<number>();
    for await (const [namespace] of await graph.stream(says("x"), { ...config, streamMode: ["updates"], subgraphs: true }))
      depths.add(namespace.length);
    expect([...depths].sort()).toEqual([0, 1, 2]);
    const places = [];
    for (const checkpoint_ns of ["", "floor", "floor|cellar"]) {
      const { values } = await graph.getState({ configurable: { ...config.configurable, checkpoint_ns } });
      places.push(values.control.value);
    }
    expect(places).toEqual(["floor", "cellar", "guard"]);
    const drawn = await graph.getGraphAsync({ xray: true });
    expect(Object.keys(drawn.nodes)).toEqual(expect.arrayContaining(["king", "bell", "floor:hall", "floor:maid", "floor:cellar:deepest"]));
  });

  it("a nested chart refuses an illegal edit of its own state, with what is legal there", async () => {
    const graph = tower().compile({ checkpointer: saver() });
    const config = thread();
    await graph.invoke(says("x"), config);
    const inner = { configurable: { ...config.configurable, checkpoint_ns: "floor" } };
    await expect(graph.updateState(inner, raw({ control: { type: "SHIP" } }))).rejects.toMatchObject({
      name: "IllegalTransitionError",
      phase: "cellar",
      legal: ["DONE"],
    });
    await expect(graph.updateState(inner, raw({ results: {} }))).rejects.toMatchObject({ name: "InvalidRequestError" });
    const state = await graph.invoke(new Command({ resume: "a" }), config);
    expect(state.control.value).toBe("floor");
  });
});
