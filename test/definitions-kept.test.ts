import { tool } from "@langchain/core/tools";
import { MemorySaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { createMachine } from "xstate";
import { z } from "zod";
import * as phasegraph from "../index.js";
import { callTool, scriptedAgent, scriptedModel } from "../testing/index.js";
import { idle } from "./patterns/subjects.js";

type Loose = Readonly<Record<string, unknown>>;
type Team = ReturnType<typeof phasegraph.sequential>;

const lookup = tool(() => "found", { name: "lookup", description: "l", schema: z.object({}) });
const talker = (id = "m", more: object = {}) =>
  phasegraph.agent({
    id,
    model: scriptedModel([callTool("lookup"), ...Array.from({ length: 20 }, () => "Done.")]),
    tools: [lookup],
    ...more,
  });
const machine = createMachine({
  initial: "p",
  states: { p: { on: { DONE: "q" } }, q: { on: { DONE: "end" } }, end: { type: "final" } },
});
const alone = (one: unknown) => phasegraph.sequential({ name: "alone", agents: [one as never] });
const task = (id: string, more: object = {}) => ({ id, input: id, ...more });
const planned = (one: unknown) =>
  phasegraph.defineOrchestration({
    name: "planned",
    machine: createMachine({
      initial: "p",
      states: { p: { on: { DONE: "end", PROGRESS: { target: "p", reenter: true } } }, end: { type: "final" } },
    }),
    agents: { p: one as never },
  });
const planner = () => scriptedAgent("planner", Array.from({ length: 4 }, () => phasegraph.reply("", { data: { tasks: [task("t1"), task("t2", { dependsOn: ["t1"] })] } }))); // prettier-ignore
const roles = () => ({ coder: { agents: [idle("c"), idle("d")], lite: [idle("l")] }, tester: { lite: [idle("t")] } });

/** Every function of the door whose definition has lists: a definition with all of them, and what becomes of it. */
const DEFINITIONS: Readonly<
  Record<string, readonly [define: (given: never) => unknown, given: () => Loose, also?: (made: unknown) => Team]>
> = {
  agent: [
    phasegraph.agent,
    () => ({ id: "m", model: scriptedModel([callTool("lookup"), "x", "y"]), tools: [lookup], approval: ["lookup"] }),
    alone,
  ],
  specialist: [
    (given) => phasegraph.specialist("Coder", given),
    () => ({ model: scriptedModel([callTool("lookup"), "x"]), tools: [lookup] }),
    alone,
  ],
  executor: [
    phasegraph.executor,
    () => ({ id: "x", workers: [idle("a"), idle("b")], tasks: () => [task("t1"), task("t2", { agent: "b" })] }),
    planned,
  ],
  planner: [phasegraph.planner, () => ({ id: "planner", workers: [idle("a"), idle("b")] }), alone],
  broadcast: [phasegraph.broadcast, () => ({ name: "x", roles: roles(), answerFrom: ["c"] })],
  roundRobin: [phasegraph.roundRobin, () => ({ name: "x", roles: roles() })],
  roleChain: [phasegraph.roleChain, () => ({ name: "x", roles: roles(), chain: ["coder", "tester"] })],
  consensus: [
    phasegraph.consensus,
    () => ({ name: "x", voters: [voter("a"), voter("b")], choices: ["yes", "no"], rounds: 2, answerFrom: ["result"] }),
  ],
  hierarchical: [phasegraph.hierarchical, () => ({ name: "x", members: [idle("a"), phasegraph.withTask(idle("b"), "Do b.")] })],
  loop: [phasegraph.loop, () => ({ name: "x", producer: idle("p"), reviewers: [idle("r"), idle("s")] })],
  magentic: [phasegraph.magentic, () => ({ name: "x", orchestrator: () => "", team: [idle("a"), idle("b")], maxRounds: 2 })],
  orchestratorWorker: [phasegraph.orchestratorWorker, () => ({ name: "x", planner: planner(), workers: [idle("a"), idle("b")] })],
  parallel: [phasegraph.parallel, () => ({ name: "x", branches: [idle("a"), talker()], answerFrom: ["m", "a"] })],
  pipeline: [
    phasegraph.pipeline,
    () => ({
      name: "x",
      stages: [
        { phase: "p", agent: idle("a"), next: "q", waits: false },
        { phase: "q", agent: idle("b"), canReturnTo: ["p"] },
      ],
    }),
  ],
  qaGated: [phasegraph.qaGated, () => ({ name: "x", planner: idle("p"), implementer: idle("i"), qa: idle("q"), answerFrom: ["report"] })],
  router: [
    phasegraph.router,
    () => ({
      name: "x",
      agents: [idle("a"), idle("b")],
      rules: [
        { to: "a", when: { intents: ["hello"], sources: ["web"] } },
        { to: "b", when: {} },
      ],
      default: "b",
    }),
  ],
  sequential: [phasegraph.sequential, () => ({ name: "x", agents: [idle("a"), talker()], answerFrom: ["a", "m"] })],
  strategies: [phasegraph.strategies, () => ({ name: "x", strategies: [idle("a"), idle("b")] })],
  supervisor: [
    phasegraph.supervisor,
    () => ({
      name: "x",
      supervisor: phasegraph.agent({
        id: "boss",
        run: (turn) => (turn.results["workers"] === undefined ? phasegraph.delegate(turn, [{ task: "t" }]) : "Done."),
      }),
      workers: [idle("a"), idle("b")],
    }),
  ],
  swarm: [phasegraph.swarm, () => ({ name: "x", agents: [idle("a"), talker()], handoffs: { a: ["m"], m: ["a"] } })],
  defineOrchestration: [
    phasegraph.defineOrchestration,
    () => ({ name: "x", machine, agents: { p: idle("a"), q: talker() }, answerFrom: ["p", "q"] }),
  ],
};

const voter = (id: string) =>
  scriptedAgent(
    id,
    Array.from({ length: 6 }, () => phasegraph.vote("yes")),
  );

/** A definition whose lists tell when they are looked at after it was read; agents, tools and machines are what they are. */
function watched(value: unknown, late: string[], isRead: () => boolean, path = ""): unknown {
  const isPlain = typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  if (Array.isArray(value)) {
    const items = value.map((item, index) => watched(item, late, isRead, `${path}.${index}`));
    const get = (target: unknown[], key: string | symbol): unknown => {
      if (isRead()) late.push(path);
      return Reflect.get(target, key);
    };
    return new Proxy(items, { get });
  }
  if (!isPlain || "node" in (value as object) || "events" in (value as object)) return value;
  return Object.fromEntries(Object.entries(value as object).map(([key, item]) => [key, watched(item, late, isRead, `${path}.${key}`)]));
}

describe("K7 what was defined stays so, whatever happens to the lists it was written with", () => {
  it.each(Object.entries(DEFINITIONS))("%s", async (_name, [define, make, also]) => {
    const late: string[] = [];
    let isRead = false;
    const made = define(watched(make(), late, () => isRead) as never);
    isRead = true;
    const team = (also === undefined ? made : also(made)) as Team;
    team.verify();
    team.toMermaid();
    phasegraph.teamOf(team);
    team.withAgents((agent) => agent);
    for (const graph of [team.compile(), alone(team).compile({ checkpointer: new MemorySaver() })])
      await graph
        .invoke({ messages: [{ role: "user", content: "hello" }] } as never, { configurable: { thread_id: "1" } })
        .catch(() => undefined);
    expect([...new Set(late)]).toEqual([]);
  });

  it("every function of the door whose definition has a list is in this contract", () => {
    const WITHOUT = ["mapReduce", "human", "ledger"];
    const makers = ["agent", "specialist", ...Object.keys(phasegraph).filter((name) => /^[a-z]/.test(name))];
    const known = Object.keys(DEFINITIONS).concat(WITHOUT);
    const patterns =
      "broadcast consensus defineOrchestration executor hierarchical human ledger loop magentic mapReduce orchestratorWorker parallel";
    const rest = "pipeline planner qaGated roleChain roundRobin router sequential strategies supervisor swarm";
    for (const name of `${patterns} ${rest}`.split(" "))
      expect([name, makers.includes(name), known.includes(name)]).toEqual([name, true, true]);
  });
});
