import { appendFileSync } from "node:fs";
import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { tool } from "@langchain/core/tools";
import { z } from "zod";
import { agent, handoff, idempotencyKey, pipeline, reply, type Clock } from "../../index.js";
import { openSaver } from "./savers.js";

/** Phase runs of one thread; in every second one a model asks for two tool calls. */
const STEPS = 30;
const STEP_MILLISECONDS = 3;

/** A model without a memory: what it says follows from the messages alone, so that a repeated call gives the same answer. */
class Clerk extends BaseChatModel {
  override _llmType(): string {
    return "clerk";
  }
  override bindTools(): this {
    return this;
  }
  override async _generate(messages: BaseMessage[]) {
    await pause();
    const round = messages.filter((message) => message.getType() === "tool").length / 2;
    const turn = messages.filter((message) => message.getType() === "ai" && message.name === "ledger").length;
    const done = messages.at(-1)?.getType() === "tool";
    const message = done
      ? new AIMessage(`Booked ${round}.`)
      : new AIMessage({
          content: "",
          tool_calls: ["debit", "credit"].map((name) => ({ name, args: { round }, id: `${name}-${turn}`, type: "tool_call" as const })),
        });
    return { generations: [{ text: message.text, message }] };
  }
}

const pause = (): Promise<void> => new Promise((done) => setTimeout(done, STEP_MILLISECONDS));

/** Ids and times that say nothing: a normal form is compared without them. */
const clock: Clock = { now: () => 0, id: () => crypto.randomUUID() };

function book(log: string) {
  const entry = (name: string) =>
    tool(
      async ({ round }, config) => {
        await pause();
        appendFileSync(log, `${config.configurable?.["thread_id"]}\t${name} ${round}\t${idempotencyKey(config)}\n`);
        return `${name} ${round}`;
      },
      { name, description: name, schema: z.object({ round: z.number() }) },
    );
  return pipeline({
    name: "book",
    waits: false,
    maxReturns: STEPS,
    state: { round: z.number().default(0) },
    stages: [
      { phase: "ledger", agent: agent({ id: "ledger", model: new Clerk({}), tools: [entry("debit"), entry("credit")] }), next: "check" },
      {
        phase: "check",
        agent: agent({
          id: "check",
          run: async (turn) => {
            await pause();
            const round = Number((turn.state as { round: number }).round) + 1;
            const said = { update: { round } };
            return round < STEPS / 2 ? handoff("ledger", { content: `Checked ${round}.`, ...said }) : reply(`Closed after ${round}.`, said);
          },
        }),
        canReturnTo: ["ledger"],
      },
    ],
  });
}

/** Runs the threads `run-<first>`, `run-<first + 1>`, … each from where it is, until it is killed or `last` is at its end. */
async function main(kind: string, file: string, log: string, first: number, last: number): Promise<void> {
  const saver = openSaver(kind, file);
  const graph = book(log).compile({ checkpointer: saver, durability: "sync", clock });
  for (let index = first; index <= last; index += 1) {
    const config = { configurable: { thread_id: `run-${index}` } };
    const { tasks, config: begun } = await graph.getState(config); // not `next`: it leaves out a step whose writes are stored, but not yet its checkpoint
    process.stdout.write(`${JSON.stringify({ begins: index })}\n`);
    if (tasks.length > 0) await graph.invoke(null, config);
    else if (begun.configurable?.["checkpoint_id"] === undefined)
      await graph.invoke({ messages: [{ role: "user", content: "Book it." }] }, config);
    const { values } = await graph.getState(config);
    process.stdout.write(`${JSON.stringify({ ends: index, state: normalForm(values as unknown as State) })}\n`);
  }
  saver.close();
}

interface State {
  readonly messages: readonly BaseMessage[];
  readonly control: {
    readonly value: unknown;
    readonly trail: readonly object[];
    readonly usage: object;
    readonly done: boolean;
    readonly refusals: number;
  };
  readonly round: number;
}

const normalForm = ({ messages, control, round }: State) => ({
  value: control.value,
  done: control.done,
  refusals: control.refusals,
  usage: control.usage,
  trail: control.trail,
  round,
  messages: messages.map((message) => [
    message.getType(),
    message.name,
    message.text,
    (message as AIMessage).tool_calls?.map((call) => call.id),
  ]),
});

const [kind = "", file = "", log = "", first = "", last = ""] = process.argv.slice(2);
await main(kind, file, log, Number(first), Number(last));
