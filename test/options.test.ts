import { MemorySaver } from "@langchain/langgraph";
import { tool } from "@langchain/core/tools";
import { describe, expect, it } from "vitest";
import { createMachine } from "xstate";
import { z } from "zod";
import * as phasegraph from "../index.js";
import log from "./fixtures/magentic-one/3.json" with { type: "json" };
import { callTool, everyEdge, patternContract, readMagenticLog, replayMagentic, scriptedModel } from "../testing/index.js";
import { SqliteCheckpointer, SqliteStore } from "../src/sqlite/index.js";
import { idle } from "./patterns/subjects.js";

const { agent, InvalidDefinitionError, InvalidRequestError, swarm } = phasegraph;

/** Definitions come from plain JavaScript and from configuration too, where no compiler looks. */
type Loose = Readonly<Record<string, unknown>>;
const raw = <T>(value: unknown): T => value as T;

/** A way to write options, with what is right; what stands beside the definition comes after it. */
type Call = readonly [right: Loose | readonly Loose[], call: (options: never) => unknown];

const [a, b] = [idle("a"), idle("b")];
const machine = createMachine({ initial: "p", states: { p: { on: { DONE: "end" } }, end: { type: "final" } } });
const model = scriptedModel([]);
const lookup = tool(() => "", { name: "lookup", description: "l", schema: z.object({}) });
const graph = agent({ id: "inner", run: () => "x" });
const inner = phasegraph.sequential({ name: "inner-team", agents: [graph] }).compile();
const turn = raw<phasegraph.Turn>({ clock: { id: () => "1", now: () => 0 }, agent: "boss" });

/** Every function of the door that takes options, with each of its objects of options. */
const CALLS: Readonly<Record<string, readonly Call[]>> = {
  agent: [
    [{ id: "f", run: () => "" }, phasegraph.agent],
    [{ id: "m", model, tools: [lookup], approval: ["lookup"] }, phasegraph.agent],
    [{ modelCalls: 3 }, (limits: never) => phasegraph.agent({ id: "m", model, limits })],
    [{ id: "g", graph: inner }, phasegraph.agent],
    [{ modelCalls: 3 }, (limits: never) => phasegraph.agent({ id: "g", graph: inner, limits })],
  ],
  broadcast: [
    [{ name: "x", roles: { r: { agents: [a] } } }, phasegraph.broadcast],
    [{ agents: [a] }, (role: never) => phasegraph.broadcast({ name: "x", roles: { r: role } })],
  ],
  consensus: [
    [{ name: "x", voters: [a, b] }, phasegraph.consensus],
    [{ chair: "a" }, (ties: never) => phasegraph.consensus({ name: "x", voters: [a, b], ties })],
  ],
  conversationLog: [[{ agent: "a" }, (filter: never) => phasegraph.conversationLog([], filter)]],
  decompose: [[{ maxTasks: 3 }, (options: never) => phasegraph.decompose("Do it.", "parallel", options)]],
  defineOrchestration: [
    [{ name: "x", machine, agents: { p: a } }, phasegraph.defineOrchestration],
    [{ steps: 3 }, (limits: never) => phasegraph.sequential({ name: "x", agents: [a], limits })],
    [{ durability: "sync" }, (options: never) => phasegraph.sequential({ name: "x", agents: [a] }).compile(options)],
  ],
  delegate: [[[{ worker: "a", task: "t" }], (assignments: never) => phasegraph.delegate(turn, assignments)]],
  estimatePlan: [[{ concurrency: 2 }, (options: never) => phasegraph.estimatePlan([], options)]],
  executor: [
    [{ id: "x", workers: [a], tasks: () => [] }, phasegraph.executor],
    [{ initial: 0, step: () => 0 }, (fold: never) => phasegraph.executor({ id: "x", workers: [a], tasks: () => [], fold })],
  ],
  handoff: [[{ reason: "r" }, (options: never) => phasegraph.handoff("a", options)]],
  hierarchical: [[{ name: "x", members: [a] }, phasegraph.hierarchical]],
  human: [[{ id: "x" }, phasegraph.human]],
  ledger: [[{ limit: 3 }, phasegraph.ledger]],
  loop: [[{ name: "x", producer: a, reviewers: [b] }, phasegraph.loop]],
  magentic: [[{ name: "x", orchestrator: () => "", team: [a] }, phasegraph.magentic]],
  mapReduce: [[{ name: "x", items: () => [], mapper: a }, phasegraph.mapReduce]],
  note: [[{ scope: "own" }, (options: never) => phasegraph.note(turn, "fact", "text", options)]],
  orchestratorWorker: [
    [{ name: "x", planner: a, workers: [b] }, phasegraph.orchestratorWorker],
    [{ cost: () => 1 }, (estimate: never) => phasegraph.orchestratorWorker({ name: "x", planner: a, workers: [b], estimate })],
  ],
  parallel: [[{ name: "x", branches: [a] }, phasegraph.parallel]],
  pipeline: [
    [{ name: "x", stages: [{ phase: "p", agent: a }] }, phasegraph.pipeline],
    [{ phase: "p", agent: a }, (stage: never) => phasegraph.pipeline({ name: "x", stages: [stage] })],
  ],
  planner: [[{ id: "x", workers: [a] }, phasegraph.planner]],
  qaGated: [[{ name: "x", planner: idle("p"), implementer: a, qa: b }, phasegraph.qaGated]],
  readNotes: [[{ reader: "a" }, (filter: never) => phasegraph.readNotes([], filter)]],
  reply: [[{ data: 1 }, (options: never) => phasegraph.reply("x", options)]],
  roleChain: [[{ name: "x", roles: { r: { agents: [a] } } }, phasegraph.roleChain]],
  roundRobin: [[{ name: "x", roles: { r: { lite: [a] } } }, phasegraph.roundRobin]],
  router: [
    [{ name: "x", agents: [a] }, phasegraph.router],
    [{ to: "a", when: {} }, (rule: never) => phasegraph.router({ name: "x", agents: [a], rules: [rule] })],
    [{ intents: ["i"] }, (when: never) => phasegraph.router({ name: "x", agents: [a], rules: [{ to: "a", when }] })],
  ],
  send: [[{ data: 1 }, (options: never) => phasegraph.send("GO", options)]],
  sequential: [[{ name: "x", agents: [a] }, phasegraph.sequential]],
  specialist: [[{ model }, (definition: never) => phasegraph.specialist("Coder", definition)]],
  strategies: [[{ name: "x", strategies: [a] }, phasegraph.strategies]],
  supervisor: [[{ name: "x", supervisor: a, workers: [b] }, phasegraph.supervisor]],
  swarm: [[{ name: "x", agents: [a] }, phasegraph.swarm]],
  vote: [[{ confidence: 1 }, (options: never) => phasegraph.vote("yes", options)]],
};

