import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import { fakeModel } from "@langchain/core/testing";
import { Command, isInterrupted, MemorySaver } from "@langchain/langgraph";
import { createReactAgent } from "@langchain/langgraph/prebuilt";
import { RemoteGraph } from "@langchain/langgraph/remote";
import { createHandoffTool } from "@langchain/langgraph-swarm";
import { createAgent } from "langchain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  agent,
  approve,
  broadcast,
  consensus,
  consensusResult,
  handoff,
  hierarchical,
  human,
  loop,
  loopResult,
  parallel,
  pipeline,
  qaGated,
  qaResult,
  readRecord,
  roundRobin,
  router,
  sequential,
  sign,
  swarm,
  Verdict,
  withTask,
  type Agent,
  type BaseState,
} from "../index.js";
import { answering, ask, calls, handsOff, thread } from "./nodes/graph-fixtures.js";
import { serveGraphs } from "./nodes/remote/serve.js";

let server: Awaited<ReturnType<typeof serveGraphs>>;
beforeAll(async () => {
  server = await serveGraphs();
}, 90_000);
afterAll(() => server.stop());

/** One kind of agent, and what it can be made to do. */
interface Kind {
  /** Replies whenever it is asked. */
  readonly worker: (id: string) => Agent;
  /** Hands over to the target. */
  readonly passer?: (id: string, target: string) => Agent;
  /** Approves. */
  readonly judge?: (id: string) => Agent;
  /** What a person answers, by what is asked of the agent. */
  readonly answers?: Readonly<Record<"worker" | "passer" | "judge" | "implementer", unknown>>;
}

const replies = () => {
  const model = fakeModel();
  for (let turn = 0; turn < 3; turn += 1) model.respond(new AIMessage("done"));
  return model;
};
const passes = (target: string) => fakeModel().respond(calls(handsOff(target)));
const remote = () => new RemoteGraph({ graphId: "till", url: server.url });
const done = () => answering(() => "done");

const kinds: Readonly<Record<string, Kind>> = {
  function: {
    worker: (id) => agent({ id, run: async () => "done" }),
    passer: (id, target) => agent({ id, run: () => handoff(target) }),
    judge: (id) => agent({ id, run: () => approve() }),
  },
  model: {
    worker: (id) => agent({ id, model: replies() }),
    passer: (id, target) => agent({ id, model: passes(target) }),
    judge: (id) => {
      const model = fakeModel().respond(calls(["respond", { approved: true, feedback: "" }, "1"]));
      return agent({ id, model, output: Verdict, decide: (verdict) => approve(verdict.feedback) });
    },
  },
  createAgent: {
    worker: (id) => agent({ id, graph: createAgent({ model: replies() }) }),
    passer: (id, target) => agent({ id, graph: createAgent({ model: passes(target) }) }),
    judge: (id) => agent({ id, graph: createAgent({ model: replies() }), output: () => approve() }),
  },
  "compiled graph": {
    worker: (id) => agent({ id, graph: done() }),
    passer: (id, target) => agent({ id, graph: done(), output: () => handoff(target) }),
    judge: (id) => agent({ id, graph: done(), output: () => approve() }),
  },
  "langgraph-swarm agent": {
    worker: (id) =>
      agent({ id, graph: createReactAgent({ llm: replies(), tools: [createHandoffTool({ agentName: "nobody" })], name: id }) }),
    passer: (id, target) => {
      const llm = fakeModel().respond(calls([`transfer_to_${target}`, {}, "1"]));
      return agent({ id, graph: createReactAgent({ llm, tools: [createHandoffTool({ agentName: target })], name: id }) });
    },
    judge: (id) => agent({ id, graph: createReactAgent({ llm: replies(), tools: [], name: id }), output: () => approve() }),
  },
  "remote graph": {
    worker: (id) => agent({ id, graph: remote() }),
    passer: (id, target) => agent({ id, graph: remote(), output: () => handoff(target) }),
    judge: (id) => agent({ id, graph: remote(), output: () => approve() }),
  },
  human: {
    worker: (id) => human({ id }),
    passer: (id) => human({ id }),
    judge: (id) => human({ id }),
    answers: {
      implementer: { event: { type: "RECORD", changed: "done" } },
      worker: "done",
      passer: { event: { type: "HANDOFF.after" } },
      judge: { event: { type: "APPROVE", feedback: "" } },
    },
  },
  "nested orchestration": {
    worker: (id) => sequential({ name: id, agents: [agent({ id: "inside", run: () => "done" })] }),
  },
};

interface Runnable {
  invoke(input: never, config: object): Promise<unknown>;
}

/** Runs a thread to its end, answering as a person would. */
async function run(graph: Runnable, answer: unknown, input: object = ask("go")): Promise<BaseState> {
  let state: unknown = await graph.invoke(input as never, thread("1"));
  for (let round = 0; round < 5 && isInterrupted(state); round += 1)
    state = await graph.invoke(new Command({ resume: answer }) as never, thread("1"));
  expect(isInterrupted(state)).toBe(false);
  return state as BaseState;
}

const after = () => agent({ id: "after", run: (turn) => `after ${turn.messages.length > 1 ? "it" : "nothing"}` });
const saver = () => ({ checkpointer: new MemorySaver() });
const by = (messages: readonly BaseMessage[], id: string) => messages.filter((message) => readRecord(message)?.author === id);

