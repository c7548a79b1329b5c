import { Command, MemorySaver } from "@langchain/langgraph";
import { assign, createMachine, setup } from "xstate";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  agent,
  defineOrchestration,
  handoff,
  human,
  LoopLimitError,
  parallel,
  reply,
  send,
  sequential,
  swarm,
  type Turn,
} from "../../index.js";
import { expectLegal, says } from "../attacks/desk.js";

let threads = 0;
const thread = () => ({ configurable: { thread_id: `turns-${(threads += 1)}` } });
const saver = () => new MemorySaver();
const raw = (value: unknown) => value as never;
const echo = <const Id extends string>(id: Id) =>
  agent({ id, run: (turn: Turn) => `${id}: ${turn.messages.findLast((message) => message.getType() === "human")?.text}` });

describe("A3 turns", () => {
  const pair = () =>
    swarm({
      name: "pair",
      agents: [
        agent({ id: "front", run: (turn) => (turn.messages.at(-1)?.text === "bill" ? handoff("billing") : reply("front here")) }),
        echo("billing"),
      ],
    });

  it("a reply ends the run and waits; the next input goes on with the agent that replied", async () => {
    const graph = pair().compile({ checkpointer: saver() });
    const config = thread();
    await graph.invoke(says("bill"), config);
    expect(await graph.getState(config)).toMatchObject({
      next: [],
      values: { control: { value: "billing", waiting: ["billing"], done: false } },
    });
    const state = await graph.invoke(says("thanks"), config);
    expect(state.messages.at(-1)?.text).toBe("billing: thanks");
    expect(state.control).toMatchObject({ turn: 2, episode: 1, waiting: ["billing"] });
  });

  it("a finished thread begins a new episode in its first phase, with the messages kept and the old results set aside", async () => {
    const orchestration = sequential({ name: "line", agents: [echo("one"), echo("two")] });
    const graph = orchestration.compile({ checkpointer: saver() });
    const config = thread();
    await graph.invoke(says("a"), config);
    const state = await graph.invoke(says("b"), config);
    expect(state.messages.map((message) => message.text)).toEqual(["a", "one: a", "two: a", "b", "one: b", "two: b"]);
    expect(state.control).toMatchObject({ episode: 2, turn: 2, done: true });
    expect(orchestration.results(state).map((result) => result.episode)).toEqual([2, 2]);
    expectLegal(graph, state.control);
  });

  it("a finished thread refuses with what is legal when it is told to, and is left as it was", async () => {
    const graph = sequential({ name: "once", agents: [echo("one")], whenDone: "refuse" }).compile({ checkpointer: saver() });
    const config = thread();
    await graph.invoke(says("a"), config);
    const before = await graph.getState(config);
    await expect(graph.invoke(says("b"), config)).rejects.toMatchObject({ name: "IllegalTransitionError", event: "INPUT", legal: [] });
    await expect(graph.updateState(config, raw({ control: { type: "DONE" } }))).rejects.toMatchObject({ name: "IllegalTransitionError" });
    expect((await graph.getState(config)).config).toEqual(before.config);
    await expect(graph.invoke(null, config)).resolves.toMatchObject({ control: { done: true } });
  });

  it("a new input while a person is asked discards the question and asks again in the same phase", async () => {
    const graph = sequential({
      name: "asked",
      agents: [echo("draft"), human({ id: "boss", question: (turn) => `Is it fine after "${turn.messages.at(-1)?.text}"?` })],
    }).compile({
      checkpointer: saver(),
    });
    const config = thread();
    await graph.invoke(says("a"), config);
    await graph.invoke(says("more"), config);
    const [task] = (await graph.getState(config)).tasks;
    expect(task?.interrupts[0]?.value).toMatchObject({ question: 'Is it fine after "more"?' });
    const state = await graph.invoke(new Command({ resume: "Yes." }), config);
    expect(state.messages.map((message) => message.text)).toEqual(["a", "draft: a", "more", "Yes."]);
    expect(state.control.done).toBe(true);
  });

  it("usage is counted per turn, nested work included, and set back by the next input", async () => {
    const inner = sequential({ name: "inner", agents: [echo("a"), echo("b"), echo("c")] });
    const graph = sequential({ name: "outer", agents: [inner, echo("last")] }).compile({ checkpointer: saver() });
    const config = thread();
    expect((await graph.invoke(says("x"), config)).control.usage).toEqual({ steps: 5, modelCalls: 0, toolCalls: 0 });
    expect((await graph.invoke(says("y"), config)).control.usage).toEqual({ steps: 5, modelCalls: 0, toolCalls: 0 });
  });
});

