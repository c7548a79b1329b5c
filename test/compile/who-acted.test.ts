import { Command, interrupt, isInterrupted, MemorySaver, StateGraph, StateSchema, MessagesValue } from "@langchain/langgraph";
import { tool } from "@langchain/core/tools";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMachine } from "xstate";
import { z } from "zod";
import {
  agent,
  defineOrchestration,
  human,
  orchestratorWorker,
  parallel,
  reply,
  sequential,
  type Agent,
  type ApprovalQuestion,
  type BaseState,
  type TrailEntry,
} from "../../index.js";
import { callTool, KillableSaver, scriptedModel } from "../../testing/index.js";

const says = (content: string) => ({ messages: [{ role: "user" as const, content }] });
const as = (user_id?: unknown, more: object = {}) => ({
  configurable: { thread_id: "1", ...(user_id === undefined ? {} : { user_id }), ...more },
});

interface Shown {
  readonly id: string;
  readonly value: ApprovalQuestion;
}
const shown = (state: unknown): readonly Shown[] => (isInterrupted(state) ? (state.__interrupt__ as unknown as readonly Shown[]) : []); // only approvals are asked where it is used

type Decide = (id: string) => object;
const approve: Decide = (id) => ({ id, decision: "approve" });
const reject: Decide = (id) => ({ id, decision: "reject", reason: "too dear" });
const edit: Decide = (id) => ({ id, decision: "edit", args: { note: "secret-2" } });
const answer = (asked: readonly Shown[], decide: Decide) =>
  new Command({
    resume: Object.fromEntries(
      asked.map(({ id, value }) => [id, { nonce: value.nonce, decisions: value.requests.map((request) => decide(request.id)) }]),
    ),
  });

const controlOf = async (graph: { getState(config: object): Promise<{ readonly values: unknown }> }) =>
  ((await graph.getState(as())).values as BaseState).control;

/** Who did what, without when. */
const told = (state: unknown) =>
  (state as BaseState).control.trail.map(({ by, user, event, answer: given }) => [user, by, given?.decision ?? given?.kind ?? event]);
const answersIn = (state: unknown): TrailEntry[] => (state as BaseState).control.trail.filter((entry) => entry.answer !== undefined);

/** A chart that nobody but events from outside moves. */
const gate = defineOrchestration({
  name: "gate",
  machine: createMachine({
    id: "gate",
    initial: "open",
    states: {
      open: { tags: "waits", on: { APPROVE: "working", INPUT: "read" } },
      read: { tags: "waits", on: { APPROVE: "working", REJECT: "open" } },
      working: { on: { DONE: "open" } },
    },
  }),
  agents: { working: agent({ id: "worker", run: () => "Worked." }) },
});

const DOORS = {
  "an event as input": (graph, config, type) => graph.invoke({ control: { type } }, config),
  "an event with a message": (graph, config, type) => graph.invoke({ ...says("now"), control: { type } }, config),
  "an event in a command": (graph, config, type) => graph.invoke(new Command({ update: { control: { type } } }), config),
  "a state edit": async (graph, config, type) => {
    await graph.updateState(config, { control: { type } } as never);
    await graph.invoke(null, config);
  },
} satisfies Record<string, (graph: ReturnType<typeof gate.compile>, config: ReturnType<typeof as>, type: string) => Promise<unknown>>;