const commanding = (command: unknown) => tool(() => command as string, { name: "lookup", description: "l", schema: z.object({}) });
const store = () => new SqliteStore(":memory:");

/** What the other doors take options for: an option of each, and where it is given. */
const DOORS: Readonly<Record<string, readonly [key: string, call: (options: never) => unknown]>> = {
  SqliteCheckpointer: ["cacheBytes", (options) => new SqliteCheckpointer(":memory:", options)],
  "SqliteCheckpointer.fromFile": ["busyTimeout", (options) => SqliteCheckpointer.fromFile(":memory:", options)],
  "SqliteCheckpointer's retention": ["keepLast", (retention) => new SqliteCheckpointer(":memory:", { retention })],
  "SqliteCheckpointer.prune": ["keepMilliseconds", (options) => new SqliteCheckpointer(":memory:").prune(options)],
  SqliteStore: ["synchronous", (options) => new SqliteStore(":memory:", options)],
  "SqliteStore's index": ["embeddings", (index) => new SqliteStore(":memory:", { index })],
  "SqliteStore's ttl": ["refreshOnRead", (ttl) => new SqliteStore(":memory:", { ttl })],
  "SqliteStore.get": ["refreshTtl", (options) => store().get(["a"], "k", options)],
  "SqliteStore.search": ["ranking", (options) => store().search(["a"], options)],
  "SqliteStore.put": ["ttl", (options) => store().put(["a"], "k", {}, undefined, options)],
  everyEdge: ["maxStates", (options) => everyEdge(swarm({ name: "x", agents: [a, b] }).chart, options)],
  patternContract: ["unreachable", (options) => patternContract(swarm({ name: "x", agents: [a, b] }), options)],
  replayMagentic: ["maxRounds", (limits) => replayMagentic(readMagenticLog(log), limits)],
};

/** Functions without options, and those whose one argument is read by a schema of its own, or is a value and no option. */
const WITHOUT_OPTIONS = new Set(
  [
    [
      "abstain",
      "approve",
      "revise",
      "estimateComplexity",
      "normalPath",
      "charterFrom",
      "charterMarkdown",
      "charterReader",
      "charterWriter",
    ],
    ["consensusResult", "envelopeOf", "idempotencyKey", "loopResult", "magenticResult", "mapped", "openDelegations", "planOf", "qaResult"],
    ["readCharter", "readPlan", "readRecord", "repairHistory", "suggestAgent", "tasksOf", "watch", "withTask", "OrchestrationGraph"],
    ["recordChange", "sign", "teamOf", "writeCharter"],
  ].flat(),
);

