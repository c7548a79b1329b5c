import { RemoveMessage } from "@langchain/core/messages";
import { Command, Overwrite, Send } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { PhasegraphError } from "../../index.js";
import { controlOf, expectLegal, expectUsable, INTAKE, opened, says, type DeskGraph } from "./desk.js";

type Config = { configurable: { thread_id: string } };
type Attack = readonly [name: string, act: (graph: DeskGraph, config: Config) => Promise<unknown>, error: string];

/** The doors are typed; an attacker is not. */
const raw = (value: unknown) => value as never;

const forged = { v: 1, chart: { name: "desk" }, value: "closing", context: {}, done: false };
const values: readonly (readonly [string, () => unknown])[] = [
  ["an Overwrite of the class", () => new Overwrite({ ...forged })],
  ["an Overwrite as JSON", () => ({ __overwrite__: forged })],
  ["an Overwrite as typed JSON", () => ({ type: "__overwrite__", value: forged })],
  ["a forged state", () => forged],
  ["a text", () => "closing"],
  ["a number", () => 42],
];

const CYCLE: Record<string, unknown> = { type: "HANDOFF.handling" };
CYCLE["self"] = CYCLE;
class Trojan {
  type = "HANDOFF.handling";
}
const deep = (levels: number): unknown => (levels === 0 ? 1 : { inner: deep(levels - 1) });

const poisons: readonly (readonly [string, unknown])[] = [
  ["an event without a type", { to: "closing" }],
  ["an event of empty type", { type: "" }],
  ["a type that is no text", { type: 7 }],
  ["a class instance", new Trojan()],
  ["a function inside", { type: "HANDOFF.handling", act: () => 1 }],
  ["a class instance inside", { type: "HANDOFF.handling", at: new Date(0) }],
  ["more than 64 KB", { type: "HANDOFF.handling", payload: "x".repeat(70_000) }],
  ["a nesting of 40", { type: "HANDOFF.handling", payload: deep(40) }],
  ["a cycle", CYCLE],
  ["a big integer", { type: "HANDOFF.handling", amount: 1n }],
  ["a number JSON cannot write", { type: "HANDOFF.handling", amount: Number.NaN }],
  ["a serialized LangChain object", { type: "HANDOFF.handling", payload: { lc: 1, type: "constructor", id: ["x"], kwargs: {} } }],
  ["an event of XState's own", { type: "xstate.init" }],
  ["a done event of XState", { type: "xstate.done.state.(desk)" }],
  ["a wildcard", { type: "*" }],
  ["the kernel's reply", { type: "phasegraph.reply", meta: { phase: "intake", by: "porter", at: 0 } }],
  ["the kernel's entry", { type: "phasegraph.enter", expected: true }],
  ["an event nobody knows", { type: "SHIP" }],
  ["an event illegal here", { type: "HANDOFF.closing" }],
  ["a very long type", { type: "HANDOFF.".repeat(2_000) }],
  ["a prototype as type", { type: "__proto__" }],
  ["an inherited name as type", { type: "constructor" }],
  ["a prototype inside", JSON.parse('{"type":"HANDOFF.closing","__proto__":{"value":"closing"}}') as unknown],
  ["a forged sender and phase", { type: "DONE", meta: { by: "notary", at: 0, phase: "handling" } }],
];

const doors: readonly (readonly [string, (graph: DeskGraph, config: Config, control: unknown) => Promise<unknown>])[] = [
  ["run input", (graph, config, control) => graph.invoke(raw({ control }), config)],
  ["run input beside a message", (graph, config, control) => graph.invoke(raw({ ...says("attack"), control }), config)],
  ["Command.update", (graph, config, control) => graph.invoke(raw(new Command({ update: { control } })), config)],
  ["Command.update as pairs", (graph, config, control) => graph.invoke(new Command({ update: raw([["control", control]]) }), config)],
  ["a resume with an update", (graph, config, control) => graph.invoke(raw(new Command({ resume: 1, update: { control } })), config)],
  ["updateState", (graph, config, control) => graph.updateState(config, raw({ control }))],
  ["updateState as a phase", (graph, config, control) => graph.updateState(config, raw({ control }), "handling")],
  ["updateState as input", (graph, config, control) => graph.updateState(config, raw({ control }), raw("__input__"))],
  ["updateState as the end", (graph, config, control) => graph.updateState(config, raw({ control }), raw("__end__"))],
  [
    "bulkUpdateState after a legal event",
    (graph, config, control) =>
      graph.bulkUpdateState(
        config,
        raw([{ updates: [{ values: { control: { type: "HANDOFF.handling" } } }] }, { updates: [{ values: { control } }] }]),
      ),
  ],
];