describe("G8 limits", () => {
  const ring = (steps: number) =>
    swarm({
      name: "ring",
      maxHandoffs: 1_000,
      limits: { steps },
      agents: ["a", "b"].map((id) =>
        agent({ id, run: (turn: Turn) => (turn.messages.at(-1)?.text === "stop" ? reply("stopped") : handoff(id === "a" ? "b" : "a")) }),
      ),
    });

  it("an endless ring stops at its limit with an error that says what to do, and the next input starts afresh", async () => {
    const graph = ring(7).compile({ checkpointer: saver() });
    const config = thread();
    const error: unknown = await graph.invoke(says("go"), config).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LoopLimitError);
    expect((error as Error).message).toBe(
      '"ring" ran 7 phases in one turn and was to enter "b" next; raise limits.steps or give the cycle a bound.',
    );
    const state = await graph.invoke(says("stop"), config);
    expect(state.messages.at(-1)?.text).toBe("stopped");
    expect(state.control.usage.steps).toBe(1);
    expectLegal(graph, state.control);
  });

  it("the outer limit stops a nested ring", async () => {
    const graph = sequential({ name: "outer", agents: [ring(1_000)], limits: { steps: 9 } }).compile({ checkpointer: saver() });
    await expect(graph.invoke(says("go"), thread())).rejects.toMatchObject({
      name: "BudgetExceededError",
      owner: "outer",
      resource: "steps",
      limit: 9,
    });
  });

  it("a run of more phases than LangGraph's own default limit ends well", async () => {
    const long = sequential({ name: "long", agents: Array.from({ length: 60 }, (_, index) => echo(`agent-${index}`)) }).compile();
    expect((await long.invoke(says("x"))).messages).toHaveLength(61);
  });
});

