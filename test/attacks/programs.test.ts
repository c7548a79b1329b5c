import { Command, MemorySaver, Overwrite } from "@langchain/langgraph";
import fc from "fast-check";
import { createMachine } from "xstate";
import { describe, expect, it } from "vitest";
import { agent, defineOrchestration, handoff, parallel, type Control } from "../../index.js";
import { advance } from "../../src/statechart/advance.js";
import { initialControl } from "../../src/statechart/control.js";
import { desk, expectLegal, says, type DeskGraph } from "./desk.js";
import { runs } from "../runs.js";

const raw = (value: unknown) => value as never;
const saver = () => new MemorySaver();

const word = fc.constantFrom("hello", "go handling", "go closing", "go intake", "attack");
const eventType = fc.oneof(
  fc.constantFrom(
    "HANDOFF.handling",
    "HANDOFF.closing",
    "HANDOFF.intake",
    "INPUT",
    "DONE",
    "SHIP",
    "phasegraph.reply",
    "*",
    "__proto__",
    "xstate.init",
  ),
  fc.string(),
);
const event = fc.oneof(
  fc.record({ type: eventType }),
  fc.record({ type: eventType, payload: fc.jsonValue(), meta: fc.jsonValue() }),
  fc.constantFrom(new Overwrite({ value: "closing" }), { __overwrite__: 1 }, { type: "__overwrite__", value: "closing" }, "closing", 7),
);
const asNode = fc.constantFrom(undefined, "intake", "closing", "__start__", "__end__", "__input__", "__copy__", "nobody");

type Step =
  | { kind: "say"; word: string; at: number }
  | { kind: "send"; event: unknown; at: number }
  | { kind: "edit"; event: unknown; asNode: string | undefined; at: number }
  | { kind: "goto"; to: string }
  | { kind: "go on"; resume: boolean }
  | { kind: "reload" };

/** `at` picks a checkpoint to fork from; the negative ones mean the newest. */
const at = fc.integer({ min: -6, max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("say" as const), word, at }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("send" as const), event, at }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("edit" as const), event, asNode, at }) },
  fc.record({ kind: fc.constant("goto" as const), to: fc.constantFrom("closing", "nobody") }),
  fc.record({ kind: fc.constant("go on" as const), resume: fc.boolean() }),
  fc.record({ kind: fc.constant("reload" as const) }),
);

const thread = { configurable: { thread_id: "thread" } };

async function take(graph: DeskGraph, one: Exclude<Step, { kind: "reload" }>): Promise<unknown> {
  const place = async (index: number) => {
    if (index < 0) return thread;
    const known: { config: object }[] = [];
    for await (const snapshot of graph.getStateHistory(thread, { limit: 6 })) known.push(snapshot);
    return (known[index % Math.max(known.length, 1)]?.config ?? thread) as typeof thread;
  };
  switch (one.kind) {
    case "say":
      return graph.invoke(says(one.word), await place(one.at));
    case "send":
      return graph.invoke(raw({ control: one.event }), await place(one.at));
    case "edit":
      return graph.updateState(await place(one.at), raw({ control: one.event }), raw(one.asNode));
    case "goto":
      return graph.invoke(raw(new Command({ goto: one.to, update: { control: { __overwrite__: one.to } } })), thread);
    case "go on":
      return graph.invoke(one.resume ? new Command({ resume: "yes" }) : null, thread);
  }
}

const typed = /^(AnswerRefusedError|IllegalTransitionError|InvalidRequestError|EmptyInputError|InvalidUpdateError)$/;

