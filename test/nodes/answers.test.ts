import { Command, isInterrupted, MemorySaver } from "@langchain/langgraph";
import { tool } from "@langchain/core/tools";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  agent,
  human,
  orchestratorWorker,
  parallel,
  reply,
  sequential,
  type Agent,
  type ApprovalQuestion,
  type Turn,
} from "../../index.js";
import { callTool, scriptedModel } from "../../testing/index.js";

const says = (content: string) => ({ messages: [{ role: "user" as const, content }] });
const config = { configurable: { thread_id: "1" } };
const lastOf = (turn: Pick<Turn, "messages">) => turn.messages.at(-1)?.text ?? "";

interface Shown {
  readonly id: string;
  readonly value: ApprovalQuestion;
}
const shown = (state: unknown): readonly Shown[] =>
  isInterrupted<ApprovalQuestion>(state) ? (state.__interrupt__ as unknown as readonly Shown[]) : []; // only approvals are asked here
const approve = ({ id, value }: Shown) => {
  const decisions = value.requests.map((request) => ({ id: request.id, decision: "approve" as const }));
  return new Command({ resume: { [id]: { nonce: value.nonce, decisions } } });
};

/** A clerk that pays, when a person approves. */
function clerk(id: string, amounts: readonly number[], paid: number[]): Agent {
  const pay = tool(({ amount }) => `paid ${paid.push(amount)}`, {
    name: "pay",
    description: "Pays.",
    schema: z.object({ amount: z.number() }),
  });
  const model = scriptedModel([...amounts.map((amount) => callTool("pay", { amount })), "Done."]);
  return agent({ id, model, tools: [pay], approval: ["pay"] });
}

const planned = (workers: readonly Agent[], tasks: readonly { readonly id: string; readonly agent: string }[]) =>
  orchestratorWorker({
    name: "plan",
    planner: agent({ id: "planner", run: () => reply("", { data: { tasks: tasks.map((task) => ({ ...task, input: task.id })) } }) }),
    workers,
    synthesizer: agent({ id: "last", run: () => "end" }),
  });

/** The same clerk wherever one can work; one UI answers them all. */
const PLACES: Readonly<Record<string, (one: Agent) => Agent & { compile: ReturnType<typeof sequential>["compile"] }>> = {
  "in a line": (one) => sequential({ name: "line", agents: [one] }) as never,
  "in a branch": (one) => parallel({ name: "pair", branches: [one] }) as never,
  "in a team in a team": (one) => sequential({ name: "house", agents: [sequential({ name: "inner", agents: [one] })] }) as never,
  "in a task of a plan": (one) => planned([one], [{ id: "t1", agent: one.id }]) as never,
  "in a plan in a task of a plan": (one) =>
    planned([planned([one], [{ id: "t1", agent: one.id }])], [{ id: "o1", agent: "plan" }]) as never,
};

describe.each(Object.entries(PLACES))("an approval asked %s", (_place, put) => {
  it("has one form and one way of answering, and each answer is consumed once", async () => {
    const paid: number[] = [];
    const graph = put(clerk("clerk", [10, 10_000], paid)).compile({ checkpointer: new MemorySaver() });
    const [first] = shown(await graph.invoke(says("go") as never, config));
    if (first === undefined) throw new Error("nothing was asked");
    expect(first.value).toMatchObject({ kind: "approval", agent: "clerk", requests: [{ tool: "pay", args: { amount: 10 } }] });
    const [second] = shown(await graph.invoke(approve(first) as never, config));
    if (second === undefined) throw new Error("nothing was asked");
    expect(paid).toEqual([10]);
    expect(second.value.nonce).not.toBe(first.value.nonce);
    // by its own id, by the id of the question that is open now, and as a scalar
    const late = { nonce: first.value.nonce, decisions: second.value.requests.map(({ id }) => ({ id, decision: "approve" })) };
    for (const resume of [{ [first.value.nonce]: late }, { [second.id]: late }, late]) {
      await expect(graph.invoke(new Command({ resume }) as never, config)).rejects.toMatchObject({ name: "AnswerRefusedError" });
    }
    expect(paid).toEqual([10]);
    expect(shown(await graph.invoke(approve(second) as never, config))).toEqual([]);
    expect(paid).toEqual([10, 10_000]);
    await expect(graph.invoke(approve(second) as never, config)).rejects.toMatchObject({ name: "AnswerRefusedError", open: [] });
    expect(paid).toEqual([10, 10_000]);
  });
});

describe("an answer belongs to the question as it was shown", () => {
  it("tasks that ask at once are asked each under its own id, with its task", async () => {
    const paid: number[] = [];
    const workers = [clerk("a", [1], paid), clerk("b", [2], paid)];
    const tasks = [
      { id: "t1", agent: "a" },
      { id: "t2", agent: "b" },
    ];
    const graph = planned(workers, tasks).compile({ checkpointer: new MemorySaver() });
    const asked = shown(await graph.invoke(says("go"), config));
    expect(asked.map(({ value }) => [value.kind, value.agent, value.task]).sort()).toEqual([
      ["approval", "a", "t1"],
      ["approval", "b", "t2"],
    ]);
    const resume = Object.assign({}, ...asked.map((one) => approve(one).resume as object)) as Record<string, unknown>;
    expect((await graph.invoke(new Command({ resume }), config)).messages.at(-1)?.text).toBe("end");
    expect(paid.sort()).toEqual([1, 2]);
  });

  it("a person is not taken at their word for what is asked when the phase runs again", async () => {
    let amount = 10;
    const gate = human({ id: "person", question: () => `pay ${amount}?` });
    const graph = sequential({ name: "gate", agents: [gate] }).compile({ checkpointer: new MemorySaver() });
    await graph.invoke(says("go"), config);
    amount = 10_000;
    const state = await graph.invoke(new Command({ resume: "yes" }), config);
    const [asked] = shown(state) as unknown as readonly { readonly value: { readonly question: string; readonly problem?: string } }[];
    expect(asked?.value).toMatchObject({ question: "pay 10000?", problem: expect.stringContaining("another question") as string });
  });

  it("after an edit nobody has seen the new question yet, and a yes answers nothing", async () => {
    const gate = human({ id: "person", question: (turn) => `${lastOf(turn)}?` });
    const graph = sequential({ name: "gate", agents: [gate] }).compile({ checkpointer: new MemorySaver() });
    await graph.invoke(says("pay 10"), config);
    await graph.updateState(config, says("pay 10000"));
    await expect(graph.invoke(new Command({ resume: "yes" }), config)).rejects.toMatchObject({ name: "AnswerRefusedError" });
    const [asked] = shown(await graph.invoke(null, config)) as unknown as readonly { readonly value: { readonly question: string } }[];
    expect(asked?.value.question).toBe("pay 10000?");
  });
});
