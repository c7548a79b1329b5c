import type { RunnableConfig } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { Command, interrupt, isInterrupted, MemorySaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  agent,
  idempotencyKey,
  parallel,
  sequential,
  swarm,
  type ApprovalDecision,
  type ApprovalQuestion,
  type BaseState,
} from "../../index.js";
import { callHandoff, callTool, scriptedAgent, scriptedModel, type ModelStep, type ScriptedCall } from "../../testing/index.js";
import { ask, thread } from "./graph-fixtures.js";

const config = thread("1");

interface Graph {
  invoke(input: never, config: object): Promise<unknown>;
  getState(config: object): Promise<{ readonly tasks: readonly { readonly interrupts: readonly object[] }[]; readonly values: unknown }>;
}

interface Asked {
  readonly id: string;
  readonly value: ApprovalQuestion;
  readonly response_schema?: { readonly properties?: object };
}

/** A till with tools that cost money, what they did, and how often the model was asked. */
function till(script: readonly ModelStep[], id = "clerk") {
  const done: string[] = [];
  const schema = z.object({ amount: z.number() });
  const act = (name: string) =>
    tool(({ amount }) => `${name} ${done.push(`${name} ${amount}`)}: ${amount}`, { name, description: `Does ${name}.`, schema });
  const model = scriptedModel(script);
  const clerk = agent({ id, model, tools: [act("pay"), act("refund"), act("look")], approval: ["pay", "refund"] });
  return { done, model, clerk };
}

const pay = (amount: number, id?: string): ScriptedCall => ({ name: "pay", args: { amount }, ...(id === undefined ? {} : { id }) });
const look = (amount: number, id?: string): ScriptedCall => ({ ...pay(amount, id), name: "look" });
const refund = (amount: number, id?: string): ScriptedCall => ({ ...pay(amount, id), name: "refund" });

const start = (graph: Graph) => graph.invoke(ask("go") as never, config);
const resume = (graph: Graph, answer: unknown) => graph.invoke(new Command({ resume: answer }) as never, config);

/** What the thread asks now, read back from its checkpoint. */
async function questions(graph: Graph): Promise<readonly Asked[]> {
  return (await graph.getState(config)).tasks.flatMap((task) => task.interrupts) as readonly Asked[]; // only approvals are asked here
}

async function question(graph: Graph): Promise<Asked> {
  const [asked, ...more] = await questions(graph);
  expect(more).toEqual([]);
  if (asked === undefined) throw new Error("nothing is asked");
  return asked;
}

const decide = (asked: Asked, decision: (id: string) => ApprovalDecision) => ({
  nonce: asked.value.nonce,
  decisions: asked.value.requests.map(({ id }) => decision(id)),
});
const approveAll = (asked: Asked) => decide(asked, (id) => ({ id, decision: "approve" }));

const answersIn = (state: unknown) =>
  (state as BaseState).messages.filter((message) => message.getType() === "tool").map((message) => message.text);

const desk = (clerk: ReturnType<typeof till>["clerk"]) => swarm({ name: "desk", agents: [clerk, scriptedAgent("other", ["Other here."])] });

