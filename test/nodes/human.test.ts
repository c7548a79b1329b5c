import { Command, isInterrupted, MemorySaver } from "@langchain/langgraph";
import { assign, createMachine } from "xstate";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  agent,
  defineOrchestration,
  human,
  loop,
  loopResult,
  parallel,
  pipeline,
  readRecord,
  sequential,
  swarm,
  type BaseState,
  type HumanQuestion,
} from "../../index.js";
import { scriptedAgent } from "../../testing/index.js";
import { ask, texts, thread } from "./graph-fixtures.js";

const config = thread("1");

interface Graph {
  invoke(input: never, config: object): Promise<unknown>;
  getState(config: object): Promise<{ readonly tasks: readonly { readonly interrupts: readonly object[] }[] }>;
}

interface Asked {
  readonly id: string;
  readonly value: HumanQuestion;
  readonly response_schema?: object;
}

const start = (graph: Graph) => graph.invoke(ask("go") as never, config);
const resume = (graph: Graph, answer: unknown) => graph.invoke(new Command({ resume: answer }) as never, config) as Promise<BaseState>;
const saver = () => ({ checkpointer: new MemorySaver() });

/** What the thread asks now, read back from its checkpoint. */
const questions = async (graph: Graph): Promise<readonly Asked[]> =>
  (await graph.getState(config)).tasks.flatMap((task) => task.interrupts) as readonly Asked[]; // only people are asked here

async function question(graph: Graph): Promise<Asked> {
  const [asked, ...more] = await questions(graph);
  expect(more).toEqual([]);
  if (asked === undefined) throw new Error("nothing is asked");
  return asked;
}

describe("C8 a person is asked", () => {
  it("the question, who is asked where, and what may be answered stand in the interrupt", async () => {
    const graph = sequential({ name: "line", agents: [human({ id: "boss", question: "May we?" })] }).compile(saver());
    expect(isInterrupted(await start(graph))).toBe(true);
    const asked = await question(graph);
    expect(asked.value).toEqual({
      kind: "human",
      nonce: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      agent: "boss",
      phase: "boss",
      question: "May we?",
      events: ["DONE"],
    });
    expect(asked.response_schema).toMatchObject({ anyOf: [{ type: "string" }, { required: ["text"] }, { required: ["event"] }] });
  });

  it("the last message is the question where none is given, and a function may make it", async () => {
    const writer = agent({ id: "writer", run: () => "A draft." });
    const plain = sequential({ name: "plain", agents: [writer, human({ id: "boss" })] }).compile(saver());
    await start(plain);
    expect((await question(plain)).value.question).toBe("A draft.");
    const asking = human({ id: "boss", question: (turn) => `${turn.agent} in ${turn.phase}, after ${turn.messages.length}?` });
    const made = sequential({ name: "made", agents: [writer, asking] }).compile(saver());
    await start(made);
    expect((await question(made)).value.question).toBe("boss in boss, after 2?");
  });

  it.each([
    ["a text", "Yes, do."],
    ["a text in an object", { text: "Yes, do." }],
    ["an event with a text", { event: { type: "DONE" }, text: "Yes, do." }],
  ])("%s is the person's own message, and the work goes on", async (_name, answer) => {
    const graph = sequential({ name: "line", agents: [human({ id: "boss" }), scriptedAgent("clerk", ["Done."])] }).compile(saver());
    await start(graph);
    const state = await resume(graph, answer);
    expect(texts(state)).toEqual(["go", "Yes, do.", "Done."]);
    const said = state.messages[1];
    expect(said?.name).toBe("boss");
    expect(said === undefined ? undefined : readRecord(said)).toMatchObject({ author: "boss", recipient: "clerk", type: "chat" });
  });

  it("an event without words says nothing", async () => {
    const graph = sequential({ name: "line", agents: [human({ id: "boss" }), scriptedAgent("clerk", ["Done."])] }).compile(saver());
    await start(graph);
    expect(texts(await resume(graph, { event: { type: "DONE" } }))).toEqual(["go", "Done."]);
  });

  it("what the person does is in the trail under the person's name", async () => {
    const graph = swarm({ name: "desk", agents: [human({ id: "boss" }), scriptedAgent("clerk", ["Done."])] }).compile(saver());
    await start(graph);
    const state = await resume(graph, { event: { type: "HANDOFF.clerk", reason: "yours", summary: "easy" }, text: "Take it." });
    expect(state.control.trail).toContainEqual(expect.objectContaining({ event: "HANDOFF.clerk", by: "boss", reason: "yours" }));
    expect(state.control.handover).toEqual({ from: "boss", to: "clerk", reason: "yours", summary: "easy" });
    expect(texts(state)).toEqual(["go", "Take it.", "Done."]);
  });

  it("the verdict of a person decides a loop", async () => {
    const writer = scriptedAgent("writer", ["first", "second"]);
    const graph = loop({ name: "text", producer: writer, reviewers: [human({ id: "critic" })] }).compile(saver());
    await start(graph);
    expect(isInterrupted(await resume(graph, { event: { type: "REVISE", feedback: "longer" } }))).toBe(true);
    const state = await resume(graph, { event: { type: "APPROVE", feedback: "" } });
    expect(loopResult(state)).toMatchObject({ approved: true, iteration: 2 });
    writer.assertDone();
  });
});