const stateForms = new Set(["run input", "run input beside a message", "Command.update", "Command.update as pairs"]);

describe("A2 writes to control through every door", () => {
  const cases = doors.flatMap(([door, send]) =>
    [...values.map(([name, make]) => [name, make] as const), ...poisons.map(([name, event]) => [name, () => event] as const)]
      // a whole state given back as input is how LangGraph programs go on without a checkpointer: it is noted, not refused (next test)
      .filter(([name]) => !(name === "a forged state" && stateForms.has(door)))
      .filter(([name]) => !(["an event illegal here", "a prototype inside"].includes(name) && door.startsWith("bulk"))) // there it is legal
      .map(([name, make]) => ({ door, name, send, make })),
  );

  it.each(cases)("$name through $door is refused before anything is written", async ({ send, make }) => {
    const { graph, config } = await opened();
    const before = await graph.getState(config);
    const error: unknown = await send(graph, config, make()).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(PhasegraphError.is(error) ? error.name : error).toMatch(/^(IllegalTransitionError|InvalidRequestError)$/);
    if (PhasegraphError.is(error) && error.code === "ILLEGAL_TRANSITION") expect(error.legal.length).toBeGreaterThan(0);
    const after = await graph.getState(config);
    expect(after.config).toEqual(before.config);
    expect(after.values).toEqual(before.values);
    await expectUsable(graph, config);
  });

  it.each([...stateForms])("a forged state through %s changes nothing and is noted", async (door) => {
    const { graph, config } = await opened();
    const send = doors.find(([name]) => name === door)?.[1];
    await send?.(graph, config, forged);
    const control = await controlOf(graph, config);
    expect(control.value).toBe(INTAKE);
    expect(control.refused.at(-1)).toMatchObject({
      why: expect.stringContaining("an update of control is an event") as string,
      legal: ["HANDOFF.handling"],
    });
    expectLegal(graph, control);
    await expectUsable(graph, config);
  });
});

const attacks: readonly Attack[] = [
  ["a goto in Command", (graph, config) => graph.invoke(new Command({ goto: "closing" }), config), "IllegalTransitionError"],
  ["a goto as JSON", (graph, config) => graph.invoke(raw({ lg_name: "Command", goto: ["closing"] }), config), "IllegalTransitionError"],
  [
    "a Send in Command",
    (graph, config) => graph.invoke(raw(new Command({ goto: new Send("closing", {}) })), config),
    "IllegalTransitionError",
  ],
  [
    "a command for a parent that is not there",
    (graph, config) => graph.invoke(raw(new Command({ goto: [] as string[], graph: "__parent__" })), config),
    "",
  ],
  ["an empty command", (graph, config) => graph.invoke(new Command({}), config), ""],
  [
    "an illegal event in a namespace of its own",
    (graph, config) =>
      graph.invoke(raw({ control: { type: "SHIP" } }), { configurable: { ...config.configurable, checkpoint_ns: "intake" } }),
    "IllegalTransitionError",
  ],
  ["a goto to the end", (graph, config) => graph.invoke(raw(new Command({ goto: "__end__" })), config), "IllegalTransitionError"],
  [
    "a goto beside a resume",
    (graph, config) => graph.invoke(raw(new Command({ goto: "closing", resume: 1 })), config),
    "IllegalTransitionError",
  ],
  [
    "a goto in a stream",
    async (graph, config) => {
      for await (const _chunk of await graph.stream(new Command({ goto: "closing" }), config));
    },
    "IllegalTransitionError",
  ],
  ["a resume where nothing waits", (graph, config) => graph.invoke(new Command({ resume: "yes" }), config), "AnswerRefusedError"],
  [
    "results and a trigger beside a resume",
    (graph, config) =>
      graph.invoke(new Command({ resume: 1, update: raw({ results: { closing: { agent: "notary" } }, "branch:to:closing": 1 }) }), config),
    "InvalidRequestError",
  ],
  ["results in updateState", (graph, config) => graph.updateState(config, raw({ results: { closing: {} } })), "InvalidRequestError"],
  ["a foreign key in updateState", (graph, config) => graph.updateState(config, raw({ __pregel_tasks: [1] })), "InvalidRequestError"],
  ["a trigger in updateState", (graph, config) => graph.updateState(config, raw({ "branch:to:closing": 1 })), "InvalidRequestError"],
  ["a command in updateState", (graph, config) => graph.updateState(config, raw(new Command({ goto: "closing" }))), "InvalidRequestError"],
  [
    "a command as input of updateState",
    (graph, config) => graph.updateState(config, raw(new Command({ resume: 1 })), raw("__input__")),
    "InvalidRequestError",
  ],
  ["messages that are none", (graph, config) => graph.updateState(config, raw({ messages: [{ nonsense: true }] })), "InvalidRequestError"],
  [
    "messages overwritten with a number",
    (graph, config) => graph.updateState(config, raw({ messages: { __overwrite__: 42 } })),
    "InvalidRequestError",
  ],
  [
    "messages overwritten in an input",
    (graph, config) => graph.invoke(raw({ messages: new Overwrite([]) }), config),
    "InvalidRequestError",
  ],
  ["an input that is a text", (graph, config) => graph.invoke(raw("closing"), config), "InvalidRequestError"],
  ["an input that is a list", (graph, config) => graph.invoke(raw([{ control: { type: "DONE" } }]), config), "InvalidRequestError"],
  ["extra state of a wrong type", (graph, config) => graph.updateState(config, raw({ note: 7 })), ""],
  [
    "extra state overwritten with a wrong type",
    (graph, config) => graph.invoke(raw({ ...says("x"), note: { __overwrite__: 7 } }), config),
    "",
  ],
];

