import { AIMessage, HumanMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import type { ToolCall } from "@langchain/core/messages/tool";
import { tool, type StructuredToolInterface } from "@langchain/core/tools";
import { Command } from "@langchain/langgraph";
import { z } from "zod";
import type { Agent, Turn } from "../src/agent/agent.js";
import { recordMessage } from "../src/agent/conversation.js";
import type { Outcome } from "../src/agent/outcome.js";
import type { TaskRecord } from "../src/agent/task.js";
import type { Task } from "../src/planning/plan.js";

/** The event with which a supervisor lets its workers begin. */
export const DELEGATE = "DELEGATE";
/** The tool that gives work to all workers, in the order or side by side that the strategy says. */
export const DELEGATE_WORKERS = "delegate_workers";
const DELEGATE_TO = "delegate_to_";
const READ_RESULT = "read_result";
const UNDER_WAY = "Delegated. The result will stand here.";

/** Work that was given away: a tool call in the conversation whose answer is not there yet. */
export interface Delegation {
  /** The id of the tool message that answers the call: no two delegations share one, however alike they are. */
  readonly id: string;
  /** The worker asked for; undefined when all of them are. */
  readonly worker: string | undefined;
  readonly task: string;
}

/** The tool by which one worker is given work. */
export const delegateTo = (worker: string): string => `${DELEGATE_TO}${worker}`;

type Mark = "open" | "closed";
const markOf = (message: BaseMessage): Mark | undefined =>
  ToolMessage.isInstance(message) ? (message.artifact as { readonly delegation?: Mark } | undefined)?.delegation : undefined;

/**
 * The tools to delegate with. Called in the foreground they end the turn with {@link DELEGATE}; in the background (`told` is what
 * the model reads) the turn goes on.
 */
export function delegationTools(workers: readonly Agent[], together: boolean, told: string | undefined): StructuredToolInterface[] {
  const whom = workers.map(({ id, description }) => (description === undefined ? id : `${id} (${description})`)).join(", ");
  const given = together
    ? [[DELEGATE_WORKERS, `Gives a task to all workers: ${whom}.`] as const]
    : workers.map(({ id, description = `Worker ${id}.` }) => [delegateTo(id), `Gives a task to ${id}. ${description}`] as const);
  return given.map(([name, description]) =>
    tool(
      (_input, config: { readonly toolCall?: ToolCall }) => {
        const answer = openAnswer(name, config.toolCall?.id ?? "", told ?? UNDER_WAY);
        return told === undefined ? new Command({ update: { control: { type: DELEGATE }, messages: [answer] } }) : answer;
      },
      { name, description, schema: z.object({ task: z.string().min(1).describe("all the worker needs to know: it sees nothing else") }) },
    ),
  );
}

const openAnswer = (name: string, call: string, content: string): ToolMessage =>
  new ToolMessage({ tool_call_id: call, name, content, artifact: { delegation: "open" satisfies Mark } });

/** What a supervisor that is a function returns to delegate: to the workers named, or without a name to all. */
export interface Assignment {
  readonly worker?: string;
  readonly task: string;
}

/**
 * Gives work away, as the tools do for a model; `content` is said to the user beside it.
 * @example
 * run: (turn) => (isNew(turn) ? delegate(turn, [{ worker: "coder", task: "Write it." }]) : "Done.")
 */
export function delegate<State>(turn: Turn<State>, assignments: readonly Assignment[], content = ""): Outcome<State> {
  const calls = assignments.map(({ worker, task }): ToolCall => {
    return { type: "tool_call", id: turn.clock.id(), name: worker === undefined ? DELEGATE_WORKERS : delegateTo(worker), args: { task } };
  });
  const message = new AIMessage({ content, name: turn.agent, id: turn.clock.id(), tool_calls: calls });
  const answers = calls.map((call) => named(openAnswer(call.name, call.id ?? "", UNDER_WAY), turn.clock.id()));
  return { messages: [message, ...answers], next: { kind: "event", event: { type: DELEGATE } } };
}

function named(message: ToolMessage, id: string): ToolMessage {
  message.id = id;
  message.lc_kwargs["id"] = id;
  return message;
}

/** Every delegation without its result, oldest first. The same conversation gives the same delegations. */
export function openDelegations(messages: readonly BaseMessage[]): Delegation[] {
  let calls: readonly ToolCall[] = [];
  return messages.flatMap((message): Delegation[] => {
    if (AIMessage.isInstance(message)) calls = message.tool_calls ?? [];
    if (!ToolMessage.isInstance(message) || markOf(message) !== "open") return [];
    const call = calls.find(({ id }) => id === message.tool_call_id);
    const worker = call?.name.startsWith(DELEGATE_TO) === true ? call.name.slice(DELEGATE_TO.length) : undefined;
    const isAll = call?.name === DELEGATE_WORKERS;
    return call === undefined ? [] : [{ id: message.id ?? "", worker: isAll ? undefined : worker, task: String(call.args["task"] ?? "") }];
  });
}

/** The tasks a delegation comes to: one, or one for each worker. */
export function tasksFor(delegation: Delegation, workers: readonly string[], isChain: boolean, shared: string): Task[] {
  const input = `${delegation.task}${shared}`;
  if (delegation.worker !== undefined) return [{ id: delegation.id, agent: delegation.worker, input }];
  const ids = workers.map((worker) => `${delegation.id}.${worker}`);
  return workers.map((agent, index) => {
    const before = isChain ? ids.slice(Math.max(0, index - 1), index) : [];
    return { id: ids[index] ?? "", agent, input, dependsOn: before };
  });
}

/** What a delegation came to, in the words a supervisor reads; failed as soon as one of its tasks was not completed. */
export function resultOf({ id, worker }: Delegation, records: readonly TaskRecord[], limit: number): DelegationResult {
  const own = records.filter(({ task }) => task === id || task.startsWith(`${id}.`));
  const texts = own.map((record) => `${worker === undefined ? `[${record.agent}] ` : ""}${wordsOf(record)}`);
  const whole = texts.join("\n\n");
  return {
    status: own.length > 0 && own.every((record) => record.status === "completed") ? "success" : "error",
    content: whole.length <= limit ? whole : `${whole.slice(0, limit)}\n[cut: ${whole.length - limit} more characters]`,
  };
}

/** What a supervisor is told of a delegation. */
export interface DelegationResult {
  readonly status: "success" | "error";
  readonly content: string;
}

function wordsOf({ agent, status, content = "", data, error }: TaskRecord): string {
  if (status !== "completed")
    return `${agent} did not finish (${status}): ${error?.name ?? "Error"}: ${error?.message ?? "no reason given"}`;
  return content === "" && data !== undefined ? JSON.stringify(data) : content;
}

/** How results reach the conversation: in the place of the tool's answer, or, when the conversation went on meanwhile, as a message. */
export function delivered(
  turn: Pick<Turn, "messages" | "clock" | "agent" | "phase">,
  results: ReadonlyMap<Delegation, DelegationResult>,
  asMessage: { readonly to: string } | undefined,
): BaseMessage[] {
  const byId = new Map([...results].map(([delegation, result]) => [delegation.id, result] as const));
  const messages = turnsWith(turn.messages, byId).map((message) => {
    const result = byId.get(message.id ?? "");
    return result === undefined || !ToolMessage.isInstance(message)
      ? message
      : closed(message, asMessage === undefined ? result : undefined);
  });
  if (asMessage === undefined || results.size === 0) return messages;
  const told = [...results].map(([{ task, worker }, { content, status }]) => {
    return `[${status === "success" ? "Result" : "No result"} of what ${worker ?? "the workers"} had to do: ${task.slice(0, 200)}]\n${content}`;
  });
  const news = new HumanMessage({ content: told.join("\n\n"), id: turn.clock.id() });
  return [...messages, recordMessage(news, { author: turn.agent, recipient: asMessage.to, type: "tool", phase: turn.phase })];
}

/** The assistant messages that the given answers belong to, each with all its answers: a history is only ever written whole. */
function turnsWith(messages: readonly BaseMessage[], ids: ReadonlyMap<string, unknown>): BaseMessage[] {
  const turns: BaseMessage[][] = [];
  for (const message of messages) {
    if (ToolMessage.isInstance(message)) turns.at(-1)?.push(message);
    else turns.push([message]);
  }
  return turns.filter((group) => group.some(({ id }) => ids.has(id ?? ""))).flat();
}

function closed(message: ToolMessage, result: DelegationResult | undefined): ToolMessage {
  return new ToolMessage({
    id: message.id ?? "",
    tool_call_id: message.tool_call_id,
    ...(message.name === undefined ? {} : { name: message.name }),
    additional_kwargs: message.additional_kwargs,
    content: result?.content ?? message.text,
    status: result?.status ?? "success",
    artifact: { delegation: "closed" satisfies Mark },
  });
}

const SHORT = 24;

/**
 * The conversation with all but the last results shortened; `keep` of them, and up to as many again, stay whole, so that what a
 * provider has cached of the prompt is given up once in `keep` delegations. The tool, offered when something was cut, gives any
 * result whole.
 */
export function shortened(
  messages: readonly BaseMessage[],
  keep: number,
): { readonly messages: readonly BaseMessage[]; readonly tools: StructuredToolInterface[] } {
  const answers = messages.filter((message): message is ToolMessage => markOf(message) === "closed");
  const cut = Math.floor(Math.max(0, answers.length - keep) / keep) * keep;
  if (cut === 0) return { messages, tools: [] };
  const numbers = new Map(answers.slice(0, cut).map((message, index) => [message, index + 1] as const));
  const view = messages.map((message) => {
    const number = numbers.get(message as ToolMessage);
    const suffix = `… [${READ_RESULT} ${number}]`;
    if (number === undefined || message.text.length <= SHORT + suffix.length) return message;
    const { id, tool_call_id, name, status } = message as ToolMessage; // only those have a number
    return new ToolMessage({
      content: `${message.text.slice(0, SHORT)}${suffix}`,
      tool_call_id,
      id: id ?? "",
      ...(name === undefined ? {} : { name }),
      ...(status === undefined ? {} : { status }),
    });
  });
  const read = tool(({ number }) => answers[number - 1]?.text ?? `There is no result ${number}; there are 1 to ${answers.length}.`, {
    name: READ_RESULT,
    description: "Gives an earlier result of a delegation whole.",
    schema: z.object({ number: z.int().min(1) }),
  });
  return { messages: view, tools: [read] };
}