describe("who sent an event is in the trail", () => {
  it("whichever door it comes through, in whatever order, and nobody else's: what agents do has no user", async () => {
    const door = fc.constantFrom(...Object.values(DOORS));
    const call = fc.record({ door, user: fc.option(fc.constantFrom("ann", "bob", 7), { nil: undefined }) });
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 5 }), async (calls) => {
        const graph = gate.compile({ checkpointer: new MemorySaver() });
        const expected: unknown[] = [];
        for (const { door: send, user } of calls) {
          await send(graph, as(user), "APPROVE");
          expected.push(user === undefined ? undefined : String(user));
        }
        const { trail } = await controlOf(graph);
        expect(trail.filter(({ event }) => event === "APPROVE").map((entry) => entry.user)).toEqual(expected);
        expect(trail.filter(({ event }) => event === "DONE").map((entry) => "user" in entry)).toEqual(calls.map(() => false));
        for (const { event, user } of trail.filter((entry) => entry.event === "INPUT"))
          expect([event, expected.includes(user)]).toEqual(["INPUT", true]);
      }),
      { numRuns: 15 },
    );
  });

  it("whom the server has authenticated counts more than whom the call names", async () => {
    const graph = gate.compile({ checkpointer: new MemorySaver() });
    const person = { identity: "carol", permissions: [] };
    await graph.invoke({ control: { type: "APPROVE" } }, as("boss", { langgraph_auth_user_id: "ann", langgraph_auth_user: person }));
    await graph.invoke({ control: { type: "APPROVE" } }, as("boss", { langgraph_auth_user: person }));
    await graph.withConfig(as("dan")).invoke({ control: { type: "APPROVE" } });
    const { trail } = await controlOf(graph);
    expect(trail.flatMap(({ user }) => user ?? [])).toEqual(["ann", "carol", "dan"]);
  });

  it("what is no id is refused before anything is written; no name is nobody", async () => {
    const graph = gate.compile({ checkpointer: new MemorySaver() });
    for (const user of [{}, ["ann"], true, "x".repeat(257), Number.NaN]) {
      await expect(graph.invoke(says("hi"), as(user))).rejects.toMatchObject({ code: "INVALID_REQUEST", subject: "configurable.user_id" });
      await expect(graph.updateState(as(user), says("hi"))).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    }
    expect((await graph.getState(as())).values).toEqual({});
    for (const user of [null, "", "x".repeat(256)]) await graph.invoke({ control: { type: "APPROVE" } }, as(user));
    const { trail } = await controlOf(graph);
    expect(trail.flatMap(({ user }) => user ?? [])).toEqual(["x".repeat(256)]);
  });

  it("who tried what the chart refuses is in the record of the refusal, and nobody can name another in the event", async () => {
    const graph = gate.compile({ checkpointer: new MemorySaver() });
    const forged = { type: "APPROVE", meta: { by: "boss", user: "boss", at: 0 } };
    await graph.invoke({ control: forged }, as("ann"));
    expect((await controlOf(graph)).trail[0]).toMatchObject({ by: "user", user: "ann", event: "APPROVE" });
    const event = { type: "phasegraph.answer", answers: [{ kind: "approval", tool: "pay", decision: "approve" }] };
    await expect(graph.invoke({ control: event }, as("ann"))).rejects.toMatchObject({ code: "ILLEGAL_TRANSITION" });
    await expect(graph.updateState(as("ann"), { control: event })).rejects.toMatchObject({ code: "ILLEGAL_TRANSITION" });
  });
});

/** A clerk that asks before it pays, so many times. */
function clerk(times: number, paid: string[] = []): Agent {
  const pay = tool(({ note }) => `paid ${paid.push(note)}`, { name: "pay", description: "Pays.", schema: z.object({ note: z.string() }) });
  const calls = Array.from({ length: times }, () => callTool("pay", { note: "secret-1" }));
  return agent({ id: "clerk", model: scriptedModel([...calls, "Done."]), tools: [pay], approval: ["pay"] });
}

type Team = ReturnType<typeof sequential>;
const planned = (worker: Agent): Team =>
  orchestratorWorker({
    name: "plan",
    planner: agent({ id: "planner", run: () => reply("", { data: { tasks: [{ id: "t1", agent: worker.id, input: "go" }] } }) }),
    workers: [worker],
    synthesizer: agent({ id: "last", run: () => "end" }),
  }) as never;

const PLACES: Readonly<Record<string, readonly [put: (one: Agent) => Team, where: object]>> = {
  "in a line": [(one) => sequential({ name: "line", agents: [one] }) as never, {}],
  "in a branch": [(one) => parallel({ name: "pair", branches: [one] }) as never, {}],
  "in a team in a team": [
    (one) => sequential({ name: "house", agents: [sequential({ name: "inner", agents: [one] })] }) as never,
    { within: "inner" },
  ],
  "in a task of a plan": [planned, { task: "t1" }],
  "in a team in a task": [(one) => planned(sequential({ name: "inner", agents: [one] })), { task: "t1" }],
};