describe("C7 what a person is asked", () => {
  it("all calls of a turn that need approval come in one question with a nonce and the form of an answer, before anything is done", async () => {
    const { done, model, clerk } = till([[pay(1), look(2), refund(3)], "Done."]);
    const graph = desk(clerk).compile({ checkpointer: new MemorySaver() });
    expect(isInterrupted(await start(graph))).toBe(true);
    expect(done).toEqual([]);
    const asked = await question(graph);
    expect(asked.value).toEqual({
      kind: "approval",
      nonce: expect.stringMatching(/^\S{8,}$/) as string,
      agent: "clerk",
      phase: "clerk",
      requests: [
        { id: "call-1", tool: "pay", args: { amount: 1 } },
        { id: "call-3", tool: "refund", args: { amount: 3 } },
      ],
    });
    expect(asked.response_schema).toMatchObject({ type: "object", required: ["nonce", "decisions"] });
    const state = await resume(graph, approveAll(asked));
    expect(answersIn(state)).toEqual(["pay 1: 1", "look 2: 2", "refund 3: 3"]);
    expect((state as BaseState).messages.at(-1)?.text).toBe("Done.");
    model.assertDone();
  });

  it("what is refused is not done and the model reads why; what is edited is done as edited, and the model learns of it", async () => {
    const { done, model, clerk } = till([[pay(1), pay(2), pay(3)], "As you wish."]);
    const graph = desk(clerk).compile({ checkpointer: new MemorySaver() });
    await start(graph);
    const asked = await question(graph);
    const [first, second, third] = asked.value.requests.map(({ id }) => id);
    const state = await resume(graph, {
      nonce: asked.value.nonce,
      decisions: [
        { id: third, decision: "edit", args: { amount: 30 } },
        { id: first, decision: "reject", reason: "too dear" },
        { id: second, decision: "approve" },
      ],
    });
    expect(done).toEqual(["pay 2", "pay 30"]);
    expect(answersIn(state)).toEqual([
      "Not executed: a person refused it: too dear",
      "pay 1: 2",
      expect.stringMatching(/^pay 2: 30\n[\s\S]*person changed.*\{"amount":30\}/),
    ]);
    model.assertDone();
  });

  it("an edit that does not fit the tool is not done, and the model is told what was wrong", async () => {
    const { done, clerk } = till([pay(1), "I see."]);
    const graph = desk(clerk).compile({ checkpointer: new MemorySaver() });
    await start(graph);
    const state = await resume(
      graph,
      decide(await question(graph), (id) => ({ id, decision: "edit", args: { amount: "lots" } })),
    );
    expect(done).toEqual([]);
    expect(answersIn(state)).toEqual([expect.stringMatching(/^Error: [\s\S]*amount/)]);
  });

  it("calls that the model made under one id are asked for one by one", async () => {
    const { done, clerk } = till([[pay(1, "same"), pay(2, "same")], "Done."]);
    const graph = desk(clerk).compile({ checkpointer: new MemorySaver() });
    await start(graph);
    const asked = await question(graph);
    expect(new Set(asked.value.requests.map(({ id }) => id)).size).toBe(2);
    const [first = "", second = ""] = asked.value.requests.map(({ id }) => id);
    await resume(graph, {
      nonce: asked.value.nonce,
      decisions: [
        { id: first, decision: "reject" },
        { id: second, decision: "approve" },
      ],
    });
    expect(done).toEqual(["pay 2"]);
  });

  it("a function decides by the call which ones are asked for", async () => {
    const model = scriptedModel([[pay(5), pay(500)], "Done."]);
    const done: number[] = [];
    const tools = [
      tool(({ amount }) => `${done.push(amount)}`, { name: "pay", description: "Pays.", schema: z.object({ amount: z.number() }) }),
    ];
    const clerk = agent({
      id: "clerk",
      model,
      tools,
      approval: (call, turn) => turn.agent === "clerk" && Number(call.args["amount"]) > 100,
    });
    const graph = sequential({ name: "line", agents: [clerk] }).compile({ checkpointer: new MemorySaver() });
    await start(graph);
    const asked = await question(graph);
    expect(asked.value.requests.map(({ args }) => args)).toEqual([{ amount: 500 }]);
    expect(done).toEqual([]);
    await resume(
      graph,
      decide(asked, (id) => ({ id, decision: "reject" })),
    );
    expect(done).toEqual([5]);
  });

  it("a call that names no tool is not asked for, and a broken one neither", async () => {
    const { clerk, model } = till([callTool("fly"), "Ah."]);
    const state = await start(desk(clerk).compile({ checkpointer: new MemorySaver() }));
    expect(answersIn(state)).toEqual([expect.stringContaining('no tool "fly"')]);
    model.assertDone();
  });

  it("a handoff beside a refused call still hands over", async () => {
    const { done, clerk } = till([[pay(1), callHandoff("other")]]);
    const graph = desk(clerk).compile({ checkpointer: new MemorySaver() });
    await start(graph);
    const state = (await resume(
      graph,
      decide(await question(graph), (id) => ({ id, decision: "reject" })),
    )) as BaseState;
    expect(done).toEqual([]);
    expect(answersIn(state)).toEqual(["Not executed: a person refused it.", "Handed over to other."]);
    expect(state.messages.at(-1)?.text).toBe("Other here.");
  });
});

