import { tool } from "@langchain/core/tools";
import { MemorySaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { createMachine } from "xstate";
import { z } from "zod";
import {
  agent,
  broadcast,
  consensus,
  consensusResult,
  defineOrchestration,
  hierarchical,
  mapReduce,
  mapped,
  orchestratorWorker,
  parallel,
  PhasegraphError,
  pipeline,
  reply,
  roundRobin,
  router,
  supervisor,
  swarm,
} from "../../index.js";
import { set } from "../../src/statechart/index.js";
import { callTool, scriptedModel } from "../../testing/index.js";
import { says } from "../attacks/desk.js";

const NAMES = ["constructor", "toString", "valueOf", "hasOwnProperty", "__proto__", "__defineGetter__", "then"] as const;

const on = (thread_id: string) => ({ configurable: { thread_id } });
const speaks = (id: string) => agent({ id, run: () => `said by ${id}` });
const saver = () => new MemorySaver();

/** Where a name may stand. Each run gives what the thread's last words are to be. */
const places: Readonly<Record<string, (name: string) => Promise<readonly [got: unknown, wanted: unknown]>>> = {
  "a task of a plan": async (name) => {
    const tasks = [
      { id: name, input: "one" },
      { id: "after", input: "two", dependsOn: [name] },
    ];
    const planner = agent({ id: "planner", run: () => reply("", { data: { tasks } }) });
    const team = orchestratorWorker({ name: "odd", planner, workers: [agent({ id: "w", run: (turn) => `did ${turn.task?.id}` })] });
    const state = await team.compile({ checkpointer: saver() }).invoke(says("go"), on("t"));
    return [state.messages.at(-1)?.text.includes(`did ${name}`), true];
  },
  "a choice of a vote": async (name) => {
    const voters = ["x", "y"].map((id) => agent({ id, run: () => reply("", { data: { choice: name } }) }));
    const state = await consensus({ name: "odd", choices: [name, "other"], voters })
      .compile()
      .invoke(says("go"));
    return [consensusResult(state)?.winner?.toLowerCase(), name.toLowerCase()];
  },
  "a worker of a supervisor": async (name) => {
    const model = scriptedModel([callTool("delegate", { worker: name, task: "do" }), "all done"]);
    const team = supervisor({ name: "odd", supervisor: agent({ id: "boss", model }), workers: [speaks(name), speaks("other")] } as never);
    await team.compile({ checkpointer: saver() }).invoke(says("go"), on("t"));
    return [true, true];
  },
  "a branch": async (name) => {
    const state = await parallel({ name: "odd", branches: [speaks(name), speaks("other")] })
      .compile()
      .invoke(says("go"));
    return [state.messages.some((message) => message.text === `said by ${name}`), true];
  },
  "a member of a hierarchy": async (name) => {
    const state = await hierarchical({ name: "odd", members: [speaks(name), speaks("other")] })
      .compile()
      .invoke(says("go"));
    return [state.messages.at(-1)?.text.includes(`said by ${name}`), true];
  },
  "a role": async (name) => {
    const state = await roundRobin({ name: "odd", roles: { [name]: { agents: [speaks("c")] } } } as never)
      .compile()
      .invoke(says("go"));
    return [state.messages.at(-1)?.text, "said by c"];
  },
  "a role that hears a broadcast": async (name) => {
    const roles = { [name]: { agents: [speaks("c")] }, other: { agents: [speaks("d")] } };
    const state = await broadcast({ name: "odd", roles } as never)
      .compile()
      .invoke(says("go"));
    return [state.messages.some((message) => message.text === "said by c"), true];
  },
  "a stage of a pipeline": async (name) => {
    const stages = [{ phase: name, agent: speaks("a") }];
    const state = await pipeline({ name: "odd", waits: false, stages } as never)
      .compile()
      .invoke(says("go"));
    return [state.messages.at(-1)?.text, "said by a"];
  },
  "the phase of an agent of a router": async (name) => {
    const team = router({ name: "odd", agents: [speaks("a")], default: "a", phaseMap: { a: name } });
    const state = await team.compile().invoke(says("go"));
    return [state.control.context["phase"], name];
  },
  "what a message is about": async (name) => {
    const team = router({
      name: "odd",
      agents: [speaks("a")],
      rules: [{ to: "a", when: { intents: [name] } }],
      about: () => ({ intent: name }),
    });
    const state = await team.compile().invoke(says("go"));
    return [state.messages.at(-1)?.text, "said by a"];
  },
  "a tool": async (name) => {
    const own = tool(() => "ran", { name, description: "Runs.", schema: z.object({}) });
    const model = scriptedModel([callTool(name, {}), "done"]);
    const state = await swarm({ name: "odd", agents: [agent({ id: "a", model, tools: [own] })] })
      .compile()
      .invoke(says("go"));
    return [state.messages.at(-2)?.text, "ran"];
  },
  "a tool that there is not": async (name) => {
    const own = tool(() => "ran", { name: "real", description: "Runs.", schema: z.object({}) });
    const model = scriptedModel([callTool(name, {}), "done"]);
    const state = await swarm({ name: "odd", agents: [agent({ id: "a", model, tools: [own] })] })
      .compile()
      .invoke(says("go"));
    return [state.messages.at(-2)?.text, `Error: There is no tool "${name}"; there are: real.`];
  },
  "a key of an item's data": async (name) => {
    const item: unknown = JSON.parse(`{"${name}": 1}`);
    const mapper = agent({ id: "m", run: (turn) => JSON.stringify(turn.task?.data) });
    const state = await mapReduce({ name: "odd", items: () => [item], mapper })
      .compile({ checkpointer: saver() })
      .invoke(says("go"), on("t"));
    return [mapped(state)[0]?.content, JSON.stringify(item)];
  },
  "a key of a result's data": async (name) => {
    const data: unknown = JSON.parse(`{"${name}": 1}`);
    const one = swarm({ name: "odd", agents: [agent({ id: "a", run: () => reply("x", { data }) })] }).compile({ checkpointer: saver() });
    await one.invoke(says("go"), on("t"));
    const { values } = await one.getState(on("t"));
    return [JSON.stringify(values.results["a"]?.data), JSON.stringify(data)];
  },
  "a key of the context": async (name) => {
    const machine = createMachine({
      context: {},
      initial: "a",
      states: { a: { on: { DONE: { target: "end", actions: [set(name, 1)] } } }, end: { type: "final" } },
    } as never);
    const team = defineOrchestration({ name: "odd", machine, agents: { a: speaks("a") } as never });
    const state = await team.compile().invoke(says("go"));
    return [Object.entries(state.control.context), [[name, 1]]];
  },
};

describe.each(Object.keys(places))("%s", (place) => {
  it.each(NAMES)("called %s works, or is refused with a typed error", async (name) => {
    try {
      const [got, wanted] = (await places[place]?.(name)) ?? [];
      expect(got).toEqual(wanted);
    } catch (error) {
      if (!(error instanceof PhasegraphError)) throw error;
      expect(error.message).toContain(name);
    }
  });
});