describe("A2 random programs", () => {
  it("whatever is written, edited, forked, resumed or reloaded: every checkpoint is one the chart comes to by its own events", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (program) => {
        const checkpointer = saver();
        const build = () => desk(() => handoff("closing")).compile({ checkpointer });
        let graph = build();
        for (const one of program) {
          if (one.kind === "reload") graph = build();
          else
            await take(graph, one).catch((error: unknown) => {
              expect((error as Error).name).toMatch(typed);
            });
          const control = (await graph.getState(thread)).values.control as Control | undefined; // nothing was written yet
          if (control !== undefined) expectLegal(graph, control);
        }
        for await (const snapshot of graph.getStateHistory(thread)) {
          const { control } = snapshot.values as { control?: Control };
          if (control !== undefined) expectLegal(graph, control);
        }
        const state = await graph.invoke(says("still there?"), thread);
        expect(state.messages.at(-1)?.text).toMatch(/heard: still there\?$/);
      }),
      { numRuns: runs(12, 60) },
    );
  });

  it("each fork keeps its own phase, and the branch it left keeps the other", async () => {
    const graph = desk().compile({ checkpointer: saver() });
    await graph.invoke(says("hello"), thread);
    const early = await graph.getState(thread);
    await graph.invoke(says("go handling"), thread);
    const late = await graph.getState(thread);
    const edited = await graph.updateState(early.config, says("a note"));
    const spoken = await graph.invoke(says("hi again"), early.config);
    expect(spoken.control.value).toBe("intake");
    const moved = await graph.invoke(says("go intake"), late.config);
    expect(moved.control.trail.map((entry) => entry.event).filter((name) => name !== "INPUT")).toEqual([
      "HANDOFF.handling",
      "HANDOFF.intake",
    ]);
    expect((await graph.getState(edited)).values.control).toMatchObject({ value: "intake", turn: 1 });
    expect((await graph.getState(late.config)).values.control).toMatchObject({ value: "handling", turn: 2 });
    expect(spoken.messages.map((message) => message.text)).toEqual(["hello", "intake heard: hello", "hi again", "intake heard: hi again"]);
  });
});

const wild = defineOrchestration({
  name: "wild",
  machine: createMachine({
    context: { seen: null as unknown },
    initial: "open",
    states: { open: { on: { "*": "shut" } }, shut: { on: { "GO.*": "open", DONE: "over" } }, over: { type: "final" } },
  }),
  agents: { open: agent({ id: "one", run: () => "1" }), shut: agent({ id: "two", run: () => "2" }) },
}).chart;
const charts = [
  wild,
  desk().chart,
  parallel({ name: "two", branches: [agent({ id: "a", run: () => "" }), agent({ id: "b", run: () => "" })] }).chart,
];

const anyUpdate = fc.oneof(
  event,
  fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
  }),
  fc.record({
    type: fc.oneof(
      fc.constantFrom("DONE", "DONE.a", "DONE.b", "GO.on", "constructor", "toString", "HANDOFF.handling", "INPUT"),
      fc.string(),
    ),
    reason: fc.string({ maxLength: 3_000 }),
    meta: fc.record({ by: fc.string(), at: fc.integer(), phase: fc.constantFrom("a", "b", "open", "intake", "nowhere") }),
  }),
);

describe("A1 the reducer", () => {
  it("never throws, never leaves the chart, stays bounded and plain, and gives the same answer twice", () => {
    fc.assert(
      fc.property(fc.constantFrom(...charts), fc.array(anyUpdate, { maxLength: 20 }), (chart, updates) => {
        let control = initialControl(chart);
        for (const update of updates) {
          const next = advance(chart, control, update);
          expect(advance(chart, control, update)).toEqual(next);
          expect(JSON.parse(JSON.stringify(next))).toEqual(next);
          if (next.refusals > control.refusals)
            expect([next.value, next.context, next.trail]).toEqual([control.value, control.context, control.trail]);
          control = next;
        }
        expectLegal({ chart }, control);
        expect(control.refused.length).toBeLessThanOrEqual(10);
        for (const entry of control.trail) expect(JSON.stringify(entry).length).toBeLessThan(8_000);
      }),
      { numRuns: runs(60, 300) },
    );
  });
});