describe("C7 an answer approves nothing but what was shown", () => {
  const approved = (...ids: readonly string[]) => ids.map((id) => ({ id, decision: "approve" }));
  const wrong: readonly (readonly [string, (asked: Asked) => unknown, RegExp])[] = [
    ["a scalar yes", () => "yes", /not the form asked for/],
    ["a true", () => true, /not the form asked for/],
    ["the word approve", () => "approve", /not the form asked for/],
    ["a list of decisions alone", () => approved("call-1", "call-2"), /not the form asked for/],
    ["LangChain's own form", () => ({ decisions: [{ type: "approve" }, { type: "approve" }] }), /not the form asked for/],
    ["no nonce", () => ({ decisions: approved("call-1", "call-2") }), /not the form asked for/],
    ["a decision that is none", ({ value }) => ({ nonce: value.nonce, decisions: [{ id: "call-1", decision: "maybe" }] }), /not the form/],
    ["an unknown id", ({ value }) => ({ nonce: value.nonce, decisions: approved("call-1", "call-9") }), /do not match/],
    ["an id too many", ({ value }) => ({ nonce: value.nonce, decisions: approved("call-1", "call-2", "call-3") }), /do not match/],
    ["one id twice", ({ value }) => ({ nonce: value.nonce, decisions: approved("call-1", "call-1") }), /do not match/],
    [
      "both ids and one of them again, the other way",
      ({ value }) => ({ nonce: value.nonce, decisions: [...approved("call-1", "call-2"), { id: "call-1", decision: "reject" }] }),
      /do not match/,
    ],
    ["a part of the ids", ({ value }) => ({ nonce: value.nonce, decisions: approved("call-1") }), /do not match/],
    ["no decision", ({ value }) => ({ nonce: value.nonce, decisions: [] }), /do not match/],
    ["an edit without arguments", ({ value }) => ({ nonce: value.nonce, decisions: [{ id: "call-1", decision: "edit" }] }), /not the form/],
  ];

  it.each(wrong.map(([name, answer, problem]) => ({ name, answer, problem })))(
    "$name does nothing; it is asked again, with what would be right",
    async ({ answer, problem }) => {
      const { done, model, clerk } = till([[pay(1), pay(2)], "Done."]);
      const graph = desk(clerk).compile({ checkpointer: new MemorySaver() });
      await start(graph);
      const first = await question(graph);
      expect(isInterrupted(await resume(graph, answer(first)))).toBe(true);
      expect(done).toEqual([]);
      const again = await question(graph);
      expect(again.value.problem).toMatch(problem);
      expect(again.value.problem).toContain("one decision for each of: call-1, call-2");
      expect(again.value.requests).toEqual(first.value.requests);
      expect(again.value.nonce).not.toBe(first.value.nonce);
      await expect(resume(graph, approveAll(first))).rejects.toThrow(/another question, or to this one as it was asked before/);
      expect(done).toEqual([]);
      await resume(graph, approveAll(await question(graph)));
      expect(done).toEqual(["pay 1", "pay 2"]);
      model.assertDone();
    },
  );

  it("an answer that comes twice does not approve the next question, though it asks for the same", async () => {
    const { done, model, clerk } = till([pay(1, "a"), pay(1, "a"), "Done."]);
    const graph = desk(clerk).compile({ checkpointer: new MemorySaver() });
    await start(graph);
    const answer = approveAll(await question(graph));
    await resume(graph, answer);
    expect(done).toEqual(["pay 1"]);
    const next = await question(graph);
    await expect(resume(graph, answer)).rejects.toMatchObject({
      name: "AnswerRefusedError",
      open: [{ id: next.id, nonce: next.value.nonce, kind: "approval", agent: "clerk", phase: "clerk" }],
    });
    expect(await question(graph)).toEqual(next);
    expect(done).toEqual(["pay 1"]);
    await resume(graph, approveAll(next));
    expect(done).toEqual(["pay 1", "pay 1"]);
    model.assertDone();
  });

  it("a new input drops the question: nothing was done, the history is whole, and the late answer approves nothing", async () => {
    const { done, model, clerk } = till([pay(1), pay(1), "Done."]);
    const graph = desk(clerk).compile({ checkpointer: new MemorySaver() });
    await start(graph);
    const late = approveAll(await question(graph));
    expect(isInterrupted(await graph.invoke(ask("no, wait"), config))).toBe(true);
    await expect(resume(graph, late)).rejects.toThrow(/another question/);
    expect(done).toEqual([]);
    await resume(graph, approveAll(await question(graph)));
    expect(done).toEqual(["pay 1"]);
    model.assertDone();
  });

  it("when nothing is asked any more, an answer is refused with a typed error", async () => {
    const { done, clerk } = till([pay(1), "Done."]);
    const graph = desk(clerk).compile({ checkpointer: new MemorySaver() });
    await start(graph);
    const answer = approveAll(await question(graph));
    await resume(graph, answer);
    await expect(resume(graph, answer)).rejects.toMatchObject({ name: "AnswerRefusedError", open: [] });
    expect(done).toEqual(["pay 1"]);
  });
});

