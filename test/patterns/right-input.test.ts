import { MemorySaver, type StateSnapshot } from "@langchain/langgraph";
import type { BaseMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import {
  agent,
  broadcast,
  hierarchical,
  loop,
  mapReduce,
  parallel,
  roleChain,
  roundRobin,
  router,
  send,
  sequential,
  supervisor,
  swarm,
  type Agent,
  type Turn,
} from "../../index.js";
import { scriptedModel } from "../../testing/index.js";

const asked = ({ messages }: Pick<Turn, "messages">): string => messages.findLast((one) => one.getType() === "human")?.text ?? "";
/** A team with a model in it that says what it was asked to do. */
const team = <const Id extends string>(id: Id): Agent<Id> => {
  const step = ({ messages }: { messages: readonly BaseMessage[] }): string => `did ${asked({ messages: [...messages] }).slice(0, 1)}`;
  const model = scriptedModel(Array.from({ length: 30 }, () => step));
  return sequential({ name: id, agents: [agent({ id: `${id}-in`, model })] });
};
const words = agent({ id: "boss", run: (turn) => turn.messages.findLast((one) => one.text.includes("did "))?.text ?? "" });

/** Every pattern that nests or fans out, with a team as each of its workers. */
const patterns: Readonly<Record<string, () => Agent>> = {
  sequential: () => sequential({ name: "p", agents: [team("x"), team("y")] }),
  parallel: () => parallel({ name: "p", branches: [team("x"), team("y")] }),
  hierarchical: () => hierarchical({ name: "p", members: [team("x"), team("y")] }),
  mapReduce: () => mapReduce({ name: "p", items: (turn) => [asked(turn as Turn)], mapper: team("x") }),
  swarm: () => swarm({ name: "p", agents: [team("x"), team("y")] }),
  router: () => router({ name: "p", agents: [team("x"), team("y")], default: "x" }),
  roundRobin: () => roundRobin({ name: "p", roles: { doer: { agents: [team("x"), team("y")] } } }),
  roleChain: () => roleChain({ name: "p", roles: { one: { agents: [team("x")] }, two: { agents: [team("y")] } } }),
  broadcast: () => broadcast({ name: "p", roles: { one: { agents: [team("x")] }, two: { agents: [team("y")] } } }),
  loop: () => loop({ name: "p", producer: team("x"), reviewers: [agent({ id: "critic", run: () => send("APPROVE") })] }),
  "supervisor, all in a chain": () =>
    supervisor({
      name: "p",
      supervisor: words,
      workers: [team("x"), team("y")],
      strategy: "sequential",
      autoDelegate: true,
      refineTask: false,
    }),
  "supervisor, all side by side": () =>
    supervisor({
      name: "p",
      supervisor: words,
      workers: [team("x"), team("y")],
      strategy: "parallel",
      autoDelegate: true,
      refineTask: false,
    }),
  "supervisor, in the background": () =>
    supervisor({ name: "p", supervisor: words, workers: [team("x")], strategy: "parallel", autoDelegate: true, asyncDelivery: true }),
};

interface Graph {
  invoke(
    input: unknown,
    config: unknown,
  ): Promise<{ readonly messages: readonly BaseMessage[]; readonly tasks: Readonly<Record<string, { content?: string }>> }>;
  getStateHistory(config: unknown): AsyncIterable<StateSnapshot>;
}
const thread = { configurable: { thread_id: "1" } };

describe("H2 two messages, a fork with another input and a replay: what is done is what was asked", () => {
  it.each(Object.keys(patterns))("%s", async (name) => {
    const graph = ((patterns[name] as () => Agent)() as unknown as { compile(options: object): Graph }).compile({
      checkpointer: new MemorySaver(),
    }); // an orchestration
    const known = new Set<string>();
    const run = async (input: string | null, config: unknown): Promise<string[]> => {
      const given = input === null ? null : { messages: [{ role: "user", content: input, id: `asked ${input}` }] };
      const { messages, tasks } = await graph.invoke(given, config);
      const fresh = messages
        .slice(messages.findLastIndex((one) => one.id?.startsWith("asked") === true) + 1)
        .filter(({ id }) => !known.has(id ?? ""));
      for (const { id } of fresh) known.add(id ?? "");
      const said = [...fresh.map(({ text }) => text), ...Object.values(tasks).map(({ content = "" }) => content)].join(" ");
      return [...new Set(said.match(/did \w/g))];
    };
    expect(await run("a", thread)).toEqual(["did a"]);
    expect(await run("b", thread)).toEqual(["did b"]);
    const states: StateSnapshot[] = [];
    for await (const state of graph.getStateHistory(thread)) states.unshift(state);
    expect(await run("c", states[0]?.config)).toEqual(["did c"]);
    const due = states.find(
      ({ next, values }) => next.length > 0 && !next.includes("__start__") && (values as { messages?: unknown[] }).messages?.length === 1,
    );
    known.clear();
    expect(await run(null, due?.config)).toEqual(["did a"]);
  });
});