function issuesOf(call: () => unknown): readonly { readonly path: string; readonly code: string; readonly message: string }[] {
  try {
    call();
  } catch (error) {
    if (error instanceof InvalidDefinitionError) return error.issues;
    throw error;
  }
  return [];
}

const withKey = (right: Call[0], key: string): unknown =>
  Array.isArray(right) ? right.map((one: Loose) => ({ ...one, [key]: true })) : { ...(right as Loose), [key]: true };

/** The names of all options, as an error tells them. */
function namesOf([right, call]: Call): string[] {
  const [issue] = issuesOf(() => call(withKey(right, "qqqqqqqqqqqqqqqq") as never));
  return issue?.message.replace(/^.*there are /, "").split(", ") ?? [];
}

describe("H4 nothing is ignored in silence", () => {
  it("every function of the door that takes options is in this contract", () => {
    const isClass = (value: unknown): boolean => typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));
    const functions = Object.entries(phasegraph).filter(([, value]) => typeof value === "function" && !isClass(value));
    const unknown = functions.map(([name]) => name).filter((name) => !(name in CALLS) && !WITHOUT_OPTIONS.has(name));
    expect(unknown).toEqual([]);
  });

  for (const [name, calls] of Object.entries(CALLS)) {
    it.each(calls.map((call, index) => [index, call] as const))(
      `${name} names the right option for every misspelt one (%i)`,
      (_index, call) => {
        const [right, define] = call;
        expect(issuesOf(() => define(right as never))).toEqual([]);
        const names = namesOf(call);
        expect(names.length).toBeGreaterThan(0);
        for (const key of names) {
          const misspelt = `${key}${key.at(-1)}`;
          const issues = issuesOf(() => define(withKey(right, misspelt) as never));
          expect(issues.map((issue) => [issue.code, issue.path.split(".").at(-1)])).toEqual([["UNKNOWN_OPTION", misspelt]]);
          expect(issues[0]?.message).toContain(`did you mean "${key}"?`);
        }
      },
    );

    it.each(calls.map((call, index) => [index, call] as const))(
      `${name} takes nothing but an object of options (%i)`,
      (_index, [, define]) => {
        for (const given of ["text", 7, null, true]) expect(issuesOf(() => define(given as never))).not.toEqual([]);
      },
    );
  }

  it("what is missing, no list or no agent is told with what to give", () => {
    const told = (definition: unknown) =>
      issuesOf(() => swarm(raw<never>(definition))).map(({ path, code, message }) => `${code} ${path}: ${message}`);
    expect(told({ agents: [a] })).toEqual(["MISSING name: it is missing; give a text"]);
    expect(told({ name: "x" })).toEqual(["MISSING agents: it is missing; give a list of agents"]);
    expect(told({ name: "x", agents: a })).toEqual(["BAD_VALUE agents: must be a list, not an object"]);
    expect(told({ name: "x", agents: [{ id: "f", run: () => "" }, () => "", model, "a"] })).toEqual([
      "NO_AGENT agents.0: this is no agent; give agent({ … }) of it",
      "NO_AGENT agents.1: this is no agent; give agent({ id, run: … })",
      "NO_AGENT agents.2: this is no agent; give agent({ id, graph: … }), or { id, model: … }",
      "NO_AGENT agents.3: this is no agent; make one with agent(), human() or a pattern",
    ]);
  });

  it("a saver in the place of compile's options is refused, with the way to give one", () => {
    const team = swarm({ name: "x", agents: [a] });
    expect(issuesOf(() => team.compile(raw(new MemorySaver())))[0]?.message).toContain("compile({ checkpointer: saver })");
    expect(issuesOf(() => team.compile({ checkpointer: raw({}) })).map((issue) => issue.path)).toEqual(["checkpointer"]);
  });

  it("an approval that names no tool of the agent is refused when the agent is defined", () => {
    const issues = issuesOf(() => agent({ id: "desk", model, tools: [lookup], approval: ["lokup"] }));
    expect(issues.map((issue) => `${issue.code} ${issue.path}`)).toEqual(["UNKNOWN_TOOL approval"]);
    expect(issues[0]?.message).toContain('did you mean "lookup"?');
    expect(issuesOf(() => agent({ id: "desk", model, approval: ["lookup"] }))[0]?.message).toContain("there are none");
  });

  it("an answer from a phase, or a schema for an event, that there is not is refused in every pattern", () => {
    const patterns = Object.entries(CALLS).flatMap(([, calls]) => calls.slice(0, 1)).filter(([right]) => "name" in right); // prettier-ignore
    expect(patterns.length).toBeGreaterThanOrEqual(15);
    for (const [right, define] of patterns) {
      const told = (more: Loose) => issuesOf(() => define({ ...(right as Loose), ...more } as never)).map(({ code, path }) => [code, path]);
      expect(told({ answerFrom: "nobody" })).toEqual([["UNKNOWN_PHASE", "answerFrom"]]);
      expect(told({ answerFrom: ["nobody", "no one"] })).toEqual([
        ["UNKNOWN_PHASE", "answerFrom"],
        ["UNKNOWN_PHASE", "answerFrom"],
      ]);
      expect(told({ events: { NO_SUCH_EVENT: z.object({}), "*": z.object({}) } })).toEqual([
        ["UNKNOWN_EVENT", "events.NO_SUCH_EVENT"],
        ["UNKNOWN_EVENT", "events.*"],
      ]);
    }
    const [issue] = issuesOf(() => phasegraph.sequential({ name: "x", agents: [idle("writer")], answerFrom: "writr" }));
    expect(issue?.message).toContain('did you mean "writer"?');
  });

  it.each(Object.entries(DOORS))("the option of %s that there is not is refused, with the right one", async (_name, [key, call]) => {
    const issues = await Promise.resolve()
      .then(() => call({ [`${key}${key.at(-1)}`]: 1 } as never))
      .then(() => [], (error: unknown) => (error instanceof InvalidDefinitionError ? error.issues : [])); // prettier-ignore
    expect(issues.map(({ code }) => code)).toContain("UNKNOWN_OPTION");
    expect(issues.find(({ code }) => code === "UNKNOWN_OPTION")?.message).toContain(`did you mean "${key}"?`);
  });

  it.each([
    ["a function", (command: unknown) => agent({ id: "x", run: () => command as never })],
    ["a tool", (command: unknown) => agent({ id: "x", model: scriptedModel([callTool("lookup"), "Done."]), tools: [commanding(command)] })],
  ] as const)("an answer to a person's question that %s returns is refused, as what it is", async (kind, make) => {
    const { Command } = await import("@langchain/langgraph");
    const team = phasegraph.sequential({ name: "x", agents: [make(new Command({ resume: "yes" }))] });
    const told: unknown = await team.compile().invoke({ messages: [{ role: "user", content: "hi" }] }).then(
      ({ messages }) => messages.find((message) => message.getType() === "tool")?.text,
      (error: unknown) => (error instanceof InvalidRequestError ? error.message : error),
    ); // prettier-ignore
    expect(told).toMatch(/it has an answer \(resume\)/);
    expect(String(told).startsWith("Error: ")).toBe(kind === "a tool"); // a model reads it and goes on
  });

  it("a decide that nothing would be given to is refused", () => {
    expect(issuesOf(() => agent({ id: "x", model, decide: () => phasegraph.reply("") })).map((issue) => issue.path)).toEqual(["decide"]);
  });

  it("an input with a key that is none of the state is refused before anything runs, with the right one", async () => {
    const saver = new MemorySaver();
    const team = swarm({ name: "x", agents: [a], state: { budget: z.number().optional() } }).compile({ checkpointer: saver });
    const thread = { configurable: { thread_id: "1" } };
    await expect(team.invoke(raw({ message: [{ role: "user", content: "hi" }] }), thread)).rejects.toThrow(/did you mean "messages"\?/);
    await expect(team.invoke(raw({ messages: [], budgte: 3 }), thread)).rejects.toBeInstanceOf(InvalidRequestError);
    expect((await team.getState(thread)).values).toEqual({});
    const state = await team.invoke({ messages: [{ role: "user", content: "hi" }] }, thread);
    await team.invoke(raw({ ...state, messages: [{ role: "user", content: "again" }] }), thread); // a whole state may come back
  });

  it("a jump into a phase is refused with the phase the thread is in and the events that are legal there", async () => {
    const { Command } = await import("@langchain/langgraph");
    const team = swarm({ name: "x", agents: [a, b] }).compile({ checkpointer: new MemorySaver() });
    const thread = { configurable: { thread_id: "1" } };
    await team.invoke({ messages: [{ role: "user", content: "hi" }] }, thread);
    await expect(team.invoke(raw(new Command({ goto: "b" })), thread)).rejects.toThrow(/"goto b" is not accepted in phase "a".*HANDOFF\.b/);
  });
});
