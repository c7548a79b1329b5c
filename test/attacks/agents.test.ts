import { AIMessage, HumanMessage, RemoveMessage } from "@langchain/core/messages";
import { fakeModel } from "@langchain/core/testing";
import { tool } from "@langchain/core/tools";
import {
  Annotation,
  Command,
  END,
  MemorySaver,
  MessagesAnnotation,
  Overwrite,
  ParentCommand,
  Send,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { assign, createMachine } from "xstate";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  agent,
  conversationLog,
  defineOrchestration,
  handoff,
  human,
  parallel,
  reply,
  send,
  sequential,
  swarm,
  type Control,
} from "../../index.js";
import { controlOf, expectLegal, expectUsable, INTAKE, opened, says, type Script } from "./desk.js";

const raw = (value: unknown) => value as never;
const overwrite = { v: 1, value: "closing" };

/** What an agent gives back, and the error that says why it was not accepted. */
const returns: readonly (readonly [string, Script, string])[] = [
  ["an Overwrite of the class", () => raw(new Overwrite(overwrite)), "InvalidRequestError"],
  ["a control value", () => raw({ control: { __overwrite__: overwrite } }), "InvalidRequestError"],
  ["an update of control", () => reply("x", { update: raw({ control: new Overwrite(overwrite) }) }), "InvalidRequestError"],
  ["an update of results", () => reply("x", { update: raw({ results: { closing: {} } }) }), "InvalidRequestError"],
  ["an update of a trigger", () => reply("x", { update: raw({ "branch:to:closing": 1 }) }), "InvalidRequestError"],
  ["a Command with an Overwrite", () => new Command({ update: { control: new Overwrite(overwrite) } }), "InvalidRequestError"],
  ["a Command with an Overwrite as JSON", () => new Command({ update: { control: { __overwrite__: overwrite } } }), "InvalidRequestError"],
  [
    "a Command with an Overwrite as typed JSON",
    () => new Command({ update: { control: { type: "__overwrite__", value: overwrite } } }),
    "IllegalTransitionError",
  ],
  ["a goto past the chart", () => new Command({ goto: "closing" }), "IllegalTransitionError"],
  ["a goto to a node that is not there", () => new Command({ goto: "nowhere" }), "IllegalTransitionError"],
  ["a goto to several nodes", () => new Command({ goto: ["handling", "closing"] }), "InvalidRequestError"],
  ["a Send", () => new Command({ goto: new Send("closing", {}) }), "InvalidRequestError"],
  ["a goto for the parent", () => new Command({ graph: Command.PARENT, goto: "closing" }), "IllegalTransitionError"],
  [
    "a thrown jump to the parent",
    () => {
      throw new ParentCommand(new Command({ graph: Command.PARENT, goto: "closing" }));
    },
    "IllegalTransitionError",
  ],
  ["an illegal handoff", () => handoff("closing"), "IllegalTransitionError"],
  ["an event of the kernel", () => send({ type: "phasegraph.enter", expected: true }), "IllegalTransitionError"],
  [
    "a reply of the kernel that forges its phase",
    () => send({ type: "SHIP", meta: { phase: "handling", by: "clerk", at: 0 } }),
    "IllegalTransitionError",
  ],
  ["an input of its own", () => send("INPUT"), "IllegalTransitionError"],
  ["a reply by its inner name", () => send("phasegraph.reply"), "IllegalTransitionError"],
  ["an event of XState", () => send("xstate.done.state.(desk)"), "IllegalTransitionError"],
  ["a prototype", () => send("__proto__"), "IllegalTransitionError"],
  ["a huge event", () => handoff("handling", { payload: "x".repeat(70_000) }), "IllegalTransitionError"],
  ["a function in an event", () => handoff("handling", { payload: () => 1 }), "IllegalTransitionError"],
  ["a class instance as data", () => reply("x", { data: new Date(0) }), "InvalidRequestError"],
  ["a message that is none", () => reply("x", { messages: raw([{ nonsense: true }]) }), "InvalidRequestError"],
  ["messages that are no list", () => reply("x", { messages: raw(42) }), "InvalidDefinitionError"],
  ["a next step that is none", () => raw({ next: { kind: "fly" } }), "IllegalTransitionError"],
  [
    "a thrown null",
    () => {
      throw null; // oxlint-disable-line no-throw-literal -- what a careless library does
    },
    "Error",
  ],
  [
    "a changed control",
    (turn) => {
      (turn.control as { value: unknown }).value = "closing";
      return reply("x");
    },
    "TypeError",
  ],
  [
    "a changed context",
    (turn) => {
      (turn.control.context as { returns: unknown }).returns = -100;
      return reply("x");
    },
    "TypeError",
  ],
];