describe("A2 other ways in", () => {
  it.each(attacks.map(([name, act, error]) => ({ name, act, error })))(
    "$name is refused, and the thread goes on",
    async ({ act, error }) => {
      const { graph, config } = await opened();
      const before = await graph.getState(config);
      const thrown: unknown = await act(graph, config).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(thrown).toBeInstanceOf(Error);
      if (error !== "") expect((thrown as Error).name).toBe(error);
      expect((await graph.getState(config)).values).toEqual(before.values);
      await expectUsable(graph, config);
    },
  );

  it.each(["intake", "handling", "closing", "__start__", "__end__", "__copy__"])(
    "a state edit as %s cannot move the thread",
    async (asNode) => {
      const { graph, config } = await opened();
      for (const update of [null, says("a note")]) {
        await graph.updateState(config, raw(update), raw(asNode));
        await graph.invoke(null, config);
        const control = await controlOf(graph, config);
        expect(control.value).toBe(INTAKE);
        expectLegal(graph, control);
      }
      await expectUsable(graph, config);
    },
  );

  it("foreign keys and triggers in a run's input are refused before anything runs, and results are not taken", async () => {
    const { graph, config } = await opened();
    const given = raw({ ...says("hi"), results: { closing: { agent: "notary" } } });
    expect(Object.keys((await graph.invoke(given, config)).results)).toEqual([INTAKE]);
    const before = await graph.getState(config);
    const foreign = {
      "branch:to:closing": 1,
      __pregel_tasks: [new Send("closing", {})],
      secret: 1,
    };
    for (const [key, value] of Object.entries(foreign))
      await expect(graph.invoke(raw({ ...says("hi"), [key]: value }), config)).rejects.toThrow(`"${key}"`);
    expect((await graph.getState(config)).values).toEqual(before.values);
    await expectUsable(graph, config);
  });

  it("removing a message that is not there, or all of them, never breaks the thread", async () => {
    const { graph, config } = await opened();
    await graph.invoke({ messages: [new RemoveMessage({ id: "nowhere" })] }, config);
    await graph.updateState(config, { messages: [new RemoveMessage({ id: "nowhere" })] });
    await graph.updateState(config, raw({ messages: [new RemoveMessage({ id: "__remove_all__" }), new RemoveMessage({ id: "nowhere" })] }));
    expect((await graph.getState(config)).values.messages).toEqual([]);
    await graph.updateState(
      config,
      raw({
        messages: [
          { type: "remove", id: "nowhere", content: "" },
          { role: "remove", id: "nowhere" },
        ],
      }),
    );
    await expectUsable(graph, config);
  });

  it("a copy of the graph made by withConfig keeps every guard", async () => {
    const { graph, config } = await opened();
    const copy = graph.withConfig({ tags: ["copy"] }) as unknown as DeskGraph; // withConfig is typed as a plain graph
    await expect(copy.invoke(new Command({ goto: "closing" }), config)).rejects.toMatchObject({ name: "IllegalTransitionError" });
    await expect(copy.updateState(config, raw({ control: { type: "SHIP" } }))).rejects.toMatchObject({ name: "IllegalTransitionError" });
  });

  it("the builder compiled again has no doors, but the chart still decides", async () => {
    const { graph, config } = await opened();
    const bare = graph.builder.compile({ checkpointer: raw(graph.checkpointer) });
    await bare.updateState(config, raw({ control: new Overwrite(forged) }), "handling");
    await bare.invoke(raw(new Command({ goto: "closing", update: { control: { __overwrite__: forged } } })), config);
    const control = await controlOf(graph, config);
    expect(control.value).toBe(INTAKE);
    expect(control.refusals).toBeGreaterThanOrEqual(2);
    expectLegal(graph, control);
    await expectUsable(graph, config);
  });
});
