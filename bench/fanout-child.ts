import { existsSync, readFileSync } from "node:fs";
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { Annotation, MemorySaver, Send, StateGraph } from "@langchain/langgraph";
import { agent, mapReduce, mapped, reply, type Agent, type Turn } from "phasegraph";

/** One measurement in a process of its own: `ours N`, `agents N`, or `send N [maxConcurrency]`. Prints milliseconds and peak megabytes as JSON. */
const [kind = "", size = "", limit = ""] = process.argv.slice(2);
const WARM_UP = 500;

interface Graph {
  invoke(input: unknown, config: Record<string, unknown>): Promise<unknown>;
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const go = { messages: [new HumanMessage("go")] };

class Silent extends BaseChatModel {
  override _llmType(): string {
    return "silent";
  }
  override async _generate() {
    const message = new AIMessage({ content: "4", id: crypto.randomUUID() });
    return { generations: [{ message, text: message.text }] };
  }
}

function ours(count: number, mapper: Agent): Graph {
  const reducer = agent({ id: "sum", run: (turn: Turn) => String(mapped(turn).filter(({ status }) => status === "completed").length) });
  const limits = { steps: count * 3 + 100, modelCalls: count * 3 + 100 };
  return mapReduce({ name: "bench", items: () => numbers(count), mapper, reducer, limits }).compile({
    checkpointer: new MemorySaver(),
  }) as unknown as Graph; // narrowed to what the bench calls
}

function sends(count: number): Graph {
  const State = Annotation.Root({
    results: Annotation<number[]>({ reducer: (known, added) => known.concat(added), default: () => [] }),
    sum: Annotation<string>(),
  });
  return new StateGraph(State)
    .addNode("map", ({ item }: { item: number }) => ({ results: [item * 2] }))
    .addNode("reduce", ({ results }) => ({ sum: String(results.length) }))
    .addConditionalEdges("__start__", () => numbers(count).map((item) => new Send("map", { item })), ["map"])
    .addEdge("map", "reduce")
    .compile({ checkpointer: new MemorySaver() }) as unknown as Graph;
}

const double = agent({ id: "double", run: (turn) => reply("", { data: Number(turn.task?.data) * 2 }) });
const open: Readonly<Record<string, (count: number) => Graph>> = {
  ours: (count) => ours(count, double),
  agents: (count) => ours(count, agent({ id: "reader", model: new Silent({}) })),
  send: sends,
};

async function run(count: number, thread: string): Promise<number> {
  const graph = open[kind]?.(count);
  if (graph === undefined) throw new RangeError(`No measurement "${kind}"; there are ${Object.keys(open).join(", ")}.`);
  const config = { configurable: { thread_id: thread }, ...(limit === "" ? {} : { maxConcurrency: Number(limit) }) };
  const begin = performance.now();
  const state = (await graph.invoke(go, config)) as { readonly sum?: string; readonly messages?: readonly { readonly text: string }[] };
  const milliseconds = performance.now() - begin;
  const answer = state.sum ?? state.messages?.at(-1)?.text;
  if (answer !== String(count)) throw new Error(`${count} items came to "${answer}".`);
  return milliseconds;
}

await run(WARM_UP, "warm-up");
const milliseconds = await run(Number(size), "measured");
process.stdout.write(JSON.stringify({ milliseconds, rssMb: peakKilobytes() / 1_024 }));

/** Of this process alone: \`maxRSS\` begins with what its parent had when it was forked. */
function peakKilobytes(): number {
  const status = existsSync("/proc/self/status") ? readFileSync("/proc/self/status", "utf8") : "";
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? process.resourceUsage().maxRSS);
}
