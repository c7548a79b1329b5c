import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, HumanMessage, type BaseMessage } from "@langchain/core/messages";
import type { ToolCall } from "@langchain/core/messages/tool";
import type { ChatResult } from "@langchain/core/outputs";
import { MemorySaver } from "@langchain/langgraph";
import { createReactAgent } from "@langchain/langgraph/prebuilt";
import { createSupervisor } from "@langchain/langgraph-supervisor";
import { agent, supervisor } from "phasegraph";

/** What a team's models were asked, all of them together. */
export interface Meter {
  calls: number;
  /** Characters of every prompt: texts, and tool calls as JSON. */
  promptChars: number;
}

/** A chat model without latency that says what it is told to, whatever it is asked, and measures the prompt. */
class Teller extends BaseChatModel {
  constructor(
    private readonly meter: Meter,
    private readonly say: () => AIMessage,
  ) {
    super({});
  }

  override _llmType(): string {
    return "teller";
  }

  override bindTools(): this {
    return this;
  }

  override async _generate(messages: BaseMessage[]): Promise<ChatResult> {
    this.meter.calls += 1;
    for (const message of messages) this.meter.promptChars += message.text.length + callsOf(message).length;
    const message = this.say();
    return { generations: [{ message, text: message.text }] };
  }
}

function callsOf(message: BaseMessage): string {
  const calls = AIMessage.isInstance(message) ? (message.tool_calls ?? []) : [];
  return calls.length === 0 ? "" : JSON.stringify(calls.map(({ name, args }) => ({ name, args })));
}

const WORKERS = ["reader", "writer", "checker"] as const;
const RESULT_CHARS = 200;

/** A supervisor with three workers, on whichever framework. */
export interface Team {
  readonly meter: Meter;
  /** Milliseconds of one turn of the user, with all its delegations, on a new thread. */
  turn(): Promise<number>;
}

interface Runnable {
  invoke(input: { messages: BaseMessage[] }, config: Record<string, unknown>): Promise<{ messages: readonly BaseMessage[] }>;
}

/** The models of a team: the same for every contestant but for the tool call that delegates. */
function models(delegations: number, callFor: (worker: string, task: string) => Pick<ToolCall, "name" | "args">) {
  const meter: Meter = { calls: 0, promptChars: 0 };
  let given = 0;
  const boss = new Teller(meter, () => {
    const seen = given % (delegations + 1);
    given += 1;
    if (seen === delegations) return new AIMessage({ content: "All done.", id: crypto.randomUUID() });
    const call = callFor(WORKERS[seen % WORKERS.length] ?? WORKERS[0], `Part ${seen + 1} of the work.`);
    return new AIMessage({ content: "", id: crypto.randomUUID(), tool_calls: [{ ...call, id: `call_${given}`, type: "tool_call" }] });
  });
  const worker = new Teller(meter, () => new AIMessage({ content: "x".repeat(RESULT_CHARS), id: crypto.randomUUID() }));
  return { meter, boss, worker };
}

let threads = 0;

function team(meter: Meter, graph: Runnable, delegations: number): Team {
  return {
    meter,
    turn: async () => {
      threads += 1;
      const config = { configurable: { thread_id: `team-${threads}` }, recursionLimit: delegations * 4 + 50 };
      const begin = performance.now();
      const { messages } = await graph.invoke({ messages: [new HumanMessage("Do the work.")] }, config);
      const milliseconds = performance.now() - begin;
      const results = messages.filter((message) => message.text === "x".repeat(RESULT_CHARS)).length;
      if (results !== delegations || messages.at(-1)?.text !== "All done.")
        throw new Error(`${results} of ${delegations} results arrived.`);
      return milliseconds;
    },
  };
}

/** Ours, with every option at its default but the bounds that 100 delegations in one turn need. */
export function oursTeam(delegations: number): Team {
  const { meter, boss, worker } = models(delegations, (id, task) => ({ name: `delegate_to_${id}`, args: { task } }));
  const graph = supervisor({
    name: "team",
    supervisor: agent({ id: "boss", model: boss }),
    workers: WORKERS.map((id) => agent({ id, model: worker })),
    maxRounds: delegations,
    limits: { steps: delegations * 4, modelCalls: delegations * 3 },
  }).compile({ checkpointer: new MemorySaver() });
  return team(meter, graph as unknown as Runnable, delegations); // narrowed to what the bench calls
}

/** The same with langgraph-supervisor and its agents, as its documentation has it. */
export function peerTeam(delegations: number): Team {
  const { meter, boss, worker } = models(delegations, (id) => ({ name: `transfer_to_${id}`, args: {} }));
  const agents = WORKERS.map((name) => createReactAgent({ llm: worker, name, tools: [] }));
  const graph = createSupervisor({ agents, llm: boss }).compile({ checkpointer: new MemorySaver() });
  return team(meter, graph as unknown as Runnable, delegations);
}
