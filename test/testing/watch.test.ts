import { FakeListChatModel } from "@langchain/core/utils/testing";
import { Command, interrupt, MemorySaver } from "@langchain/langgraph";
import { createAgent } from "langchain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { agent, handoff, human, mapReduce, parallel, sequential, swarm, type Turn } from "../../index.js";
import { watch, type RunEvent } from "../../src/compile/watch.js";
import { scripted, scriptedAgent, scriptedModel } from "../../testing/index.js";
import { everything, mesh, panel, talking } from "../patterns/subjects.js";
import { says, thread } from "../patterns/says.js";
import { runs } from "../runs.js";

async function all(events: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const seen: RunEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

const TERMINAL = /^orchestration\.(completed|waiting|interrupted|failed)$/;

describe("watch", () => {
  it("tells a handoff as it happens", async () => {
    const { checkpointer, config } = thread();
    const desk = swarm({
      name: "desk",
      agents: [scriptedAgent("triage", [handoff("billing", { reason: "an invoice" })]), scriptedAgent("billing", ["Paid."])],
    });
    const events = await all(watch(desk.compile({ checkpointer }), says("My invoice"), config));
    expect(events.map((event) => ("phase" in event ? `${event.type} ${event.phase}` : event.type))).toEqual([
      "orchestration.started",
      "phase.entered triage",
      "phase.completed triage",
      "orchestration.handoff_completed",
      "phase.entered billing",
      "message.added billing",
      "phase.completed billing",
      "orchestration.waiting",
    ]);
    expect(events[3]).toMatchObject({
      event: "HANDOFF.billing",
      from: "triage",
      to: "billing",
      by: "triage",
      reason: "an invoice",
      within: [],
    });
    expect(events.at(-1)).toMatchObject({ phases: ["billing"] });
  });

  it("tells only what is new of a thread with a past", async () => {
    const { checkpointer, config } = thread();
    const graph = swarm({ name: "desk", agents: [scriptedAgent("a", [handoff("b")]), scriptedAgent("b", ["one", handoff("a")])] });
    await graph.compile({ checkpointer }).invoke(says("hi"), config);
    const back = scripted(graph, (turn: Turn) => (turn.phase === "b" ? handoff("a") : "two"));
    const events = await all(watch(back.compile({ checkpointer }), says("again"), config));
    const moves = events.flatMap((event) => (event.type === "orchestration.handoff_completed" ? [event.event] : []));
    expect(moves).toEqual(["HANDOFF.a"]);
  });

  it("tells what happens inside nested orchestrations, and where", async () => {
    const { checkpointer, config } = thread();
    const inner = sequential({ name: "inner", agents: [scriptedAgent("x", ["x"])] });
    const outer = sequential({ name: "outer", agents: [parallel({ name: "middle", branches: [inner] })] });
    const events = await all(watch(outer.compile({ checkpointer }), says("go"), config));
    const entered = events.flatMap((event) => (event.type === "phase.entered" ? [[...event.within, event.phase].join("/")] : []));
    expect(entered).toEqual(["middle", "middle/inner", "middle/inner/x"]);
    expect(events.filter((event) => TERMINAL.test(event.type))).toHaveLength(1);
  });

  it("ends with the questions that somebody has to answer, and goes on with the answer", async () => {
    const { checkpointer, config } = thread();
    const graph = sequential({ name: "line", agents: [human({ id: "boss", question: "Well?" })] }).compile({ checkpointer });
    const parked = (await all(watch(graph, says("go"), config))).at(-1);
    expect(parked).toMatchObject({ type: "orchestration.interrupted", questions: [{ value: { question: "Well?" } }] });
    const end = (await all(watch(graph, new Command({ resume: "Yes." }), config))).at(-1);
    expect(end).toMatchObject({ type: "orchestration.completed", control: { done: true } });
  });

  it("ends at an interruptBefore without a question", async () => {
    const { checkpointer, config } = thread();
    const graph = sequential({ name: "line", agents: [scriptedAgent("a", ["a"]), scriptedAgent("b", [])] });
    const events = await all(watch(graph.compile({ checkpointer, interruptBefore: ["b"] }), says("go"), config));
    expect(events.at(-1)).toEqual({ type: "orchestration.interrupted", questions: [] });
  });

  it("tells of an event that came too late, and does not call it a step", async () => {
    const { config, checkpointer } = thread();
    const graph = scripted(everything, (turn) =>
      turn.phase === "reading"
        ? { next: { kind: "event", event: { type: "CLAIM", amount: 400 } } }
        : turn.phase === "checking.facts.looking"
          ? { next: { kind: "event", event: { type: "PAUSE" } } }
          : "done",
    );
    const events = await all(watch(graph.compile({ checkpointer }), says("go"), config));
    expect(events.find((event) => event.type === "orchestration.event_refused")).toMatchObject({
      event: "DONE.checking.law.reading",
      why: 'phase "checking.law.reading" had been left before its agent answered',
    });
    expect(events.at(-1)).toMatchObject({ type: "orchestration.waiting", phases: ["paused"] });
  });

  it("an error of the run is its last event, never thrown", async () => {
    const graph = sequential({ name: "line", agents: [scriptedAgent("a", [new TypeError("broken")])] }).compile();
    const end = (await all(watch(graph, says("go")))).at(-1);
    expect(end).toMatchObject({ type: "orchestration.failed", error: { name: "TypeError", message: 'broken [agent "a", phase "a"]' } });
  });

  it("something thrown that is no error is told as one", async () => {
    const graph = sequential({
      name: "line",
      agents: [
        agent({
          id: "a",
          run: () => {
            // eslint-disable-next-line typescript/only-throw-error -- agents are anybody's code
            throw "just words";
          },
        }),
      ],
    }).compile();
    const end = (await all(watch(graph, says("go")))).at(-1);
    expect(end?.type === "orchestration.failed" && end.error).toBeInstanceOf(Error);
  });

  it("who leaves stops the run, and the run says that it was stopped", async () => {
    const { checkpointer, config } = thread();
    let later = 0;
    let stopped: Promise<string> | undefined;
    const slow = agent({
      id: "slow",
      run: ({ config: { signal } }) =>
        (stopped = new Promise((resolve) => signal?.addEventListener("abort", () => resolve(""), { once: true }))),
    });
    const graph = sequential({ name: "line", agents: [slow, agent({ id: "late", run: () => String((later += 1)) })] }).compile({
      checkpointer,
    });
    const watched = watch(graph, says("go"), config);
    for await (const event of watched) if (event.type === "phase.entered") break;
    expect(await watched.ended).toMatchObject({ type: "orchestration.failed", error: { name: "AbortError" } });
    await stopped;
    expect(later).toBe(0);
  });

  it("is one run, however often it is iterated", async () => {
    const only = scriptedAgent("only", ["once"]);
    const watched = watch(sequential({ name: "line", agents: [only] }).compile(), says("go"));
    expect((await all(watched)).length).toBeGreaterThan(0);
    expect(await all(watched)).toEqual([]);
    only.assertDone();
  });

  it("every run ends in exactly one terminal event, whatever its agents do", async () => {
    const choices = fc.array(fc.nat({ max: 5 }), { minLength: 30, maxLength: 30 });
    const subjects = fc.constantFrom(mesh, talking, panel, everything);
    await fc.assert(
      fc.asyncProperty(subjects, choices, async (subject, picks) => {
        let turn = 0;
        const wild = scripted(subject as typeof mesh, (at) => {
          const pick = picks[turn++ % picks.length] ?? 0;
          const legal = at.legal();
          if (pick === 0) interrupt("?");
          if (pick === 1) throw new Error("broken");
          const type = legal[pick % Math.max(legal.length, 1)];
          return pick === 2 || type === undefined ? "words" : { next: { kind: "event", event: { type, feedback: "", amount: pick * 60 } } };
        });
        const graph = wild.compile({ checkpointer: new MemorySaver() });
        const types = (await all(watch(graph, says("go"), { configurable: { thread_id: "1" } }))).map((event) => event.type);
        expect(types[0]).toBe("orchestration.started");
        expect(types.filter((type) => TERMINAL.test(type))).toEqual([types.at(-1)]);
        const entered = types.filter((type) => type === "phase.entered").length;
        expect(types.filter((type) => type === "phase.completed").length).toBeLessThanOrEqual(entered);
      }),
      { numRuns: runs(12, 60) },
    );
  });
});

describe("tokens", () => {
  const speaker = (id: string) => agent({ id, model: scriptedModel([`${id} says this`]) });
  const told = async (pattern: { compile(options: object): unknown }, checkpointer?: MemorySaver) => {
    const graph = pattern.compile({ checkpointer }) as Parameters<typeof watch>[0];
    const events = await all(watch(graph, says("hi"), thread().config));
    const tokens = events.flatMap((event) => (event.type === "token" ? [event] : []));
    const whole = new Map<string, string>();
    for (const { within, phase, agent: id, task, text } of tokens) {
      const key = `${[...within, phase].join("/")} by ${id}${task === undefined ? "" : ` at ${task}`}`;
      whole.set(key, `${whole.get(key) ?? ""}${text}`);
    }
    return { events, tokens, whole: Object.fromEntries(whole) };
  };

  it.each([
    ["stored", new MemorySaver()],
    ["not stored", undefined],
  ])("come from any depth, workers included, %s", async (_kind, saver) => {
    const deep = sequential({ name: "b", agents: [sequential({ name: "c", agents: [speaker("x")] }), speaker("y")] });
    const fan = mapReduce({
      name: "fan",
      items: () => ["1", "2"],
      mapper: agent({ id: "w", model: scriptedModel(["one", "two"]) }),
      reducer: speaker("r"),
      concurrency: 1,
    });
    const inner = sequential({ name: "inner", agents: [speaker("z")] });
    const nested = mapReduce({ name: "nested", items: () => ["1"], mapper: inner, reducer: speaker("s") });
    const { whole } = await told(sequential({ name: "a", agents: [deep, fan, nested, speaker("t")] }), saver);
    expect(whole).toMatchObject({
      "b/c/x by x": "x says this",
      "b/y by y": "y says this",
      "fan/map/w by w at 0": "one",
      "fan/map/w by w at 1": "two",
      "fan/r by r": "r says this",
      "nested/s by s": "s says this",
      "t by t": "t says this",
    });
    expect(Object.entries(whole).find(([key]) => key.endsWith("z by z at 0"))).toEqual([
      expect.stringMatching(/^nested\/map\/(.*\/)?z by z at 0$/),
      "z says this",
    ]);
  });

  it("are pieces of the message that is added, and come before it", async () => {
    const { events, tokens } = await told(sequential({ name: "a", agents: [speaker("x")] }), new MemorySaver());
    const added = events.find((event) => event.type === "message.added");
    expect(tokens.length).toBeGreaterThan(1);
    expect(added).toMatchObject({ message: { id: tokens[0]?.id, content: tokens.map(({ text }) => text).join("") } });
    expect(events.indexOf(tokens.at(-1)!)).toBeLessThan(events.indexOf(added!));
  });

  it("of a graph as an agent stand at its phase", async () => {
    const graph = createAgent({ model: new FakeListChatModel({ responses: ["as a graph"] }), tools: [] });
    const { whole } = await told(sequential({ name: "a", agents: [agent({ id: "g", graph })] }), new MemorySaver());
    expect(whole).toEqual({ "g by g": "as a graph" });
  });
});