describe("A1 machines of one's own", () => {
  it("guards and assignments see the event; a bad payload is refused with the reason and changes nothing", async () => {
    const machine = setup({
      types: {
        context: {} as { amount: number },
        events: {} as { type: "CLAIM"; amount: number } | { type: "APPROVE" } | { type: "DONE" },
      },
      guards: { isSmall: ({ context }) => context.amount <= 100 },
    }).createMachine({
      context: { amount: 0 },
      initial: "claiming",
      states: {
        claiming: { tags: "waits", on: { CLAIM: { target: "deciding", actions: assign({ amount: ({ event }) => event.amount }) } } },
        deciding: { always: [{ guard: "isSmall", target: "paying" }, { target: "approving" }] },
        approving: { tags: "waits", on: { APPROVE: "paying" } },
        paying: { on: { DONE: "paid" } },
        paid: { type: "final" },
      },
    });
    const graph = defineOrchestration({
      name: "expense",
      machine,
      events: { CLAIM: z.object({ amount: z.number().positive() }) },
      agents: { paying: echo("cashier") },
    }).compile({
      checkpointer: saver(),
    });
    const config = thread();
    await graph.invoke(says("hello"), config);
    await expect(graph.updateState(config, { control: { type: "CLAIM", amount: -1 } })).rejects.toThrow(
      /its payload is wrong: amount: .*legal events now: /s,
    );
    await expect(graph.invoke({ control: { type: "CLAIM" } }, config)).rejects.toMatchObject({
      name: "IllegalTransitionError",
      event: "CLAIM",
    });
    const large = await graph.invoke({ control: { type: "CLAIM", amount: 500 } }, config);
    expect(large.control).toMatchObject({ value: "approving", context: { amount: 500 } });
    const paid = await graph.invoke({ control: { type: "APPROVE" } }, config);
    expect(paid.control).toMatchObject({ value: "paid", done: true });
    const small = await graph.invoke({ ...says("again"), control: { type: "CLAIM", amount: 5 } }, thread());
    expect(small.control.done).toBe(true);
  });

  it("a chain of always transitions is one step of the trail", async () => {
    const machine = createMachine({
      initial: "first",
      states: {
        first: { on: { DONE: "x" } },
        x: { always: "y" },
        y: { always: "z" },
        z: { always: "last" },
        last: { on: { DONE: "end" } },
        end: { type: "final" },
      },
    });
    const graph = defineOrchestration({ name: "chain", machine, agents: { first: echo("one"), last: echo("two") } }).compile();
    const { control } = await graph.invoke(says("x"));
    expect(control.trail.map((entry) => `${entry.from} ${entry.to}`)).toEqual(["first last", "last end"]);
  });

  it.each(["shallow", "deep"] as const)("%s history is found again after a checkpoint was loaded", async (history) => {
    const machine = createMachine({
      initial: "work",
      states: {
        work: {
          initial: "one",
          on: { PAUSE: "paused" },
          states: {
            one: { tags: "waits", on: { NEXT: "two" } },
            two: { initial: "left", states: { left: { tags: "waits", on: { NEXT: "right" } }, right: { tags: "waits" } } },
            before: { type: "history", history },
          },
        },
        paused: { tags: "waits", on: { BACK: "work.before" } },
      },
    });
    const orchestration = defineOrchestration({
      name: "memory",
      machine,
      agents: raw({ "work.one": echo("one"), "work.two.left": echo("left"), "work.two.right": echo("right"), paused: echo("paused") }),
    });
    const checkpointer = saver();
    const config = thread();
    const tell = (type: string) => orchestration.compile({ checkpointer }).invoke({ ...says(type), control: { type } }, config);
    await tell("NEXT");
    await tell("NEXT");
    expect((await tell("PAUSE")).control.value).toBe("paused");
    const state = await tell("BACK");
    expect(state.control.value).toEqual({ work: { two: history === "deep" ? "right" : "left" } });
    expect(state.messages.at(-1)?.text).toBe(history === "deep" ? "right: BACK" : "left: BACK");
  });

  it("a parallel state with regions of different lengths joins when the longest is done, and only then", async () => {
    const region = (...ids: string[]) => ({
      initial: ids[0] ?? "",
      states: Object.fromEntries([
        ...ids.map((id, index) => [id, { id, on: { [`DONE.${id}`]: ids[index + 1] ?? "over" } }] as const),
        ["over", { type: "final" as const }],
      ]),
    });
    const machine = createMachine({
      initial: "work",
      states: {
        work: {
          type: "parallel",
          onDone: "join",
          states: { short: region("s1"), middle: region("m1", "m2"), long: region("l1", "l2", "l3", "l4") },
        },
        join: { on: { DONE: "end" } },
        end: { type: "final" },
      },
    });
    const ids = ["s1", "m1", "m2", "l1", "l2", "l3", "l4", "join"];
    const graph = defineOrchestration({
      name: "lengths",
      machine,
      agents: raw(Object.fromEntries(ids.map((id) => [id, echo(id)]))),
    }).compile({ checkpointer: saver() });
    const state = await graph.invoke(says("x"), thread());
    const order = state.control.trail.map((entry) => entry.event);
    expect(order.at(-1)).toBe("DONE");
    expect(order.indexOf("DONE.l4")).toBe(order.length - 2);
    expect(Object.keys(state.results).sort()).toEqual([...ids].sort());
    expect(state.messages.filter((message) => message.name === "join")).toHaveLength(1);
    expectLegal(graph, state.control);
  });

  it("one parallel phase waits for the user while the other works to its end; the next input reaches the one that waits", async () => {
    const machine = createMachine({
      initial: "both",
      states: {
        both: {
          type: "parallel",
          onDone: "end",
          states: {
            talk: { initial: "chat", states: { chat: { id: "chat", tags: "waits", on: { "BYE.chat": "over" } }, over: { type: "final" } } },
            work: {
              initial: "one",
              states: {
                one: { id: "one", on: { "DONE.one": "two" } },
                two: { id: "two", on: { "DONE.two": "over" } },
                over: { type: "final" },
              },
            },
          },
        },
        end: { type: "final" },
      },
    });
    const chat = agent({
      id: "chat",
      run: (turn) =>
        turn.messages.findLast((message) => message.getType() === "human")?.text === "bye" ? send("BYE") : reply("Tell me more."),
    });
    const graph = defineOrchestration({ name: "both", machine, agents: raw({ chat, one: echo("one"), two: echo("two") }) }).compile({
      checkpointer: saver(),
    });
    const config = thread();
    const first = await graph.invoke(says("hi"), config);
    expect(first.control).toMatchObject({ value: { both: { talk: "chat", work: "over" } }, waiting: ["chat"], done: false });
    const second = await graph.invoke(says("more"), config);
    expect(second.messages.slice(-2).map((message) => message.text)).toEqual(["more", "Tell me more."]);
    expect((await graph.invoke(says("bye"), config)).control.done).toBe(true);
  });

  it("an error goes where the chart says; where it says nothing, it ends the run, which can be tried again", async () => {
    let broken = true;
    const shaky = agent({
      id: "shaky",
      run: () => {
        if (broken) throw new RangeError("no paper");
        return "printed";
      },
    });
    const machine = createMachine({
      initial: "print",
      states: { print: { on: { DONE: "end", FAIL: "repair" } }, repair: { on: { DONE: "end" } }, end: { type: "final" } },
    });
    const caught = await defineOrchestration({ name: "caught", machine, agents: { print: shaky, repair: echo("fixer") } })
      .compile()
      .invoke(says("x"));
    expect(caught.control.trail.map((entry) => [entry.event, entry.reason])).toEqual([
      ["FAIL", "no paper"],
      ["DONE", undefined],
    ]);
    expect(caught.results["print"]).toMatchObject({ status: "failed", error: { name: "RangeError", message: "no paper" } });

    const graph = sequential({ name: "plain", agents: [echo("first"), shaky] }).compile({ checkpointer: saver() });
    const config = thread();
    await expect(graph.invoke(says("x"), config)).rejects.toThrow("no paper");
    expect(await graph.getState(config)).toMatchObject({ next: ["shaky"], values: { control: { value: "shaky" } } });
    broken = false;
    expect((await graph.invoke(null, config)).messages.map((message) => message.text)).toEqual(["x", "first: x", "printed"]);
  });

  it("a branch that fails keeps what its siblings did, when it is tried again and when the user speaks instead", async () => {
    for (const next of [null, says("y")]) {
      let runs = 0;
      let fail = (_error: Error): void => {};
      const failure = new Promise<never>((_resolve, reject) => (fail = reject));
      const good = agent({ id: "good", run: () => `done ${(runs += 1)}` });
      const bad = agent({ id: "bad", run: () => failure.catch(failOnce) });
      let failed = false;
      const failOnce = (error: Error): string => {
        if (failed) return "mended";
        failed = true;
        throw error;
      };
      const graph = parallel({ name: "stops", branches: [good, bad], onFailure: "stop" }).compile({ checkpointer: saver() });
      const config = thread();
      const running = async (): Promise<void> => {
        for await (const chunk of await graph.stream(says("x"), { ...config, streamMode: "updates" })) {
          if ("good" in chunk) fail(new Error("broken"));
        }
      };
      await expect(running()).rejects.toThrow("broken");
      const state = await graph.invoke(next, config);
      expect([state.control.done, runs]).toEqual([true, 1]);
    }
  });
});
