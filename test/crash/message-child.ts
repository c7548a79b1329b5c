import { appendFileSync } from "node:fs";
import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { tool } from "@langchain/core/tools";
import { z } from "zod";
import { agent, delegate, idempotencyKey, orchestratorWorker, repairHistory, reply, sequential, supervisor, swarm } from "../../index.js";
import { openSaver } from "./savers.js";

const ROUNDS = 4;

/** Asks for what the conversation does not show as done, two calls a round. */
class Clerk extends BaseChatModel {
  override _llmType(): string {
    return "clerk";
  }
  override bindTools(): this {
    return this;
  }
  override async _generate(messages: BaseMessage[]) {
    const task = /part \w+/.exec(messages.map(({ text }) => text).join(" "))?.[0] ?? "part 0";
    const done = new Set(messages.filter((message) => message.getType() === "tool").map(({ text }) => text));
    const rounds = Array.from({ length: ROUNDS }, (_, round) => [`${task}: ${round}.0`, `${task}: ${round}.1`]);
    const left = rounds.map((labels) => labels.filter((label) => !done.has(`did ${label}`))).find((labels) => labels.length > 0) ?? [];
    const message = new AIMessage({
      content: left.length === 0 ? "All done." : "",
      tool_calls: left.map((label) => ({ name: "act", args: { label }, id: `call-${label}`, type: "tool_call" as const })),
    });
    return { generations: [{ text: message.text, message }] };
  }
}

function teamOf(kind: string, log: string) {
  const act = tool(
    ({ label }: { label: string }, config) => {
      appendFileSync(log, `${label}\t${idempotencyKey(config)}\n`);
      process.stdout.write(`${JSON.stringify({ did: label })}\n`);
      return `did ${label}`;
    },
    { name: "act", description: "Acts.", schema: z.object({ label: z.string() }) },
  );
  const clerk = agent({ id: "clerk", model: new Clerk({}), tools: [act] });
  switch (kind) {
    case "a worker": {
      const boss = agent({
        id: "boss",
        run: (turn) => {
          const answer = turn.messages.findLast((message) => message.getType() === "tool");
          return answer === undefined ? delegate(turn, [{ worker: "clerk", task: "Do part 1." }]) : answer.text;
        },
      });
      return supervisor({ name: "team", supervisor: boss, workers: [clerk] });
    }
    case "a plan": {
      const tasks = ["a", "b"].map((id) => ({ id, input: `Do part ${id}.` }));
      const planner = agent({ id: "planner", run: () => reply("", { data: { tasks } }) });
      return orchestratorWorker({ name: "team", planner, workers: [clerk], synthesizer: agent({ id: "sum", run: () => "All done." }) });
    }
    case "a team in a team":
      return sequential({ name: "team", agents: [sequential({ name: "inner", agents: [clerk] })] });
    default:
      return swarm({ name: "team", agents: [clerk] });
  }
}

/** Sends the thread a message, whatever state it is in, and tells how its conversation ends. */
async function main(kind: string, file: string, log: string): Promise<void> {
  const saver = openSaver("phasegraph", file);
  const graph = teamOf(kind, log).compile({ checkpointer: saver, durability: "sync" });
  const message = { role: "user", content: "Do what is left." };
  const { messages } = await graph.invoke({ messages: [message] }, { configurable: { thread_id: "1" } });
  const ids = messages.map(({ id }) => id);
  const isValid = JSON.stringify(repairHistory(messages)) === JSON.stringify(messages) && new Set(ids).size === ids.length;
  process.stdout.write(`${JSON.stringify({ last: messages.at(-1)?.text, isValid })}\n`);
  saver.close();
}

const [kind = "", file = "", log = ""] = process.argv.slice(2);
await main(kind, file, log);
