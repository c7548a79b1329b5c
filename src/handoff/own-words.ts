import type { AIMessage, ContentBlock, MessageContent, ToolMessage } from "@langchain/core/messages";
import type { ToolCall } from "@langchain/core/messages/tool";
import { fingerprint } from "../base/hash.js";
import { toldTo, type Dialect } from "./dialect.js";
import { messageCopy } from "../langgraph/message.js";

/** What every provider takes as the id of a tool call, and as a tool's name. */
const CALL_ID = /^[A-Za-z0-9_-]{1,40}$/;
export const TOOL_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** An id that every provider takes, Mistral included: nine letters and digits, the same whenever it is made of the same text. */
export const callIdFor = (text: string): string => Number.parseInt(fingerprint(text), 16).toString(36).padStart(9, "0").slice(-9);

/**
 * The messages an agent wrote itself, in the form that every provider takes: calls under ids and names that may be sent, each id
 * once, and nothing empty. The stored messages keep what they have. Told of one message after another, in their order.
 */
export class OwnWords {
  private readonly taken = new Set<string>();
  /** Ids of the calls that wait for their answers, as stored and as sent. */
  private waiting: { readonly stored: string; readonly sent: string }[] = [];

  /** `reader` is whose form the agent's model reads; `isNew` says that the messages are those of its present turn. */
  constructor(
    private readonly reader: Dialect | undefined,
    private readonly isNew = false,
  ) {}

  /** The agent's message; undefined when it says nothing and calls nothing. */
  spoken(written: AIMessage): AIMessage | undefined {
    const message = toldTo(this.reader, written, this.isNew);
    const { tool_calls: calls = [] } = message;
    const sent = calls.map((call, index) => this.idFor(message, call, index));
    this.waiting = calls.map(({ id = "" }, index) => ({ stored: id, sent: sent[index] ?? id }));
    const content = sound(message.content, calls, sent);
    if (calls.length === 0 && !says(content)) return undefined;
    const isRight = calls.every(({ id, name }, index) => id === sent[index] && TOOL_NAME.test(name));
    if (isRight && content === message.content) return message;
    const tool_calls = calls.map((call, index): ToolCall => ({ ...call, id: sent[index] ?? "", name: soundName(call.name) }));
    const { output: _raw, ...response_metadata } = message.response_metadata; // OpenAI's package would send the answer again as it came
    return Object.assign(messageCopy(message), { content, tool_calls, response_metadata });
  }

  /** The answer to a call of the agent's newest message. */
  answered(message: ToolMessage): ToolMessage {
    const { tool_call_id: id, name } = message;
    const sent = this.waiting.find(({ stored }) => stored === id)?.sent ?? id;
    if (sent === id && (name === undefined || TOOL_NAME.test(name))) return message;
    return Object.assign(messageCopy(message), { tool_call_id: sent, ...(name === undefined ? {} : { name: soundName(name) }) });
  }

  private idFor(message: AIMessage, { id = "" }: ToolCall, index: number): string {
    let own = id;
    for (let count = index; !CALL_ID.test(own) || this.taken.has(own); count += 1) own = callIdFor(`${message.id}:${id}:${count}`);
    this.taken.add(own);
    return own;
  }
}

/** The name as every provider takes it. */
export const soundName = (name: string): string =>
  TOOL_NAME.test(name) ? name : name.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 64) || "unknown";

/** Blocks by which providers tell of a call beside the message's own list of calls. */
const CALLS: ReadonlySet<string> = new Set(["tool_use", "tool_call"]);
/** Gemini's have no ids. */
const isLostCall = (block: ContentBlock, calls: readonly ToolCall[]): boolean =>
  block.type === "functionCall" &&
  !calls.some(({ name }) => name === (block["functionCall"] as { readonly name?: unknown } | undefined)?.name);
/** Blocks that are no answer by themselves. */
const SILENT: ReadonlySet<string> = new Set(["thinking", "redacted_thinking", "reasoning", "reasoning_content"]);

/** Whether content would be anything to a provider. */
function says(content: MessageContent): boolean {
  return typeof content === "string" ? content.trim() !== "" : content.some((block) => !SILENT.has(block.type));
}

/** Without blank texts, and without blocks of calls that there are not, or that nobody answered; the very same when it is right. */
function sound(content: MessageContent, calls: readonly ToolCall[], sent: readonly string[]): MessageContent {
  if (typeof content === "string") return content.trim() === "" ? "" : content;
  const results = new Set(content.flatMap((block) => (typeof block["tool_use_id"] === "string" ? [block["tool_use_id"]] : [])));
  const used = new Set(content.flatMap((block) => (block.type === "server_tool_use" ? [block["id"]] : [])));
  const left = new Map(calls.map(({ id }, index) => [id, index]));
  let changed = false;
  const blocks = content.flatMap((block): ContentBlock[] => {
    const isBlank = block.type === "text" && String(block["text"] ?? "").trim() === "";
    const id = block["id"] as string | undefined;
    const place = CALLS.has(block.type) ? (left.get(id) ?? -1) : 0;
    if (CALLS.has(block.type)) left.delete(id);
    const isAlone =
      (block.type === "server_tool_use" && !results.has(String(block["id"]))) ||
      (typeof block["tool_use_id"] === "string" && !used.has(block["tool_use_id"]));
    if (isBlank || place < 0 || isAlone || isLostCall(block, calls)) {
      changed = true;
      return [];
    }
    if (!CALLS.has(block.type) || block["id"] === sent[place]) return [block];
    changed = true;
    return [{ ...block, id: sent[place] ?? "" }];
  });
  return changed ? blocks : content;
}