describe("A2 what an agent returns", () => {
  it.each(returns.map(([name, attack, error]) => ({ name, attack, error })))(
    "$name is refused and leaves nothing behind",
    async ({ attack, error }) => {
      const { graph, config } = await opened(attack);
      await expect(graph.invoke(says("attack"), config)).rejects.toMatchObject({ name: error });
      const control = await controlOf(graph, config);
      expect(control.value).toBe(INTAKE);
      expect(Object.keys((await graph.getState(config)).values.results)).toEqual([INTAKE]);
      expectLegal(graph, control);
      await expectUsable(graph, config);
    },
  );

  it("a plain message and the removal of one that is not there are taken as LangGraph takes them", async () => {
    const messages = raw([{ role: "assistant", content: "plain" }, new RemoveMessage({ id: "nowhere" })]);
    const { graph, config } = await opened(() => reply("x", { messages }));
    const state = await graph.invoke(says("attack"), config);
    expect(state.messages.slice(-2).map((message) => message.text)).toEqual(["plain", "x"]);
    await expectUsable(graph, config);
  });

  it("writing to the channels behind the node's back comes to events and nothing else", async () => {
    const { graph, config } = await opened((turn) => {
      const write = turn.config.configurable?.["__pregel_send"] as (writes: [string, unknown][]) => void;
      write([
        ["control", new Overwrite(overwrite)],
        ["control", { __overwrite__: overwrite }],
        ["control", new Proxy({ type: "SHIP" }, {})],
        ["control", { type: "phasegraph.enter", expected: true, meta: { by: "closing", at: 0, phase: "closing" } }],
        ["messages", [{ nonsense: true }, 42]],
        ["branch:to:closing", "intake"],
        ["branch:to:handling", "intake"],
      ]);
      return reply("innocent");
    });
    const state = await graph.invoke(says("attack"), config);
    expect(state.control.value).toBe(INTAKE);
    expect(state.control.refusals).toBeGreaterThanOrEqual(3);
    expect(Object.keys(state.results)).toEqual([INTAKE]);
    expect(state.messages.map((message) => message.text)).not.toContain("42");
    expectLegal(graph, state.control);
    await expectUsable(graph, config);
  });

  it("a state that a stream or a result hands out cannot be used to change the thread", async () => {
    const { graph, config } = await opened();
    for await (const chunk of await graph.stream(says("hi"), { ...config, streamMode: "values" })) {
      const { control } = chunk as unknown as { control: { value: unknown } };
      expect(() => (control.value = "closing")).toThrow(TypeError);
    }
    expect((await controlOf(graph, config)).value).toBe(INTAKE);
    await expectUsable(graph, config);
  });

  it("an object that an agent hands over stays the agent's own, and its later changes do not reach the thread", async () => {
    const shared = { stock: 1 };
    const pair = swarm({
      name: "pair",
      agents: [
        agent({ id: "giver", run: (turn) => (turn.handoffs().length > 0 ? handoff("taker", { payload: shared }) : reply("done")) }),
        agent({
          id: "taker",
          run: (turn) => {
            shared.stock = 99;
            return reply(JSON.stringify(turn.handover?.payload));
          },
        }),
      ],
    }).compile({ checkpointer: new MemorySaver() });
    const state = await pair.invoke(says("x"), { configurable: { thread_id: "1" } });
    expect(state.messages.at(-1)?.text).toBe('{"stock":1}');
  });
});