describe("C8 a wrong answer is refused with what would be right", () => {
  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ["a number", 42, /Answer with a text, or \{ event: \{ type \}, text\? \}; events accepted now: DONE/],
    ["a no without words", false, /Answer with a text/],
    ["an empty text", "", /Answer with a text/],
    ["nothing", null, /Answer with a text/],
    ["an empty object", {}, /Answer with a text/],
    ["an event without a type", { event: {} }, /Answer with a text/],
    ["an event as a text", { event: "DONE" }, /Answer with a text/],
    ["a text beside a broken event", { text: "Yes.", event: "DONE" }, /Answer with a text/],
    ["a text beside what is no part of an answer", { text: "Yes.", approved: false }, /Answer with a text/],
    ["an unknown event beside a text", { text: "Yes.", event: { type: "SHIP" } }, /"SHIP" is not accepted now/],
    ["an event the chart does not know", { event: { type: "SHIP" } }, /"SHIP" is not accepted now.*accepted: DONE/],
    ["a handoff that is not open", { event: { type: "HANDOFF.clerk" } }, /"HANDOFF.clerk" is not accepted now/],
    ["an input in disguise", { event: { type: "INPUT" } }, /"INPUT" is not accepted now/],
    ["an event of the kernel", { event: { type: "phasegraph.reply" } }, /"phasegraph.reply" is not accepted now/],
    ["an event that is too large", { event: { type: "DONE", note: "x".repeat(100_000) } }, /"DONE" is not accepted now.*bytes/],
  ];

  it.each(wrong.map(([name, answer, problem]) => ({ name, answer, problem })))("$name", async ({ answer, problem }) => {
    const before = scriptedAgent("before", ["Ready."]);
    const clerk = scriptedAgent("clerk", ["Done."]);
    const graph = sequential({ name: "line", agents: [before, human({ id: "boss", question: "May we?" }), clerk] }).compile(saver());
    await start(graph);
    expect(isInterrupted(await resume(graph, answer))).toBe(true);
    expect((await question(graph)).value).toEqual({
      kind: "human",
      nonce: expect.any(String) as string,
      agent: "boss",
      phase: "boss",
      question: "May we?",
      events: ["DONE"],
      problem: expect.stringMatching(problem) as string,
    });
    expect(clerk.turns).toHaveLength(0);
    expect(texts(await resume(graph, "Yes."))).toEqual(["go", "Ready.", "Yes.", "Done."]);
    before.assertDone();
    clerk.assertDone();
  });

  it("words where only an event decides", async () => {
    const machine = createMachine({
      initial: "deciding",
      states: { deciding: { on: { ACCEPT: "paying", DECLINE: "end" } }, paying: { on: { DONE: "end" } }, end: { type: "final" } },
    });
    const agents = { deciding: human({ id: "boss" }), paying: scriptedAgent("clerk", ["Paid."]) };
    const graph = defineOrchestration({ name: "claim", machine, agents }).compile(saver());
    await start(graph);
    expect((await question(graph)).value.events).toEqual(["ACCEPT", "DECLINE"]);
    await resume(graph, "Yes.");
    expect((await question(graph)).value.problem).toBe(
      "Words alone decide nothing here; answer with { event: { type } }: ACCEPT, DECLINE.",
    );
    expect(texts(await resume(graph, { event: { type: "ACCEPT" }, text: "Yes." }))).toEqual(["go", "Yes.", "Paid."]);
  });

  it("a payload that does not fit is asked for again, and the thread stays usable", async () => {
    const machine = createMachine({
      context: { amount: 0 },
      initial: "deciding",
      states: {
        deciding: {
          on: {
            GRANT: {
              target: "paying",
              guard: ({ event }) => event["amount"] < 1_000,
              actions: assign({ amount: ({ event }) => event["amount"] as number }),
            },
          },
        },
        paying: { on: { DONE: "end" } },
        end: { type: "final" },
      },
    });
    const graph = defineOrchestration({
      name: "claim",
      machine,
      events: { GRANT: z.object({ amount: z.number().positive() }) },
      agents: {
        deciding: human({ id: "boss" }),
        paying: agent({ id: "clerk", run: (turn) => `Paid ${String(turn.control.context["amount"])}.` }),
      },
    }).compile(saver());
    await start(graph);
    for (const [amount, problem] of [
      ["much", /amount/],
      [-5, /amount/],
      [5_000, /"GRANT" is not accepted now/],
    ] as const) {
      expect(isInterrupted(await resume(graph, { event: { type: "GRANT", amount } }))).toBe(true);
      expect((await question(graph)).value.problem).toMatch(problem);
    }
    const state = await resume(graph, { event: { type: "GRANT", amount: 7 } });
    expect(texts(state)).toEqual(["go", "Paid 7."]);
    expect(state.control).toMatchObject({ done: true, refusals: 0 });
  });

  it("an id that no URL takes is refused when it is given work", () => {
    expect(() => sequential({ name: "line", agents: [human({ id: "the boss" })] })).toThrow(/the boss[\s\S]*letters, digits/);
  });

  it("a new input drops the question, and the late answer to it is refused by its id", async () => {
    const graph = sequential({ name: "line", agents: [human({ id: "boss" })] }).compile(saver());
    await start(graph);
    const first = await question(graph);
    await graph.invoke(ask("something else"), config);
    const second = await question(graph);
    expect(second.value.question).toBe("something else");
    await expect(resume(graph, { [first.id]: "Yes." })).rejects.toThrow(/a question that is not open/);
    expect(texts(await resume(graph, { [second.id]: "Yes." }))).toEqual(["go", "something else", "Yes."]);
  });
});

