import { Command, type BaseCheckpointSaver } from "@langchain/langgraph";
import { createAgent } from "langchain";
import { describe, expect, it } from "vitest";
import { agent, human, mapReduce, sequential, supervisor, type Agent, type Turn } from "../../index.js";
import { SqliteCheckpointer } from "../../src/sqlite/index.js";
import { callTool, scriptedModel, type ModelStep } from "../../testing/index.js";
import { refunding, thread, user } from "../recovery/job.js";

const MESSAGES = 20;
const EVERY = 5;
const asked = (turn: Pick<Turn, "messages">): string => turn.messages.findLast((one) => one.getType() === "human")?.text ?? "";
const always = (step: ModelStep): ModelStep[] => Array.from({ length: MESSAGES * 3 }, () => step);
const answers = always(({ messages }) => `did ${messages.at(-1)?.text ?? ""}`);

const workers: Readonly<Record<string, () => Agent>> = {
  "a model": () => agent({ id: "w", model: scriptedModel(answers) }),
  "a team": () => sequential({ name: "w", agents: [agent({ id: "in", model: scriptedModel(answers) })] }) as Agent,
  "a createAgent agent": () => agent({ id: "w", graph: createAgent({ model: scriptedModel(answers) as never, tools: [] }) }) as Agent, // two copies of LangChain's types
};
const fans: Readonly<Record<string, (worker: Agent) => { compile(options: { checkpointer: BaseCheckpointSaver }): unknown }>> = {
  mapReduce: (mapper) => mapReduce({ name: "fan", items: (turn) => ["a", "b"].map((part) => `${part} of ${asked(turn)}`), mapper }),
  supervisor: (worker) =>
    supervisor({
      name: "fan",
      supervisor: agent({
        id: "boss",
        model: scriptedModel(
          always(({ messages }) =>
            messages.at(-1)?.getType() === "tool" ? "Done." : callTool("delegate_to_w", { task: messages.at(-1)?.text }),
          ),
        ),
      }),
      workers: [worker],
    }),
};

interface Graph {
  invoke(input: unknown, config: unknown): Promise<{ readonly __interrupt__?: readonly { readonly id: string }[]; readonly tasks: object }>;
}

describe("retention and what workers store", () => {
  const cases = Object.keys(fans).flatMap((fan) => Object.keys(workers).map((worker) => ({ fan, worker })));

  it.each(cases)("$fan with $worker: rows and state are bounded, however many messages come", async ({ fan, worker }) => {
    const saver = new SqliteCheckpointer(":memory:", { retention: { keepLast: 5, everySteps: EVERY } });
    const graph = fans[fan]?.(workers[worker]?.() as Agent).compile({ checkpointer: saver }) as Graph;
    const rows: number[] = [];
    const known: number[] = [];
    for (let message = 1; message <= MESSAGES; message += 1) {
      const { tasks } = await graph.invoke(user(`message ${message}`), thread());
      rows.push((await saver.statistics("1")).checkpoints);
      known.push(Object.keys(tasks).length);
    }
    const most = (from: number, to: number): number => Math.max(...rows.slice(from, to));
    expect(most(MESSAGES / 2, MESSAGES)).toBeLessThanOrEqual(most(0, MESSAGES / 2) + EVERY);
    expect(new Set(known).size).toBe(1);
    saver.close();
  });

  it("a task that waits, or is under way, loses nothing while others come and go", async () => {
    const { refund, keys } = refunding();
    const saver = new SqliteCheckpointer(":memory:", { retention: { keepLast: 1, everySteps: 1 } });
    const clerk = agent({
      id: "clerk",
      graph: createAgent({ model: scriptedModel([callTool("refund", { order: "A1" }), "Paid."]) as never, tools: [refund] }), // two copies of LangChain's types
    }) as Agent;
    const careful = sequential({ name: "careful", agents: [clerk, human({ id: "person", question: "Good?" })] });
    const quick = agent({ id: "quick", model: scriptedModel(answers) });
    const items = ["careful", ...Array.from({ length: 12 }, (_, index) => `quick ${index}`)];
    const graph = mapReduce({
      name: "fan",
      items: () => items,
      mapper: sequential({
        name: "either",
        agents: [agent({ id: "choice", run: () => "." }), either(careful as Agent, quick)],
      }),
      concurrency: 2,
      flush: 0,
    }).compile({ checkpointer: saver, durability: "sync" }) as Graph;
    let state = await graph.invoke(user("go"), thread());
    await saver.prune({ keepLast: 1 });
    expect(keys).toHaveLength(1);
    const [question] = state.__interrupt__ ?? [];
    state = await graph.invoke(new Command({ resume: { [question?.id ?? ""]: "Yes." } }), thread());
    expect(Object.values(state.tasks).map(({ status }: { status?: string }) => status)).toEqual(items.map(() => "completed"));
    expect(keys).toHaveLength(1);
    saver.close();
  });
});

/** Does "careful" work by one agent, and all other work by another. */
function either(careful: Agent, quick: Agent): Agent<"either-of"> {
  return {
    id: "either-of",
    node: (place) => {
      const [one, other] = [careful.node({ ...place, agent: careful.id }), quick.node({ ...place, agent: quick.id })];
      const isCareful = (turn: Turn): boolean => turn.messages.some(({ text }) => text === "careful");
      return { ...one, run: (turn) => (isCareful(turn) ? one : other).run(turn) };
    },
  };
}