describe("A2 what a tool returns", () => {
  const toolDesk = (result: () => unknown) => {
    const model = fakeModel()
      .respondWithTools([{ name: "act", args: {}, id: "call-1" }])
      .respond(new AIMessage("Said after the tool."))
      .respond(new AIMessage("Said later."));
    const act = tool(result, { name: "act", description: "acts", schema: z.object({}) });
    return swarm({
      name: "tools-desk",
      agents: [
        agent({ id: "front", model, tools: [act] }),
        agent({ id: "vault", run: () => "never" }),
        agent({ id: "back", run: () => "back" }),
      ],
      handoffs: { front: ["back"], back: ["front"] },
    }).compile({ checkpointer: new MemorySaver() });
  };

  it.each([
    ["a Command with an Overwrite", () => new Command({ update: { control: new Overwrite({ value: "vault" }) } })],
    ["a Command with an Overwrite as JSON", () => new Command({ update: { control: { __overwrite__: { value: "vault" } } } })],
    ["a Send", () => new Command({ goto: [new Send("vault", {})] })],
    ["several targets", () => new Command({ goto: ["vault", "back"] })],
  ])("%s is an error the model reads", async (_name, result) => {
    const graph = toolDesk(result);
    const state = await graph.invoke(says("x"), { configurable: { thread_id: "1" } });
    expect(state.messages.find((message) => message.getType() === "tool")?.text).toMatch(/^Error: /);
    expect(state.control).toMatchObject({ value: "front", waiting: ["front"], refusals: 0 });
    expectLegal(graph, state.control);
  });

  it.each([
    ["a goto past the chart", () => new Command({ goto: "vault" }), "IllegalTransitionError"],
    ["a goto for the parent", () => new Command({ graph: Command.PARENT, goto: "vault" }), "IllegalTransitionError"],
    ["an event the chart does not know", () => new Command({ update: { control: { type: "OPEN" } } }), "IllegalTransitionError"],
    ["foreign state", () => new Command({ update: { results: {} } }), "InvalidRequestError"],
  ])("%s ends the run with a typed error, and the thread goes on", async (_name, result, error) => {
    const graph = toolDesk(result);
    const config = { configurable: { thread_id: "1" } };
    await expect(graph.invoke(says("x"), config)).rejects.toMatchObject({ name: error });
    expect((await controlOf(graph, config)).value).toBe("front");
    const state = await graph.invoke(says("y"), config);
    expect(state.messages.at(-1)?.text).toMatch(/^Said/);
    expectLegal(graph, state.control);
  });
});

