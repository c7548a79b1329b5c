import { Command, MemorySaver, type BaseCheckpointSaver, type StateSnapshot } from "@langchain/langgraph";
import type { BaseMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import {
  agent,
  delegate,
  human,
  mapReduce,
  orchestratorWorker,
  reply,
  sequential,
  supervisor,
  type Agent,
  type TaskRecord,
} from "../../index.js";
import { SqliteCheckpointer } from "../../src/sqlite/index.js";
import { thread, user } from "../recovery/job.js";

const asking = () =>
  sequential({ name: "gate", agents: [agent({ id: "draft", run: () => "A draft." }), human({ id: "person", question: "Good?" })] });

const fans: Readonly<Record<string, (worker: Agent) => Agent>> = {
  supervisor: (worker) =>
    supervisor({
      name: "fan",
      supervisor: agent({
        id: "boss",
        run: (turn) =>
          turn.messages.at(-1)?.getType() === "tool"
            ? "Done."
            : delegate(
                turn,
                ["one", "two"].map((task) => ({ worker: "gate", task })),
              ),
      }),
      workers: [worker],
    }) as Agent,
  mapReduce: (mapper) => mapReduce({ name: "fan", items: () => ["one", "two"], mapper }) as Agent,
  orchestratorWorker: (worker) =>
    orchestratorWorker({
      name: "fan",
      planner: agent({ id: "planner", run: () => reply("", { data: { tasks: ["one", "two"].map((id) => ({ id, input: id })) } }) }),
      workers: [worker],
    }) as Agent,
};
const phases: Readonly<Record<string, string>> = { supervisor: "workers", mapReduce: "map", orchestratorWorker: "work" };
const nests: Readonly<Record<string, (inner: Agent) => Agent>> = {
  "at the root": (inner) => inner,
  "two levels down": (inner) => sequential({ name: "desk", agents: [sequential({ name: "room", agents: [inner] })] }) as Agent,
  "in a worker of another": (inner) => mapReduce({ name: "around", items: () => ["all"], mapper: inner }) as Agent,
};
const savers: Readonly<Record<string, () => BaseCheckpointSaver>> = {
  MemorySaver: () => new MemorySaver(),
  SqliteCheckpointer: () => new SqliteCheckpointer(":memory:"),
};

interface Graph {
  invoke(
    input: unknown,
    config: unknown,
  ): Promise<{ readonly messages: BaseMessage[]; readonly __interrupt__?: readonly { readonly id: string }[] }>;
  getState(config: unknown, options?: object): Promise<StateSnapshot>;
}
const compiled = (team: Agent, checkpointer: BaseCheckpointSaver): Graph =>
  (team as unknown as { compile(options: object): Graph }).compile({ checkpointer }); // every team here is an orchestration

const words = (state: StateSnapshot): string[] => (state.values as { messages: BaseMessage[] }).messages.map(({ text }) => text);

/** The state of the graph whose next steps are these, wherever it is. */
function find(state: StateSnapshot, next: string): StateSnapshot[] {
  const inner = state.tasks.flatMap((task) => (task.state !== undefined && "values" in task.state ? find(task.state, next) : []));
  return state.next.includes(next) ? [state, ...inner] : inner;
}

/** The records of all tasks, wherever they are kept. */
function recordsIn(state: StateSnapshot): TaskRecord[] {
  const { tasks = {} } = state.values as { readonly tasks?: Record<string, TaskRecord> };
  const inner = state.tasks.flatMap((task) => (task.state !== undefined && "values" in task.state ? recordsIn(task.state) : []));
  return [...Object.values(tasks), ...inner];
}

describe("C8 the state inside a fan-out", () => {
  const cases = Object.keys(fans).flatMap((fan) =>
    Object.keys(nests).flatMap((nest) => Object.keys(savers).map((saver) => ({ fan, nest, saver }))),
  );

  it.each(cases)(
    "$fan $nest ($saver): what a worker said and asks is seen while it waits, and afterwards",
    async ({ fan, nest, saver }) => {
      const graph = compiled(
        nests[nest]?.(fans[fan]?.(asking() as Agent) as Agent) as Agent,
        (savers[saver] as () => BaseCheckpointSaver)(),
      );
      const asked = await graph.invoke(user("go"), thread());
      const state = await graph.getState(thread(), { subgraphs: true });
      const waiting = find(state, "person");
      expect(waiting.map((one) => words(one).at(-1))).toEqual(["A draft.", "A draft."]);
      for (const one of waiting) {
        const again = await graph.getState({
          configurable: { thread_id: "1", checkpoint_ns: one.config.configurable?.["checkpoint_ns"] as string },
        });
        expect(words(again)).toEqual(words(one));
      }
      const records = recordsIn(state).filter(({ phase, agent: by }) => phase === phases[fan] && by === "gate");
      expect(records.map(({ status }) => status)).toEqual(["in_progress", "in_progress"]);
      const answers = Object.fromEntries((asked.__interrupt__ ?? []).map(({ id }) => [id, "Good."]));
      expect(Object.keys(answers)).toHaveLength(2);
      await graph.invoke(new Command({ resume: answers }), thread());
      for (const { namespace } of records) {
        const after = await graph.getState({ configurable: { thread_id: "1", checkpoint_ns: namespace as string } });
        expect(words(after).at(-1)).toBe("Good.");
      }
    },
  );

  it("functions store nothing, and name no place", async () => {
    const graph = compiled(fans["mapReduce"]?.(agent({ id: "w", run: () => "x" })) as Agent, new MemorySaver());
    await graph.invoke(user("go"), thread());
    const [record] = recordsIn(await graph.getState(thread()));
    expect(record).not.toHaveProperty("namespace");
  });
});