describe("C7 parallel and nested", () => {
  const pair = () => {
    const left = till([pay(1), "Left done."], "left");
    const right = till([refund(2), "Right done."], "right");
    const checkpointer = new MemorySaver();
    const team = () => parallel({ name: "pair", branches: [left.clerk, right.clerk] }).compile({ checkpointer });
    return { left, right, team, assertDone: () => [left, right].map(({ model }) => model.assertDone()) };
  };

  it("two phases that ask at once are answered by the ids of their questions, in one go", async () => {
    const { left, right, team, assertDone } = pair();
    await start(team());
    const asked = await questions(team());
    expect(asked.map(({ value }) => [value.phase, value.requests[0]?.tool])).toEqual([
      ["left", "pay"],
      ["right", "refund"],
    ]);
    const state = (await resume(team(), Object.fromEntries(asked.map((one) => [one.id, approveAll(one)])))) as BaseState;
    expect([left.done, right.done]).toEqual([["pay 1"], ["refund 2"]]);
    expect(state.control.done).toBe(true);
    assertDone();
  });

  it("or one after the other: the second question stays", async () => {
    const { left, right, team, assertDone } = pair();
    await start(team());
    const [first, second] = await questions(team());
    if (first === undefined || second === undefined) throw new Error("two are asked");
    expect(isInterrupted(await resume(team(), { [second.id]: approveAll(second) }))).toBe(true);
    expect([left.done, right.done]).toEqual([[], ["refund 2"]]);
    expect(await question(team())).toMatchObject({ value: { phase: "left", nonce: first.value.nonce } });
    await resume(team(), { [first.id]: approveAll(first) });
    expect([left.done, right.done]).toEqual([["pay 1"], ["refund 2"]]);
    assertDone();
  });

  it("an answer without the id of its question is refused while two are open, and says which there are", async () => {
    const { left, right, team, assertDone } = pair();
    await start(team());
    const asked = await questions(team());
    const [first, second] = asked;
    if (first === undefined || second === undefined) throw new Error("two are asked");
    await expect(resume(team(), approveAll(first))).rejects.toMatchObject({
      name: "InvalidRequestError",
      message: expect.stringMatching(new RegExp(`2 questions are open.*${first.id}, ${second.id}`)) as string,
    });
    await expect(resume(team(), { ["0".repeat(32)]: approveAll(first) })).rejects.toThrow(/a question that is not open.*expected/);
    expect([left.done, right.done]).toEqual([[], []]);
    expect(await questions(team())).toEqual(asked);
    await resume(team(), Object.fromEntries(asked.map((one) => [one.id, approveAll(one)])));
    expect([left.done, right.done]).toEqual([["pay 1"], ["refund 2"]]);
    assertDone();
  });

  it("the answers swapped approve nothing", async () => {
    const { left, right, team } = pair();
    await start(team());
    const [first, second] = await questions(team());
    if (first === undefined || second === undefined) throw new Error("two are asked");
    await expect(resume(team(), { [first.id]: approveAll(second), [second.id]: approveAll(first) })).rejects.toThrow(/another question/);
    expect([left.done, right.done]).toEqual([[], []]);
    expect(await questions(team())).toEqual([first, second]);
    const again = await questions(team());
    await resume(team(), Object.fromEntries(again.map((one) => [one.id, approveAll(one)])));
    expect([left.done, right.done]).toEqual([["pay 1"], ["refund 2"]]);
  });

  it("three levels down: asked, asked again after a wrong answer, twice in one turn, and nothing is run twice", async () => {
    const checkpointer = new MemorySaver();
    const { done, model, clerk } = till([look(7), pay(1), [pay(2), look(8)], "Paid."]);
    const before = scriptedAgent("before", ["ready"]);
    const after = scriptedAgent("after", ["closed"]);
    const quiet = scriptedAgent("quiet", ["all quiet"]);
    const cellar = swarm({ name: "cellar", agents: [clerk] });
    const floor = parallel({ name: "floor", branches: [cellar, quiet], onFailure: "stop" });
    const house = () => sequential({ name: "house", agents: [before, floor, after] }).compile({ checkpointer });
    await start(house());
    const asked = await questions(house());
    expect(asked.map(({ value }) => [value.agent, value.requests[0]?.args])).toEqual([["clerk", { amount: 1 }]]);
    expect(isInterrupted(await resume(house(), "yes"))).toBe(true);
    expect(done).toEqual(["look 7"]);
    const again = await question(house());
    await resume(house(), { [again.id]: approveAll(again) });
    expect(done).toEqual(["look 7", "pay 1"]);
    const state = (await resume(house(), approveAll(await question(house())))) as BaseState;
    expect(done).toEqual(["look 7", "pay 1", "pay 2", "look 8"]);
    expect(state.messages.at(-1)?.text).toBe("closed");
    for (const each of [model, before, after, quiet]) each.assertDone();
  });
});