describe.each(Object.entries(PLACES))("an approval asked %s", (_name, [put, where]) => {
  it("has an entry for each call in the trail of the thread: who, what, which call and agent, and neither arguments nor words", async () => {
    const graph = put(clerk(3)).compile({ checkpointer: new MemorySaver() });
    let state: unknown = await graph.invoke(says("go") as never, as("ann"));
    for (const [user, decide] of [
      ["bob", approve],
      ["cy", reject],
      ["dan", edit],
    ] as const)
      // prettier-ignore
      state = await graph.invoke(answer(shown(state), decide) as never, as(user));
    expect(shown(state)).toEqual([]);
    const entries = answersIn(state);
    expect(entries.map(({ user, answer: given, reason }) => [user, given?.decision, reason])).toEqual([
      ["bob", "approve", undefined],
      ["cy", "reject", "too dear"],
      ["dan", "edit", undefined],
    ]);
    for (const { by, at, answer: given } of entries) {
      expect([by, at > 0]).toEqual(["user", true]);
      expect(given).toMatchObject({ kind: "approval", agent: "clerk", tool: "pay", call: expect.stringMatching(/./) as string, ...where });
    }
    expect(new Set(entries.map(({ answer: given }) => given?.call)).size).toBe(3);
    expect(JSON.stringify((state as BaseState).control)).not.toMatch(/secret/);
    expect(told(state).filter(([user, by]) => user !== undefined && by !== "user")).toEqual([]); // what agents did is theirs
  });
});

