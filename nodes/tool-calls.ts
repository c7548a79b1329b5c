import { getConfig, isGraphBubbleUp } from "@langchain/langgraph";
import { ToolMessage } from "@langchain/core/messages";
import type { ToolCall } from "@langchain/core/messages/tool";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { StructuredToolInterface } from "@langchain/core/tools";
import { sha256 } from "@langchain/core/utils/hash";
import type { Turn } from "../src/agent/agent.js";
import type { Next } from "../src/agent/outcome.js";
import type { Piece } from "../src/agent/work.js";
import { isPlainObject } from "../src/base/json.js";
import { isCommandLike, outcomeOfCommand } from "../src/compile/command.js";
import { durably } from "../src/compile/durable.js";
import { threadOf } from "../src/langgraph/config.js";
import { lastingNamespace, namespaceOf } from "../src/langgraph/namespace.js";
import { artifactIssue, MAX_VALUE_SIZE, storageIssue } from "../src/state/owned-message.js";

/** Characters of a tool's result that a model is shown; the rest is cut, and the cut is said. */
export const MAX_TOOL_RESULT = 100_000;

/** What a tool call came to: plain data, because it is stored. */
export interface ToolOutcome {
  readonly content: string;
  readonly status: "success" | "error";
  /** What the tool kept for programs, as LangChain's `content_and_artifact` tools do. */
  readonly artifact?: unknown;
  readonly update?: Readonly<Record<string, unknown>>;
  readonly next?: Next;
}

/** A tool call to be run. */
export interface AskedCall {
  readonly call: ToolCall;
  /** Id of the message that asked for it. */
  readonly askedBy: string;
  /** Told to the model after the result. */
  readonly note?: string | undefined;
}

/** What the calls of a turn are run with. */
export interface Toolbox {
  readonly tools: ReadonlyMap<string, StructuredToolInterface>;
  readonly signal: AbortSignal | undefined;
  /** Whether each call is a task whose stored result is never computed again. */
  readonly durable: boolean;
  /** Names of further tools, for those who ask for one that there is not. */
  readonly others: readonly string[];
}

const IDEMPOTENCY_KEY = "idempotency_key";

/**
 * A key that is the same for ever for this very tool call, however often it is run again (resumed, retried, replayed, in another
 * process), and different for every other: hand it to services that accept one, because a tool may run twice when a process dies
 * between its effect and the storing of its result. 64 hex digits, made of the thread, the place in the orchestration, the stored
 * message that asked for the call, and the call's id. Undefined outside of a built-in turn's tool calls.
 */
export const idempotencyKey = (config: RunnableConfig): string | undefined => config.configurable?.[IDEMPOTENCY_KEY] as string | undefined;

function keyOf(turn: Turn, { call, askedBy }: AskedCall): string {
  const place = [lastingNamespace(namespaceOf(turn.config)), turn.phase, turn.task?.id ?? ""];
  return sha256(JSON.stringify([String(threadOf(turn.config) ?? ""), ...place, askedBy, call.id ?? call.name]));
}

/**
 * Runs tool calls side by side, each a durable task: a call whose result was stored is not run again. A tool that throws answers
 * the model with its message.
 */
export async function runTools(turn: Turn, calls: readonly AskedCall[], toolbox: Toolbox): Promise<Piece[]> {
  const { signal, durable } = toolbox;
  // the tasks are issued in the order of the calls, which is what makes them the same tasks on a replay
  return Promise.all(
    calls.map((asked) =>
      durably(turn, {
        name: "call_tool",
        signal,
        durable,
        run: async () => pieceOf(asked, await runTool(turn, asked, toolbox)),
        read: (outcome) => pieceOf(asked, outcome as ToolOutcome), // as it was stored before pieces told whose they are
      }),
    ),
  );
}

/** A call's outcome as what the conversation is told: the answer's id follows from the call, so that it is the same whenever it is made. */
export function pieceOf({ call, askedBy, note }: AskedCall, { content, status, artifact, update, next }: ToolOutcome): Piece {
  const answer = new ToolMessage({
    tool_call_id: call.id ?? "",
    name: call.name,
    content: note === undefined ? content : `${content}\n${note}`,
    status,
    id: `${askedBy}:${call.id ?? ""}`,
    ...(artifact === undefined ? {} : { artifact }),
  });
  return { said: [answer], ...(update === undefined ? {} : { update }), ...(next === undefined ? {} : { next }) };
}

