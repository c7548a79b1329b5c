import { AIMessage, HumanMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import type { ToolCall } from "@langchain/core/messages/tool";
import { z } from "zod";
import type { Agent, PatternTool, Turn } from "../src/agent/agent.js";
import { readRecord, recordMessage } from "../src/agent/conversation.js";
import type { Next, Outcome } from "../src/agent/outcome.js";
import type { TaskRecord } from "../src/agent/task.js";
import { each, maybe, requireForm, shape, text } from "../src/base/form.js";
import { callIdFor } from "../src/handoff/own-words.js";
import { fingerprint } from "../src/base/hash.js";
import { toolDescription, toolNameFor } from "../src/handoff/tool-text.js";
import { messageWithId } from "../src/langgraph/message.js";
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
  /** The worker asked for, as the tool's name has it; undefined when all of them are. */
  readonly worker: string | undefined;
  readonly task: string;
}

/** The tool by which one worker is given work. */
export const delegateTo = (worker: string): string => toolNameFor(DELEGATE_TO, worker);

type Mark = "open" | "closed";
const markOf = (message: BaseMessage): Mark | undefined =>
  ToolMessage.isInstance(message) ? (message.artifact as { readonly delegation?: Mark } | undefined)?.delegation : undefined;

/**
 * The tools to delegate with. Called in the foreground they end the turn with {@link DELEGATE}; in the background (`told` is what
 * the model reads) the turn goes on.
 */
export function delegationTools(workers: readonly Agent[], together: boolean, told: string | undefined): PatternTool[] {
  const listed = workers.map(({ id, description }) => ({ name: id, description }));
  const given = together
    ? [[DELEGATE_WORKERS, toolDescription("Gives a task to all workers: ", listed, "; ")] as const]
    : listed.map(({ name, description = `Worker ${name}.` }) => {
        return [delegateTo(name), toolDescription("Gives a task to ", [{ name, description }], "")] as const;
      });
  const next: Next = { kind: "event", event: { type: DELEGATE } };
  return given.map(([name, description]) => {
    const answer = { content: told ?? UNDER_WAY, artifact: { delegation: "open" satisfies Mark }, ...(told === undefined ? { next } : {}) };
    return { name, description, schema: TASK, answer: () => answer };
  });
}

const TASK = z.object({ task: z.string().min(1).describe("all the worker needs to know: it sees nothing else") });
const NUMBER = z.object({ number: z.int().min(1).optional() });

const openAnswer = (name: string, call: string, content: string): ToolMessage =>
  new ToolMessage({ tool_call_id: call, name, content, artifact: { delegation: "open" satisfies Mark } });

/** What a supervisor that is a function returns to delegate: to the workers named, or without a name to all. */
export interface Assignment {
  readonly worker?: string;
  readonly task: string;
}

const ASSIGNMENTS = each(shape<Assignment>({ worker: maybe(text), task: text }));

/**
 * Gives work away, as the tools do for a model; `content` is said to the user beside it.
 * @example
 * run: (turn) => (isNew(turn) ? delegate(turn, [{ worker: "coder", task: "Write it." }]) : "Done.")
 */
export function delegate<State>(turn: Turn<State>, assignments: readonly Assignment[], content = ""): Outcome<State> {
  requireForm("The assignments of delegate()", assignments, ASSIGNMENTS);
  const calls = assignments.map(({ worker, task }): ToolCall => {
    return { type: "tool_call", id: turn.clock.id(), name: worker === undefined ? DELEGATE_WORKERS : delegateTo(worker), args: { task } };
  });
  const message = new AIMessage({ content, name: turn.agent, id: turn.clock.id(), tool_calls: calls });
  const answers = calls.map((call) => messageWithId(openAnswer(call.name, call.id ?? "", UNDER_WAY), turn.clock.id()));
  return { messages: [message, ...answers], next: { kind: "event", event: { type: DELEGATE } } };
}