describe("who answered", () => {
  it("a person of the team, in words or with an event: the answer and what the chart made of it", async () => {
    const inner = sequential({ name: "inner", agents: [human({ id: "boss" }), agent({ id: "after", run: () => "ok" })] });
    const graph = sequential({ name: "s", agents: [inner, human({ id: "chief" })] }).compile({ checkpointer: new MemorySaver() });
    await graph.invoke(says("go"), as("ann"));
    await graph.invoke(new Command({ resume: "fine" }), as("bob"));
    const state = await graph.invoke(new Command({ resume: { event: { type: "DONE" } } }), as("cy"));
    expect(told(state)).toEqual([
      ["bob", "user", "human"],
      [undefined, "inner", "DONE"],
      ["cy", "user", "human"],
      ["cy", "chief", "DONE"],
    ]);
  });

  it("any other question, and LangChain's human-in-the-loop form with its tools", async () => {
    const review = {
      actionRequests: [
        { name: "pay", args: { to: "secret" } },
        { name: "look", args: {} },
      ],
    };
    const asker = agent({ id: "asker", run: () => [interrupt("Go on?"), interrupt(review)].length.toString() });
    const graph = sequential({ name: "s", agents: [asker] }).compile({ checkpointer: new MemorySaver() });
    await graph.invoke(says("go"), as("ann"));
    await graph.invoke(new Command({ resume: "yes" }), as("bob"));
    const state = await graph.invoke(new Command({ resume: { decisions: [{ type: "approve" }, { type: "reject" }] } }), as("cy"));
    expect(answersIn(state).map(({ user, answer: given }) => [user, given?.kind, given?.agent, given?.tool, given?.decision])).toEqual([
      ["bob", "question", "asker", undefined, undefined],
      ["cy", "question", "asker", "pay", "approve"],
      ["cy", "question", "asker", "look", "reject"],
    ]);
    expect(JSON.stringify(state.control)).not.toContain("secret");
  });

  it("an incomplete answer decides nothing, and is no entry", async () => {
    const graph = sequential({ name: "s", agents: [clerk(1)] }).compile({ checkpointer: new MemorySaver() });
    const [asked] = shown(await graph.invoke(says("go"), as("ann")));
    const state = await graph.invoke(new Command({ resume: { nonce: asked?.value.nonce, decisions: [] } }), as("bob"));
    expect(answersIn(state)).toEqual([]);
    expect(answersIn(await graph.invoke(answer(shown(state), approve), as("bob")))).toHaveLength(1);
  });

  it("stays when a new message gives the turn up, and when the state is edited", async () => {
    for (const giveUp of ["message", "edit"] as const) {
      const graph = sequential({ name: "s", agents: [clerk(2)] }).compile({ checkpointer: new MemorySaver() });
      const first = shown(await graph.invoke(says("go"), as("ann")));
      await graph.invoke(answer(first, approve), as("bob"));
      const { config } = await graph.getState(as());
      if (giveUp === "edit") await graph.updateState(config, says("stop"));
      else await graph.invoke(says("stop"), as("ann")).catch(() => undefined); // the model has nothing more to say
      const entries = answersIn((await graph.getState(as())).values);
      expect(entries.map(({ user, answer: given }) => [user, given?.decision])).toEqual([["bob", "approve"]]);
    }
  });

  it("is whoever answered and no other, wherever the process dies and whoever goes on", async () => {
    const open = (saver: KillableSaver) =>
      sequential({ name: "s", agents: [clerk(2)] }).compile({ checkpointer: saver, durability: "sync" });
    const run = async (graph: ReturnType<typeof open>, known: number): Promise<void> => {
      const state = known === 0 ? await graph.invoke(says("go"), as("ann")) : await graph.invoke(null, as("eve"));
      let asked = shown(state);
      for (const user of ["bob", "cy"]) {
        if (asked.length === 0) return;
        asked = shown(await graph.invoke(answer(asked, approve), as(user)));
      }
    };
    const whole = new KillableSaver();
    await run(open(whole), 0);
    for (let writes = 1; writes < whole.stored; writes += 1) {
      const saver = new KillableSaver();
      saver.killAfter(writes);
      await run(open(saver), 0).catch(() => undefined);
      saver.revive();
      await run(open(saver), writes).catch(() => undefined); // the scripted model begins anew, and may have no more to say
      const { trail, seq } = await controlOf(open(saver));
      expect(trail.map((entry) => entry.seq)).toEqual(Array.from({ length: seq }, (_, index) => index + 1));
      const named = trail.filter((entry) => entry.answer !== undefined);
      expect(named.every(({ user }) => user === "bob" || user === "cy")).toBe(true);
    }
  });

  it("is kept as long as the trail has room, and not at all where there is no trail", async () => {
    for (const [trailLimit, kept] of [
      [2, 2],
      [0, 0],
    ] as const) {
      // prettier-ignore
      const team = sequential({ name: "s", agents: [clerk(3)], trailLimit });
      const graph = team.compile({ checkpointer: new MemorySaver() });
      let state: unknown = await graph.invoke(says("go"), as("ann"));
      for (let round = 0; round < 3; round += 1) state = await graph.invoke(answer(shown(state), approve), as("bob"));
      expect((state as BaseState).control.trail).toHaveLength(kept);
      expect((state as BaseState).control.seq).toBe(4);
    }
  });

  it("two branches that ask at once, answered by two people, one after the other", async () => {
    const twin = (id: string) => ({ ...clerk(1), id });
    const team = parallel({ name: "pair", branches: [twin("a"), twin("b")] });
    const graph = team.compile({ checkpointer: new MemorySaver() });
    const [one, other] = shown(await graph.invoke(says("go"), as("ann")));
    if (one === undefined || other === undefined) throw new Error("two are asked");
    await graph.invoke(answer([other], reject), as("cy"));
    const state = await graph.invoke(answer([one], approve), as("bob"));
    const entries = answersIn(state).map(({ user, answer: given }) => [user, given?.decision, given?.question]);
    expect(entries).toEqual([
      ["cy", "reject", other.value.nonce],
      ["bob", "approve", one.value.nonce],
    ]);
  });

  it("inside a graph of LangGraph's own the callers are named too", async () => {
    const team = sequential({ name: "s", agents: [human({ id: "boss" })] });
    const state = new StateSchema({ messages: MessagesValue });
    const inner = team.compile();
    let seen: BaseState | undefined;
    const outer = new StateGraph(state)
      .addNode("team", async (given, config) => {
        const after = await inner.invoke({ messages: given.messages }, config);
        seen = after;
        return { messages: after.messages };
      })
      .addEdge("__start__", "team")
      .compile({ checkpointer: new MemorySaver() });
    await outer.invoke(says("go"), as("ann"));
    await outer.invoke(new Command({ resume: "fine" }), as("bob"));
    expect(told(seen)).toEqual([["bob", "boss", "DONE"]]);
  });
});