async function runTool(turn: Turn, asked: AskedCall, { tools, signal, others }: Toolbox): Promise<ToolOutcome> {
  const { call } = asked;
  const found = tools.get(call.name);
  if (found === undefined)
    return failure(`There is no tool "${call.name}"; there are: ${[...tools.keys(), ...others].join(", ") || "none"}.`);
  const { callbacks, metadata } = turn.config;
  const inner = (getConfig() as RunnableConfig | undefined)?.configurable ?? turn.config.configurable;
  try {
    const result: unknown = await found.invoke(
      { ...call, args: structuredClone(call.args), type: "tool_call" }, // a tool may change its own
      {
        ...(callbacks === undefined ? {} : { callbacks }),
        ...(metadata === undefined ? {} : { metadata }),
        ...(signal === undefined ? {} : { signal }),
        configurable: { ...inner, [IDEMPOTENCY_KEY]: keyOf(turn, asked) },
      },
    );
    return storable(outcomeOf(turn, call, result));
  } catch (error) {
    if (isGraphBubbleUp(error) || signal?.aborted === true) throw error;
    return failure(error instanceof Error ? error.message : String(error));
  }
}

const failure = (message: string): ToolOutcome => ({ content: `Error: ${shorten(message)}`, status: "error" });

function outcomeOf(turn: Turn, call: ToolCall, result: unknown): ToolOutcome {
  if (isCommandLike(result)) {
    const { messages = [], update, next } = outcomeOfCommand(result, turn.agent, turn.messages);
    const answer = messages.find((message): message is ToolMessage => ToolMessage.isInstance(message) && message.tool_call_id === call.id);
    return {
      content: answer?.text ?? "Done.",
      status: "success",
      ...(update === undefined ? {} : { update }),
      ...(next.kind === "done" ? {} : { next }),
    };
  }
  if (ToolMessage.isInstance(result)) {
    return {
      content: shorten(result.text),
      status: result.status ?? "success",
      ...(result.artifact === undefined ? {} : { artifact: result.artifact as unknown }),
    };
  }
  return { content: shorten(typeof result === "string" ? result : written(result)), status: "success" };
}

/** As JSON, large numbers too; whatever JSON cannot say is said as JavaScript does. The tool has had its effect: this must not fail. */
function written(result: unknown): string {
  try {
    return JSON.stringify(result ?? null, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value)) ?? typeof result;
  } catch {
    return Object.prototype.toString.call(result);
  }
}

/** Without what could not be stored beside the answer, which says so: stored all the same, it would make the thread unreadable. */
function storable({ artifact, update, next, ...answer }: ToolOutcome): ToolOutcome {
  const wishes = Object.entries({ update, next }).filter(([, wish]) => wish !== undefined);
  const bad = wishes.flatMap(([key, wish]) => wishIssue(key, wish));
  const lost = artifactIssue(artifact);
  const notes = [...bad, ...(lost === undefined ? [] : [`artifact was not kept: it ${lost}`])].map((note) => `[Its ${note}]`);
  return {
    ...answer,
    content: [answer.content, ...notes].join("\n"),
    ...(bad.length === 0 ? Object.fromEntries(wishes) : { status: "error" }),
    ...(artifact === undefined || lost !== undefined ? {} : { artifact }),
  };
}

function wishIssue(key: string, wish: unknown): string[] {
  const values = isPlainObject(wish) ? Object.values(wish) : [wish];
  const issue = values.map((value) => storageIssue(value, MAX_VALUE_SIZE)).find((found) => found !== undefined);
  return issue === undefined ? [] : [`${key} was not carried out: it ${issue}`];
}

const shorten = (text: string): string =>
  text.length <= MAX_TOOL_RESULT ? text : `${text.slice(0, MAX_TOOL_RESULT)}\n[cut: ${text.length - MAX_TOOL_RESULT} more characters]`;