describe.each(Object.entries(kinds))("A7 a %s", (_name, kind) => {
  it("works in a sequence, and what follows sees what it said", async () => {
    const state = await run(sequential({ name: "team", agents: [kind.worker("it"), after()] }).compile(saver()), kind.answers?.worker);
    expect(by(state.messages, "it").at(-1)?.text).toMatch(/done|heard/);
    expect(state.messages.at(-1)?.text).toBe("after it");
    expect(state.control.done).toBe(true);
  });

  it("works beside others", async () => {
    const team = parallel({ name: "team", branches: [kind.worker("it"), after()] });
    const state = await run(team.compile(saver()), kind.answers?.worker);
    expect(team.results(state).map((result) => [result.agent, result.status])).toEqual([
      ["it", "ok"],
      ["after", "ok"],
    ]);
  });

  it("works in a stage of a pipeline", async () => {
    const stages = [
      { phase: "one", agent: kind.worker("it"), next: "two" as const },
      { phase: "two", agent: after() },
    ] as const;
    const state = await run(pipeline({ name: "team", waits: false, stages }).compile(saver()), kind.answers?.worker);
    expect(state.results).toMatchObject({ one: { agent: "it", status: "ok" }, two: { agent: "after", content: "after it" } });
  });

  it("is handed the conversation in a swarm, and keeps it", async () => {
    const graph = swarm({ name: "team", agents: [agent({ id: "before", run: () => handoff("it") }), kind.worker("it")] }).compile(saver());
    await run(graph, kind.answers?.worker);
    const state = await run(graph, kind.answers?.worker, ask("and then?"));
    expect(by(state.messages, "it").filter((message) => message.getType() === "ai")).toHaveLength(2);
    expect(state.control.waiting).toEqual(["it"]);
  });

  const { passer } = kind;
  if (passer !== undefined)
    it("hands over in a swarm", async () => {
      const made = passer("it", "after");
      const state = await run(swarm({ name: "team", agents: [made, after()] }).compile(saver()), kind.answers?.passer);
      expect(state.control.waiting).toEqual(["after"]);
      expect(state.control.trail.map((entry) => entry.event)).toContain("HANDOFF.after");
    });

  it("produces in a loop", async () => {
    const reviewer = agent({ id: "reviewer", run: () => approve() });
    const state = await run(
      loop({ name: "team", producer: kind.worker("it"), reviewers: [reviewer] }).compile(saver()),
      kind.answers?.worker,
    );
    expect(loopResult(state)).toMatchObject({ approved: true, iteration: 1 });
  });

  it("is a member of a hierarchy, and has a part in its result", async () => {
    const team = hierarchical({
      name: "team",
      members: [withTask(kind.worker("it"), "Do your part."), agent({ id: "other", run: () => "mine" })],
    });
    const state = await run(team.compile(saver()), kind.answers?.worker);
    expect(state.results["aggregate"]?.data).toMatchObject({ from: ["it", "other"], failed: [] });
  });

  it("votes, by what its reply is read as", async () => {
    const jury = consensus({ name: "team", voters: [kind.worker("it")], ballot: ({ content }) => ({ choice: content }) });
    expect(consensusResult(await run(jury.compile(saver()), kind.answers?.worker))).toMatchObject({ consensus: true, supporters: ["it"] });
  });

  it("is routed to, and keeps the conversation", async () => {
    const graph = router({ name: "team", agents: [kind.worker("it")], rules: [{ to: "it", when: {} }] }).compile(saver());
    await run(graph, kind.answers?.worker);
    expect((await run(graph, kind.answers?.worker, ask("and then?"))).control.waiting).toEqual(["it"]);
  });

  it("takes its turn in a role, and answers beside others", async () => {
    const rotating = roundRobin({ name: "team", roles: { role: { agents: [kind.worker("it")] } } });
    expect(by((await run(rotating.compile(saver()), kind.answers?.worker)).messages, "it")).not.toEqual([]);
    const calling = broadcast({
      name: "team",
      roles: { role: { agents: [kind.worker("it"), agent({ id: "other", run: () => "mine" })] } },
    });
    expect((await run(calling.compile(saver()), kind.answers?.worker)).results).toMatchObject({
      it: { status: "ok" },
      other: { status: "ok" },
    });
  });

  it("does work that QA signs", async () => {
    const qa = agent({ id: "qa", run: () => sign([{ id: "A1", met: true, evidence: "seen" }]) });
    const gate = qaGated({ name: "team", charter: { goal: "Done", criteria: ["it is done"] }, implementer: kind.worker("it"), qa });
    const state = await run(gate.compile(saver()), kind.answers?.implementer ?? kind.answers?.worker);
    expect(qaResult(state).records[0]?.changed).toMatch(/done|heard/);
    expect(state.control.done).toBe(true);
  });

  const { judge } = kind;
  if (judge !== undefined)
    it("reviews in a loop", async () => {
      const made = judge("it");
      const state = await run(loop({ name: "team", producer: after(), reviewers: [made] }).compile(saver()), kind.answers?.judge);
      expect(loopResult(state)).toMatchObject({ approved: true, feedback: [{ reviewer: "it", approved: true }] });
    });
});
