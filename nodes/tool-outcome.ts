import { coerceMessageLikeToMessage, RemoveMessage, ToolMessage, type BaseMessage, type MessageContent } from "@langchain/core/messages";
import type { ToolCall } from "@langchain/core/messages/tool";
import type { Turn } from "../src/agent/agent.js";
import type { Next } from "../src/agent/outcome.js";
import { isPlainObject, jsonIssue } from "../src/base/json.js";
import { isCommandLike, outcomeOfCommand } from "../src/compile/command.js";
import { artifactIssue, MAX_VALUE_SIZE, storageIssue } from "../src/state/owned-message.js";

/** Characters of a tool's result that a model is shown; the rest is cut, and the cut is said. */
export const MAX_TOOL_RESULT = 100_000;

/** Characters of a tool's images, files and other blocks as JSON; what is larger is not shown, and that is said. */
export const MAX_TOOL_BLOCKS = 16_777_216;

/** What a tool call came to. */
export interface ToolOutcome {
  /** Words, or content blocks as the tool gave them. */
  readonly content: MessageContent;
  readonly status: "success" | "error";
  /** What the tool kept for programs, as LangChain's `content_and_artifact` tools do. */
  readonly artifact?: unknown;
  /** Further messages of the tool's command, in their order. */
  readonly also?: readonly BaseMessage[];
  readonly update?: Readonly<Record<string, unknown>>;
  readonly next?: Next;
  /** What the agent says when the turn ends with this call. */
  readonly reply?: string;
}

/** Reads what a tool returned, without what could not be kept, which it says. @throws InvalidRequestError for a command that has no meaning here. */
export function readToolResult(turn: Turn, call: ToolCall, result: unknown, endsTurn: boolean): ToolOutcome {
  const outcome = isCommandLike(result) ? commanded(turn, call, result) : answered(result);
  const kept = storable(outcome);
  if (!endsTurn || kept.status === "error" || kept.next !== undefined) return kept;
  return { ...kept, next: { kind: "done" }, reply: textOf(kept.content) };
}

/** A tool that could not do what it was asked. */
export const failedTool = (message: string): ToolOutcome => ({ content: `Error: ${shorten(message)}`, status: "error" });

/** The words of a content. */
export const textOf = (content: MessageContent): string => new ToolMessage({ content, tool_call_id: "" }).text;

/** The same content with a line of words after it. */
export function withLines(content: MessageContent, lines: readonly string[]): MessageContent {
  if (lines.length === 0) return content;
  if (typeof content === "string") return [content, ...lines].join("\n");
  return [...content, { type: "text", text: lines.join("\n") }];
}

function answered(result: unknown): ToolOutcome {
  if (!ToolMessage.isInstance(result))
    return { content: shorten(typeof result === "string" ? result : written(result)), status: "success" };
  const { content, artifact } = result as { readonly content: MessageContent; readonly artifact?: unknown };
  return { content: bounded(content), status: result.status ?? "success", ...(artifact === undefined ? {} : { artifact }) };
}

/** A command's answer to this call, what else it says, what it changes and where it leads. */
function commanded(turn: Turn, call: ToolCall, command: Parameters<typeof outcomeOfCommand>[0]): ToolOutcome {
  const { messages: given = [], update, next } = outcomeOfCommand(command, turn.agent, turn.messages);
  const messages = given.map((message) => coerceMessageLikeToMessage(message)); // plain { role, content } too
  const isAnswer = (message: BaseMessage): boolean => ToolMessage.isInstance(message) && message.tool_call_id === call.id;
  const answer = messages.find(isAnswer);
  const others = messages.filter((message) => message !== answer);
  const lost: readonly BaseMessage[] = others.filter((message) => ToolMessage.isInstance(message) || RemoveMessage.isInstance(message));
  const also = others.filter((message) => !lost.includes(message));
  const { content, ...rest } = answer === undefined ? answered("Done.") : answered(answer);
  const note = `[${lost.length} further ${lost.length === 1 ? "message" : "messages"} of the tool could not be kept: answers to other calls, or removals]`;
  return {
    ...rest,
    content: withLines(content, lost.length === 0 ? [] : [note]),
    ...(also.length === 0 ? {} : { also }),
    ...(update === undefined ? {} : { update }),
    ...(next.kind === "done" ? {} : { next }),
  };
}

/** Blocks as they are, long words among them cut; instead of what is too large, or could not be stored, that it is not here. */
function bounded(content: MessageContent): MessageContent {
  if (typeof content === "string") return shorten(content);
  const issue = jsonIssue(content, MAX_TOOL_BLOCKS);
  if (issue !== undefined)
    return [shorten(textOf(content)), `[The rest of it is not shown: it ${issue}]`].filter((line) => line !== "").join("\n");
  return content.map((block) =>
    block.type === "text" && typeof block["text"] === "string" ? { ...block, text: shorten(block["text"]) } : block,
  );
}

/** As JSON, large numbers too; whatever JSON cannot say is said as JavaScript does. */
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
    content: withLines(answer.content, notes),
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
