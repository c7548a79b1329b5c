import { MemorySaver, type BaseCheckpointSaver } from "@langchain/langgraph";
import type { BaseMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import {
  agent,
  delegate,
  hierarchical,
  mapped,
  mapReduce,
  orchestratorWorker,
  parallel,
  planOf,
  reply,
  sequential,
  supervisor,
} from "../../index.js";
import type { Agent, Turn } from "../../index.js";
import { SqliteCheckpointer } from "../../src/sqlite/index.js";
import { scriptedModel } from "../../testing/index.js";

const user = (turn: Pick<Turn, "messages">): string => turn.messages.findLast((one) => one.getType() === "human")?.text ?? "";
const parts = (turn: Pick<Turn, "messages">): string[] => user(turn).split(",");
const says = (content: string) => ({ messages: [{ role: "user" as const, content }] });
const on = (thread: string) => ({ configurable: { thread_id: thread } });

/** Says what it was asked to do. A model, or a function: what has a namespace of its own in the thread, and what has none. */
const workers: Readonly<Record<string, () => Agent<"worker">>> = {
  "a model": () => {
    const answer = ({ messages }: { messages: readonly BaseMessage[] }): string => `did ${messages.at(-1)?.text ?? ""}`;
    return agent({ id: "worker", model: scriptedModel(Array.from({ length: 40 }, () => answer)) });
  },
  "a function": () => agent({ id: "worker", run: (turn) => `did ${turn.messages.at(-1)?.text ?? ""}` }),
};

/** Patterns that fan out; each says at its end what its workers did. */
const fanOuts: Readonly<Record<string, (worker: Agent<"worker">) => Agent>> = {
  mapReduce: (mapper) =>
    mapReduce({
      name: "fan",
      items: (turn) => parts(turn),
      mapper,
      reducer: agent({
        id: "list",
        run: (turn) =>
          mapped(turn as Turn)
            .map(({ content }) => content)
            .join(" + "),
      }),
    }) as Agent,
  orchestratorWorker: (worker) =>
    orchestratorWorker({
      name: "fan",
      planner: agent({
        id: "planner",
        run: (turn) => reply("", { data: { tasks: parts(turn).map((input, index) => ({ id: `t${index}`, input })) } }),
      }),
      workers: [worker],
      synthesizer: agent({ id: "list", run: (turn) => (planOf(turn)?.progress ?? []).map(({ content }) => content).join(" + ") }),
    }) as Agent,
  supervisor: (worker) =>
    supervisor({
      name: "fan",
      supervisor: agent({
        id: "boss",
        run: (turn) => {
          const results = turn.messages
            .slice(turn.messages.findLastIndex((one) => one.getType() === "human"))
            .filter((one) => one.getType() === "tool");
          if (results.length > 0) return results.map((one) => one.text).join(" + ");
          return delegate(
            turn,
            parts(turn).map((task) => ({ worker: "worker", task })),
          );
        },
      }),
      workers: [worker],
    }) as Agent,
};

const last = agent({ id: "last", run: () => "." });
/** What may be around one. */
const places: Readonly<Record<string, (inner: Agent) => Agent>> = {
  "inside sequential": (inner) => sequential({ name: "desk", agents: [inner, last] }) as Agent,
  "inside parallel": (inner) => parallel({ name: "desk", branches: [inner, last] }) as Agent,
  "inside hierarchical": (inner) => hierarchical({ name: "desk", members: [inner, last] }) as Agent,
  "two levels deep": (inner) => sequential({ name: "desk", agents: [sequential({ name: "room", agents: [inner] }), last] }) as Agent,
};

const savers: Readonly<Record<string, () => BaseCheckpointSaver>> = {
  MemorySaver: () => new MemorySaver(),
  SqliteCheckpointer: () => new SqliteCheckpointer(":memory:"),
};

interface Compiled {
  invoke(input: unknown, config: unknown): Promise<{ messages: BaseMessage[] }>;
  getStateHistory(config: unknown): AsyncIterable<{ config: unknown; next: readonly string[]; values: { messages?: BaseMessage[] } }>;
}
const compiled = (team: Agent, checkpointer: BaseCheckpointSaver): Compiled =>
  (team as unknown as { compile(options: object): Compiled }).compile({ checkpointer }); // every team here is an orchestration

const done = ({ messages }: { messages: readonly BaseMessage[] }): string =>
  messages.map((one) => one.text).findLast((text) => text.includes("did ")) ?? "";

const cases = Object.keys(savers).flatMap((saver) =>
  Object.keys(workers).flatMap((worker) =>
    Object.keys(fanOuts).flatMap((fan) => Object.keys(places).map((place) => ({ saver, worker, fan, place }))),
  ),
);

describe("H2 results belong to the present input", () => {
  it.each(cases)("$fan with $worker, $place, $saver", async ({ saver, worker, fan, place }) => {
    const checkpointer = (savers[saver] as () => BaseCheckpointSaver)();
    const team = places[place]?.(fanOuts[fan]?.(workers[worker]?.() as Agent<"worker">) as Agent) as Agent;
    const graph = compiled(team, checkpointer);
    expect(done(await graph.invoke(says("a,b"), on("1")))).toContain("did a + did b");
    expect(done(await graph.invoke(says("c,d"), on("1")))).toContain("did c + did d");

    let root: unknown;
    for await (const { config } of graph.getStateHistory(on("1"))) root = config;
    expect(done(await graph.invoke(says("e,f"), root))).toContain("did e + did f");

    await checkpointer.deleteThread("1");
    let left = "";
    for await (const { checkpoint, config } of checkpointer.list({})) left += JSON.stringify([config, checkpoint.channel_values]);
    expect(left).not.toContain("did ");
    expect(done(await graph.invoke(says("g,h"), on("1")))).toContain("did g + did h");
  });

  it("two teams of one name on one thread do not share", async () => {
    const [inner, other] = [fanOuts["mapReduce"]?.(workers["a model"]?.() as Agent<"worker">), last] as const;
    const room = (name: string) => sequential({ name, agents: [inner as Agent] });
    const graph = compiled(sequential({ name: "desk", agents: [room("one"), other, room("two")] }) as Agent, new MemorySaver());
    const { messages } = await graph.invoke(says("a"), on("1"));
    expect(messages.filter((one) => one.text === "did a")).toHaveLength(2);
  });
});