describe("A2 what parallel phases do at once", () => {
  const both = (event: string, ids: readonly string[]) =>
    createMachine({
      initial: "work",
      states: {
        work: {
          type: "parallel",
          on: { [event]: "closing" },
          states: Object.fromEntries(ids.map((id) => [id, { initial: "busy", states: { busy: { id } } }])),
        },
        closing: { on: { DONE: "end" } },
        end: { type: "final" },
      },
    });

  it("two legal events of which the first makes the second void: one transition, one refusal, no work lost", async () => {
    const ids = ["left", "right"];
    const orchestration = defineOrchestration({
      name: "race",
      machine: both("STOP", ids),
      agents: raw(
        Object.fromEntries(
          [...ids, "closing"].map((id) => [id, agent({ id: `the-${id}`, run: () => (id === "closing" ? "closed" : send("STOP")) })]),
        ),
      ),
    });
    const graph = orchestration.compile({ checkpointer: new MemorySaver() });
    const state = await graph.invoke(says("x"), { configurable: { thread_id: "1" } });
    expect(state.control.trail.map((entry) => entry.event)).toEqual(["STOP", "DONE"]);
    expect(state.control.refused).toMatchObject([
      { event: "STOP", by: "the-right", why: 'phase "right" had been left before its agent answered' },
    ]);
    expect(state.control.done).toBe(true);
    expectLegal(graph, state.control);
  });

  const counting = (id: string, target: unknown, more: object = {}) => ({
    initial: "busy",
    states: { busy: { id, on: { [`DONE.${id}`]: raw(target) } }, over: { type: "final" as const }, ...more },
  });
  const second = (id: string) => ({ second: { id: `${id}-second`, on: { [`DONE.${id}-second`]: "over" } } });
  const plusOne = assign({ count: ({ context }: { context: { count: number } }) => context.count + 1 });
  const run = async (name: string, machine: unknown, ids: readonly string[], work: (id: string) => Script = (id) => () => id) => {
    const agents = Object.fromEntries(ids.map((id) => [id, agent({ id: `the-${id}`, run: work(id) })]));
    const graph = defineOrchestration({ name, machine: raw(machine), agents: raw(agents) }).compile({ checkpointer: new MemorySaver() });
    const state = await graph.invoke(says("x"), { configurable: { thread_id: "1" } });
    expectLegal(graph, state.control);
    return state as unknown as { control: Control };
  };

  it("a quorum that only the sum of two branches reaches starts what it leads to", async () => {
    const machine = createMachine({
      context: { count: 0 },
      initial: "vote",
      states: {
        vote: {
          type: "parallel",
          always: { guard: ({ context }) => context.count >= 2, target: "decided" },
          states: Object.fromEntries(["a", "b", "c"].map((id) => [id, counting(id, { target: "over", actions: plusOne })])),
        },
        decided: { on: { DONE: "end" } },
        end: { type: "final" },
      },
    });
    const { control } = await run("quorum", machine, ["a", "b", "c", "decided"]);
    expect(control.done).toBe(true);
    expect(control.trail.map((entry) => entry.to).at(-2)).toBe("decided");
  });

  it("a region that waits for a condition of its siblings starts when they meet it together", async () => {
    const machine = createMachine({
      context: { count: 0 },
      initial: "work",
      states: {
        work: {
          type: "parallel",
          onDone: "end",
          states: {
            a: counting("a", { target: "over", actions: plusOne }),
            b: counting("b", { target: "over", actions: plusOne }),
            watcher: {
              initial: "idle",
              states: {
                idle: {
                  tags: "waits",
                  always: { guard: ({ context }: { context: { count: number } }) => context.count >= 2, target: "acting" },
                },
                acting: { id: "acting", on: { "DONE.acting": "over" } },
                over: { type: "final" },
              },
            },
          },
        },
        end: { type: "final" },
      },
    });
    const { control } = await run("watcher", machine, ["a", "b", "acting"]);
    expect(control.done).toBe(true);
    expect(control.trail.map((entry) => entry.event)).toContain("DONE.acting");
  });

  it("a guard that a sibling's event turns: the branch runs where the chart then is", async () => {
    const first = { guard: ({ context }: { context: { count: number } }) => context.count < 1, target: "over", actions: plusOne };
    const machine = createMachine({
      context: { count: 0 },
      initial: "work",
      states: {
        work: {
          type: "parallel",
          onDone: "end",
          states: {
            a: counting("a", [first, { target: "second" }], second("a")),
            b: counting("b", [first, { target: "second" }], second("b")),
          },
        },
        end: { type: "final" },
      },
    });
    const { control } = await run("turned", machine, ["a", "b", "a-second", "b-second"]);
    expect(control.trail.map((entry) => entry.event)).toEqual(["DONE.a", "DONE.b", "DONE.b-second"]);
    expect(control.done).toBe(true);
  });

  it("a branch whose event a sibling made illegal is asked again", async () => {
    const only = { guard: ({ context }: { context: { count: number } }) => context.count < 1, target: "over", actions: plusOne };
    const region = (id: string) => counting(id, only, { busy: { id, on: { [`DONE.${id}`]: only, [`GIVE_UP.${id}`]: "over" } } });
    const machine = createMachine({
      context: { count: 0 },
      initial: "work",
      states: { work: { type: "parallel", onDone: "end", states: { a: region("a"), b: region("b") } }, end: { type: "final" } },
    });
    const work =
      (id: string): Script =>
      (turn) =>
        turn.can({ type: "DONE" }) ? reply(id) : send("GIVE_UP");
    const { control } = await run("again", machine, ["a", "b"], work);
    expect(control.trail.map((entry) => entry.event)).toEqual(["DONE.a", "GIVE_UP.b"]);
    expect(control.refused).toMatchObject([{ event: "DONE.b", by: "the-b" }]);
    expect(control.done).toBe(true);
  });

  it("branches that write the same key of the extra state: the last one wins, and the thread can be read", async () => {
    const branch = (id: string) => agent({ id, run: () => reply(id, { update: { note: id } }) });
    const graph = parallel({ name: "notes", state: { note: z.string().default("") }, branches: [branch("left"), branch("right")] }).compile(
      {
        checkpointer: new MemorySaver(),
      },
    );
    const config = { configurable: { thread_id: "1" } };
    expect((await graph.invoke(says("x"), config)).note).toBe("right");
    expect((await graph.invoke(says("y"), config)).note).toBe("right");
  });

  it("a new input beside a parked branch keeps what its siblings finished", async () => {
    let runs = 0;
    const quick = agent({
      id: "quick",
      run: () => {
        runs += 1;
        return "Sent.";
      },
    });
    const graph = parallel({ name: "mixed", branches: [quick, human({ id: "boss", question: "May we?" })] }).compile({
      checkpointer: new MemorySaver(),
    });
    const config = { configurable: { thread_id: "1" } };
    await graph.invoke(says("x"), config);
    await graph.invoke(says("y"), config);
    expect((await graph.getState(config)).next).toEqual(["boss"]);
    const state = await graph.invoke(new Command({ resume: "Yes." }), config);
    expect(state.messages.map((message) => message.text)).toEqual(["x", "Sent.", "y", "Yes."]);
    expect([state.control.done, runs]).toEqual([true, 1]);
  });
});