/** Every delegation that an agent gave and that has no result yet, oldest first: what others wrote, whatever it looks like, is none. */
export function openDelegations(messages: readonly BaseMessage[], by: string): Delegation[] {
  return openCalls(messages.filter((message) => readRecord(message)?.author === by));
}

/** Every delegation without its result among messages that are known to be the agent's own. */
export function openCalls(messages: readonly BaseMessage[]): Delegation[] {
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

/** The newest result of each worker (`undefined`: of all together) that is none of a failure, newest last. */
export function newestResults(messages: readonly BaseMessage[]): ReadonlyMap<string | undefined, string> {
  const results = new Map<string | undefined, string>();
  let calls: readonly ToolCall[] = [];
  for (const message of messages) {
    if (AIMessage.isInstance(message)) calls = message.tool_calls ?? [];
    if (!ToolMessage.isInstance(message) || markOf(message) !== "closed") continue;
    const name = calls.find(({ id }) => id === message.tool_call_id)?.name;
    const worker = name?.startsWith(DELEGATE_TO) === true ? name.slice(DELEGATE_TO.length) : undefined;
    results.delete(worker); // the newest stands last
    if (message.status !== "error") results.set(worker, message.text);
  }
  return results;
}

/** A delegation as the name of a task: its own id may have any form. */
const taskOf = ({ id }: Pick<Delegation, "id">): string => `d${fingerprint(id)}`;

/** The tasks a delegation comes to: one, or one for each worker; in a chain each sees what all before it came to. */
export function tasksFor(delegation: Delegation, workers: readonly string[], isChain: boolean, shared: string): Task[] {
  const input = `${delegation.task}${shared}`;
  const { worker } = delegation;
  if (worker !== undefined) {
    const agent = workers.find((id) => delegateTo(id) === `${DELEGATE_TO}${worker}`) ?? worker; // a long id is shortened in the tool's name
    return [{ id: taskOf(delegation), agent, input }];
  }
  const ids = workers.map((id) => `${taskOf(delegation)}.${id}`);
  return workers.map((agent, index) => ({
    id: ids[index] ?? "",
    agent,
    input,
    label: agent,
    dependsOn: isChain ? ids.slice(0, index) : [],
  }));
}

/** What a delegation came to, in the words a supervisor reads; failed as soon as one of its tasks was not completed. */
export function resultOf(delegation: Delegation, records: readonly TaskRecord[], limit: number): DelegationResult {
  const { worker } = delegation;
  const id = taskOf(delegation);
  const own = records.filter(({ task }) => task === id || task.startsWith(`${id}.`));
  const texts = own.map((record) => `${worker === undefined ? `[${record.agent}] ` : ""}${wordsOf(record)}`);
  const whole = texts.join("\n\n");
  return {
    status: own.length > 0 && own.every(hasResult) ? "success" : "error",
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
  if (content.trim() !== "") return content;
  return data === undefined ? `${agent} finished without words: it gave no result.` : JSON.stringify(data);
}

/** A worker that ends without words and without data has not done what it was asked for. */
const hasResult = ({ status, content = "", data }: TaskRecord): boolean =>
  status === "completed" && (content.trim() !== "" || data !== undefined);

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
  return grouped(messages)
    .filter((group) => group.some(({ id }) => ids.has(id ?? "")))
    .flat();
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
const LISTED = 20;

/** A delegation that has its result: one call and its answer. */
interface Finished {
  readonly call: ToolCall;
  readonly answer: ToolMessage;
}

/**
 * The conversation as a supervisor's model sees it: the last `keep` results, and up to as many again, are whole, so that what a
 * provider has cached of the prompt is given up once in `keep` delegations. Those before stand as one line each in the answer of
 * the tool that also gives any of them whole; the prompt does not grow with what was delegated.
 */
export function condensed(
  messages: readonly BaseMessage[],
  keep: number,
  supervisor: string,
): { readonly messages: readonly BaseMessage[]; readonly tools: PatternTool[] } {
  let count = 0;
  const groups = grouped(messages).map((group) => {
    const own = finishedIn(group);
    count += own?.length ?? 0;
    return { group, own, upTo: count };
  });
  const finished = groups.flatMap(({ own }) => own ?? []);
  const wish = Math.floor(Math.max(0, finished.length - keep) / keep) * keep;
  const cut = groups.findLast(({ own, upTo }) => own !== undefined && upTo <= wish)?.upTo ?? 0;
  if (cut === 0) return { messages, tools: [] };
  const list = () => listed(finished.slice(0, cut));
  const view = groups.flatMap(({ group, own, upTo }) => {
    if (own === undefined || upTo > cut) return group;
    return upTo === cut ? readCall(supervisor, group[0]?.id ?? "", list()) : [];
  });
  const read: PatternTool = {
    name: READ_RESULT,
    description: "Gives an earlier result of a delegation whole, by its number; without one, lists them.",
    schema: NUMBER,
    answer: (args) => {
      const { number } = NUMBER.parse(args);
      if (number === undefined) return { content: list() };
      return { content: finished[number - 1]?.answer.text ?? `There is no result ${number}; there are 1 to ${finished.length}.` };
    },
  };
  return { messages: view, tools: [read] };
}

/** Assistant messages with the answers to their calls; every other message alone. */
function grouped(messages: readonly BaseMessage[]): BaseMessage[][] {
  const groups: BaseMessage[][] = [];
  for (const message of messages) {
    if (ToolMessage.isInstance(message)) groups.at(-1)?.push(message);
    else groups.push([message]);
  }
  return groups;
}

const known = new WeakMap<BaseMessage, Finished[]>();

/** The delegations of a group that is nothing but delegations with their results; undefined for any other. What is finished stays so. */
function finishedIn(group: readonly BaseMessage[]): Finished[] | undefined {
  const last = group.at(-1);
  if (last === undefined || !ToolMessage.isInstance(last)) return undefined;
  const own = known.get(last) ?? readFinished(group);
  if (own !== undefined) known.set(last, own);
  return own;
}

function readFinished([first, ...answers]: readonly BaseMessage[]): Finished[] | undefined {
  if (first === undefined || !AIMessage.isInstance(first) || first.text !== "" || answers.length === 0) return undefined;
  if (!answers.every((answer) => markOf(answer) === "closed")) return undefined;
  return (answers as ToolMessage[]).flatMap((answer) => {
    const call = first.tool_calls?.find(({ id }) => id === answer.tool_call_id);
    return call === undefined ? [] : [{ call, answer }];
  });
}

function listed(earlier: readonly Finished[]): string {
  const from = Math.max(0, earlier.length - LISTED);
  const lines = earlier.slice(from).map(({ call, answer }, index) => {
    const who = call.name.startsWith(DELEGATE_TO) ? call.name.slice(DELEGATE_TO.length) : "all";
    return `${from + index + 1} ${who}: ${start(String(call.args["task"] ?? ""))} → ${answer.status === "error" ? "failed: " : ""}${start(answer.text)}`;
  });
  return `Results 1 to ${earlier.length}, shortened${from > 0 ? "; the last ones are" : ""}:\n${lines.join("\n")}`;
}

const start = (text: string): string => (text.length <= SHORT ? text : `${text.slice(0, SHORT)}…`);

function readCall(name: string, upTo: string, content: string): BaseMessage[] {
  const id = callIdFor(`${upTo}:${READ_RESULT}`);
  const call: ToolCall = { type: "tool_call", id, name: READ_RESULT, args: {} };
  return [
    new AIMessage({ content: "", name, id: `condensed:${upTo}`, tool_calls: [call] }),
    new ToolMessage({ content, status: "success", tool_call_id: id, name: READ_RESULT, id: `condensed:${upTo}:answer` }),
  ];
}
