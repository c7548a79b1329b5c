import { getConfig, isGraphBubbleUp } from "@langchain/langgraph";
import { ToolMessage } from "@langchain/core/messages";
import type { ToolCall } from "@langchain/core/messages/tool";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { StructuredToolInterface } from "@langchain/core/tools";
import type { Turn } from "../src/agent/agent.js";
import type { Piece } from "../src/agent/work.js";
import { fingerprint } from "../src/base/hash.js";
import { shownError, soundError } from "../src/base/shown-error.js";
import { durably } from "../src/compile/durable.js";
import { messageWithId } from "../src/langgraph/message.js";
import { withCall } from "./idempotency.js";
import { failedTool, readToolResult, withLines, type ToolOutcome } from "./tool-outcome.js";

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
export function pieceOf({ call, askedBy, note }: AskedCall, outcome: ToolOutcome): Piece {
  const { content, status, artifact, also = [], update, next, reply } = outcome;
  const answer = new ToolMessage({
    tool_call_id: call.id ?? "",
    name: call.name,
    content: withLines(content, note === undefined ? [] : [note]),
    status,
    id: answerId(askedBy, call.id ?? ""),
    ...(artifact === undefined ? {} : { artifact }),
  });
  const further = also.map((message, index) => (message.id === undefined ? messageWithId(message, `${answer.id}:${index + 1}`) : message));
  return {
    said: [answer, ...further],
    ...(update === undefined ? {} : { update }),
    ...(next === undefined ? {} : { next }),
    ...(reply === undefined ? {} : { reply }),
  };
}

const PLAIN_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

/** Work may be named after it, so it is made of letters that names are made of. */
function answerId(askedBy: string, call: string): string {
  const id = `${askedBy}.${call}`;
  return PLAIN_ID.test(id) ? id : `answer-${fingerprint(id)}`;
}

async function runTool(turn: Turn, asked: AskedCall, { tools, signal, others }: Toolbox): Promise<ToolOutcome> {
  const { call } = asked;
  const found = tools.get(call.name);
  if (found === undefined)
    return failedTool(`There is no tool "${call.name}"; there are: ${[...tools.keys(), ...others].join(", ") || "none"}.`);
  const { callbacks, metadata } = turn.config;
  const inner = (getConfig() as RunnableConfig | undefined)?.configurable ?? turn.config.configurable;
  try {
    const result: unknown = await found.invoke(
      { ...call, args: structuredClone(call.args), type: "tool_call" }, // a tool may change its own
      {
        ...(callbacks === undefined ? {} : { callbacks }),
        ...(metadata === undefined ? {} : { metadata }),
        ...(signal === undefined ? {} : { signal }),
        configurable: { ...inner, ...withCall(turn, { id: call.id ?? call.name, askedBy: asked.askedBy }) },
      },
    );
    return readToolResult(turn, call, result, found.returnDirect === true);
  } catch (thrown) {
    const error = soundError(thrown);
    if (isGraphBubbleUp(error) || signal?.aborted === true) throw error;
    return failedTool(shownError(error).message);
  }
}
