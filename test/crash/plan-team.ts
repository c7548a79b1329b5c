import { appendFileSync } from "node:fs";
import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { tool } from "@langchain/core/tools";
import type { BaseCheckpointSaver } from "@langchain/langgraph";
import { z } from "zod";
import { agent, orchestratorWorker, planOf, reply, type GraphState, type Task } from "../../index.js";

const TASKS = 100;
const STEP_MILLISECONDS = 2;

const pause = (): Promise<void> => new Promise((done) => setTimeout(done, STEP_MILLISECONDS));

/** A hundred tasks, each after up to three earlier ones; the same in every process. Every third is done by a model in a thread of its own. */
export function plannedTasks(): Task[] {
  let seed = 7;
  const next = (below: number): number => (seed = (seed * 16_807) % 2_147_483_647) % below;
  return Array.from({ length: TASKS }, (_, index) => ({
    id: `t${index}`,
    input: `Task ${index}`,
    agent: index % 3 === 0 ? "clerk" : "plain",
    dependsOn: [...new Set(Array.from({ length: index === 0 ? 0 : next(4) }, () => `t${next(index)}`))],
  }));
}

/** A model without a memory: a tool call, then the answer that the messages call for. */
class Clerk extends BaseChatModel {
  override _llmType(): string {
    return "clerk";
  }
  override bindTools(): this {
    return this;
  }
  override async _generate(messages: BaseMessage[]) {
    await pause();
    const last = messages.at(-1);
    const input = messages.find((message) => message.getType() === "human")?.text ?? "";
    const name = input.split("\n")[0] ?? "";
    const message =
      last?.getType() === "tool"
        ? new AIMessage(`${name}: ${last.text}, ${input.split("[Result of ").length - 1} results`)
        : new AIMessage({ content: "", tool_calls: [{ name: "stamp", args: { name }, id: "stamp", type: "tool_call" }] });
    return { generations: [{ text: message.text, message }] };
  }
}

/** The team; what its workers do, they write to `log`: `<what>\t<task>`. */
export function planTeam(saver: BaseCheckpointSaver, thread: string, log: string) {
  const write = (what: string, task: string): void => appendFileSync(log, `${thread}\t${what}\t${task}\n`);
  const stamp = tool(
    async ({ name }) => {
      await pause();
      write("stamp", name.replace("Task ", "t"));
      return `stamped ${name}`;
    },
    { name: "stamp", description: "stamps", schema: z.object({ name: z.string() }) },
  );
  const clerk = agent({ id: "clerk", model: new Clerk({}), tools: [stamp] });
  const plain = agent({
    id: "plain",
    run: async (turn) => {
      await pause();
      write("plain", turn.task?.id ?? "");
      return `${turn.task?.id} from ${Object.keys(turn.results).sort().join("+")}`;
    },
  });
  return orchestratorWorker({
    name: "team",
    planner: agent({ id: "planner", run: () => reply("", { data: { tasks: plannedTasks() } }) }),
    workers: [plain, clerk],
    synthesizer: agent({ id: "writer", run: (turn) => `${planOf(turn)?.counts.completed} of ${TASKS}` }),
    concurrency: 6,
    flush: 10,
    limits: { steps: 1_000, modelCalls: 10_000, toolCalls: 10_000 },
  }).compile({ checkpointer: saver, durability: "sync" });
}

/** What a run came to, without what differs from run to run. */
export const normalForm = (state: GraphState<Record<never, never>>) => ({
  done: state.control.done,
  refusals: state.control.refusals,
  value: state.control.value,
  words: state.messages.at(-1)?.text,
  tasks: planOf(state)?.progress.map(({ task, agent: who, status, content }) => [task, who, status, content]),
});