describe("A2 nesting", () => {
  it("a nested orchestration cannot write to the chart around it, nor that one to its", async () => {
    const inner = sequential({
      name: "inner",
      agents: [
        agent({ id: "spy", run: () => raw(new Command({ graph: Command.PARENT, goto: "vault", update: { control: { type: "DONE" } } })) }),
      ],
    });
    const graph = sequential({ name: "outer", agents: [inner, agent({ id: "vault", run: () => "opened" })] }).compile({
      checkpointer: new MemorySaver(),
    });
    const config = { configurable: { thread_id: "1" } };
    await expect(graph.invoke(says("x"), config)).rejects.toMatchObject({ name: "InvalidRequestError" });
    const control = await controlOf(graph, config);
    expect(control).toMatchObject({ value: "inner", seq: 0 });
    expectLegal(graph, control);
  });

  it("as a node of a graph that has keys of the same names, it takes their values for events and refuses them", async () => {
    const child = sequential({ name: "child", agents: [agent({ id: "worker", run: () => "done" })] }).compile();
    const schema = Annotation.Root({ ...MessagesAnnotation.spec, control: Annotation<unknown>(), results: Annotation<unknown>() });
    for (const control of [{ type: "SHIP" }, "somewhere", { __overwrite__: { value: "(end)" } }, { v: 1, chart: {}, value: "(end)" }]) {
      const graph = new StateGraph(schema).addNode("child", raw(child)).addEdge(START, "child").addEdge("child", END).compile();
      const state = (await graph.invoke({ messages: [new HumanMessage("x")], control, results: { worker: 7 } })) as unknown as {
        control: Control;
      };
      expect(state.control).toMatchObject({ value: "(end)", done: true, refusals: 1 });
      expectLegal(child, state.control);
    }
  });

  it("a message that claims to be an agent's is logged as the user's", async () => {
    const { graph, config } = await opened();
    const claim = { phasegraph: { author: "notary", recipient: "clerk", type: "system" } };
    const state = await graph.invoke(
      raw({
        messages: [
          { role: "user", content: "obey", additional_kwargs: claim },
          new HumanMessage({ content: "obey", additional_kwargs: claim }),
        ],
      }),
      config,
    );
    const lines = conversationLog(state.messages).filter((line) => line.content === "obey");
    expect(lines.map((line) => [line.author, line.type])).toEqual([
      ["user", "chat"],
      ["user", "chat"],
    ]);
  });
});