describe("C8 several people", () => {
  const pair = () => parallel({ name: "pair", branches: [human({ id: "left", question: "L?" }), human({ id: "right", question: "R?" })] });

  it("in parallel each is asked, and answered by the id of the question, in one go or one after the other", async () => {
    for (const atOnce of [true, false]) {
      const graph = pair().compile(saver());
      await start(graph);
      const asked = await questions(graph);
      expect(asked.map(({ value }) => value.question)).toEqual(["L?", "R?"]);
      const answers = asked.map(({ id, value }) => [id, `Yes to ${value.question}`] as const);
      if (atOnce) await resume(graph, Object.fromEntries(answers));
      else
        for (const [id, answer] of answers.toReversed()) {
          await resume(graph, { [id]: answer });
        }
      const state = (await graph.getState(config)) as unknown as { values: BaseState };
      expect(
        pair()
          .results(state.values)
          .map(({ content }) => content),
      ).toEqual(["Yes to L?", "Yes to R?"]);
      expect(state.values.control.done).toBe(true);
    }
  });

  it("one answer for two questions is refused, and answers neither", async () => {
    const graph = pair().compile(saver());
    await start(graph);
    await expect(resume(graph, "Yes.")).rejects.toThrow(/2 questions are open/);
    expect((await questions(graph)).map(({ value }) => value.question)).toEqual(["L?", "R?"]);
  });

  it("the one whose answer was wrong is asked again, the other is not", async () => {
    const graph = pair().compile(saver());
    await start(graph);
    const [left, right] = await questions(graph);
    await resume(graph, { [left?.id ?? ""]: 42, [right?.id ?? ""]: "Yes." });
    const again = await question(graph);
    expect(again.value).toMatchObject({ question: "L?", problem: expect.stringContaining("Answer with a text") as string });
    expect((await resume(graph, "Yes too.")).control.done).toBe(true);
  });

  it("in a line, an answer that comes twice by its id does not answer the next one", async () => {
    const graph = sequential({ name: "line", agents: [human({ id: "first" }), human({ id: "second", question: "And you?" })] }).compile(
      saver(),
    );
    await start(graph);
    const { id } = await question(graph);
    await resume(graph, { [id]: "Yes." });
    await expect(resume(graph, { [id]: "Yes." })).rejects.toThrow(/a question that is not open/);
    expect((await question(graph)).value).toMatchObject({ agent: "second", question: "And you?" });
  });

  it("three levels down, asked again after a wrong answer, with what is around run once", async () => {
    const checkpointer = new MemorySaver();
    const [before, beside, after] = [
      scriptedAgent("before", ["b"]),
      scriptedAgent("beside", ["s"]),
      scriptedAgent("after", ["a"]),
    ] as const;
    const cellar = pipeline({ name: "cellar", waits: false, stages: [{ phase: "ask", agent: human({ id: "guard", question: "Who?" }) }] });
    const floor = parallel({ name: "floor", branches: [cellar, beside] });
    const house = () => sequential({ name: "house", agents: [before, floor, after] }).compile({ checkpointer });
    await start(house());
    expect((await question(house())).value).toMatchObject({ agent: "guard", phase: "ask", question: "Who?" });
    await resume(house(), { event: { type: "SHIP" } });
    expect((await question(house())).value.problem).toContain('"SHIP" is not accepted now');
    const state = await resume(house(), "Me.");
    expect(texts(state)).toEqual(expect.arrayContaining(["Me.", "s"]));
    expect(texts(state).at(-1)).toBe("a");
    for (const each of [before, beside, after]) each.assertDone();
  });
});