describe("A4 what was done is not done again", () => {
  it("after an error of the model: not the calls, not the approval", async () => {
    const checkpointer = new MemorySaver();
    const { done, model, clerk } = till([look(1), pay(2), new Error("overloaded"), refund(3), "Done."]);
    const graph = () => desk(clerk).compile({ checkpointer });
    await start(graph());
    await expect(resume(graph(), approveAll(await question(graph())))).rejects.toThrow("overloaded");
    expect(done).toEqual(["look 1", "pay 2"]);
    expect(isInterrupted(await graph().invoke(null, config))).toBe(true);
    const asked = await question(graph());
    expect(asked.value.requests).toMatchObject([{ tool: "refund", args: { amount: 3 } }]);
    const state = (await resume(graph(), approveAll(asked))) as BaseState;
    expect(done).toEqual(["look 1", "pay 2", "refund 3"]);
    expect(state.messages.map((message) => message.text)).toEqual(["go", "", "look 1: 1", "", "pay 2: 2", "", "refund 3: 3", "Done."]);
    model.assertDone();
  });

  it("nor three levels down, after an error of the model, a retry and a second question", async () => {
    const checkpointer = new MemorySaver();
    const { done, model, clerk } = till([look(1), pay(2), new Error("overloaded"), refund(3), "Done."]);
    const [before, beside, after] = [
      scriptedAgent("before", ["b"]),
      scriptedAgent("beside", ["s"]),
      scriptedAgent("after", ["a"]),
    ] as const;
    const cellar = sequential({ name: "cellar", agents: [clerk] });
    const floor = parallel({ name: "floor", branches: [cellar, beside], onFailure: "stop" });
    const house = () => sequential({ name: "house", agents: [before, floor, after] }).compile({ checkpointer });
    await start(house());
    await expect(resume(house(), approveAll(await question(house())))).rejects.toThrow("overloaded");
    expect(done).toEqual(["look 1", "pay 2"]);
    expect(isInterrupted(await house().invoke(null, config))).toBe(true);
    expect(done).toEqual(["look 1", "pay 2"]);
    const asked = await question(house());
    expect(asked.value.requests).toMatchObject([{ tool: "refund", args: { amount: 3 } }]);
    const state = (await resume(house(), approveAll(asked))) as BaseState;
    expect(done).toEqual(["look 1", "pay 2", "refund 3"]);
    expect(state.messages.at(-1)?.text).toBe("a");
    for (const each of [model, before, beside, after]) each.assertDone();
  });

  it("an error beside a question: what had finished stays, and the question is asked again", async () => {
    const checkpointer = new MemorySaver();
    const done: number[] = [];
    let asked: () => void = () => undefined;
    const asks = new Promise<void>((resolve) => (asked = resolve));
    const tools = [
      tool(({ amount }) => `${done.push(amount)}`, { name: "pay", description: "Pays.", schema: z.object({ amount: z.number() }) }),
    ];
    const model = scriptedModel([pay(1), "Done."]);
    const approval = () => {
      asked();
      return true;
    };
    const clerk = agent({ id: "clerk", model, tools, approval });
    const flaky = scriptedAgent("flaky", [() => asks.then(() => new Error("down")), "up again"]);
    const team = () => parallel({ name: "pair", branches: [clerk, flaky], onFailure: "stop" }).compile({ checkpointer });
    await expect(start(team())).rejects.toThrow("down");
    const again = await team().invoke(null, config);
    expect(isInterrupted(again)).toBe(true);
    expect(done).toEqual([]);
    const state = (await resume(team(), approveAll(await question(team())))) as BaseState;
    expect(done).toEqual([1]);
    expect(state.control.done).toBe(true);
    model.assertDone();
    flaky.assertDone();
  });

  it("tools that ask for themselves are each answered once, beside one that needs approval", async () => {
    const checkpointer = new MemorySaver();
    const heard: string[] = [];
    const asks = (name: string) =>
      tool(
        () => {
          const answer = String(interrupt(`${name}?`));
          heard.push(`${name}: ${answer}`);
          return answer;
        },
        { name, description: "Asks.", schema: z.object({}) },
      );
    const paid: number[] = [];
    const payTool = tool(({ amount }) => `${paid.push(amount)}`, {
      name: "pay",
      description: "Pays.",
      schema: z.object({ amount: z.number() }),
    });
    const model = scriptedModel([[pay(1), callTool("one"), callTool("two")], "Done."]);
    const clerk = agent({ id: "clerk", model, tools: [payTool, asks("one"), asks("two")], approval: ["pay"] });
    const graph = () => sequential({ name: "line", agents: [clerk] }).compile({ checkpointer });
    await start(graph());
    let state = await resume(graph(), approveAll(await question(graph())));
    const seen: unknown[] = [];
    for (let round = 0; round < 4 && isInterrupted(state); round += 1) {
      const open = (await questions(graph())) as readonly { readonly id: string; readonly value: unknown }[];
      seen.push(...open.map(({ value }) => value));
      state = await resume(graph(), Object.fromEntries(open.map(({ id, value }) => [id, `yes to ${String(value)}`])));
    }
    expect(seen.toSorted()).toEqual(["one?", "two?"]);
    expect(heard.toSorted()).toEqual(["one: yes to one?", "two: yes to two?"]);
    expect(paid).toEqual([1]);
    expect(answersIn(state)).toEqual(["1", "yes to one?", "yes to two?"]);
    model.assertDone();
  });

  it("the key for services that take one is another for each call, though the model counts its calls from nought each time", async () => {
    const keys: (string | undefined)[] = [];
    const schema = z.object({ amount: z.number() });
    const payTool = tool((_, options: RunnableConfig) => `${keys.push(idempotencyKey(options))}`, {
      name: "pay",
      description: "Pays.",
      schema,
    });
    const model = scriptedModel([[pay(1, "0"), pay(1, "0")], pay(1, "0"), "Done."]);
    const graph = sequential({ name: "line", agents: [agent({ id: "clerk", model, tools: [payTool] })] });
    await graph.compile({ checkpointer: new MemorySaver() }).invoke(ask("go"), config);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(3);
    expect(keys).not.toContain(undefined);
  });

  it("a turn that is not durable asks again with what it then asks for, and approves nothing else", async () => {
    const done: number[] = [];
    const tools = [
      tool(({ amount }) => `${done.push(amount)}`, { name: "pay", description: "Pays.", schema: z.object({ amount: z.number() }) }),
    ];
    const model = scriptedModel([pay(1, "x"), pay(1_000, "x"), pay(1_000, "x"), "Done."]);
    const clerk = agent({ id: "clerk", model, tools, approval: ["pay"], durable: false });
    const graph = sequential({ name: "line", agents: [clerk] }).compile({ checkpointer: new MemorySaver() });
    await start(graph);
    expect(isInterrupted(await resume(graph, approveAll(await question(graph))))).toBe(true);
    expect(done).toEqual([]);
    await resume(graph, approveAll(await question(graph)));
    expect(done).toEqual([1_000]);
    model.assertDone();
  });
});
