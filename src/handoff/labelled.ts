import { AIMessage, HumanMessage, ToolMessage, type BaseMessage, type MessageContent } from "@langchain/core/messages";
import type { ToolCall } from "@langchain/core/messages/tool";
import { CLIENT, HANDOFF_TOOL, readRecord } from "../agent/conversation.js";
import { handoverText } from "./handover-note.js";
import { MEDIA } from "./history.js";

/** What a user's message without words stands for. */
const NO_WORDS = "(no words)";
/** Users, and agents in the words of others, begin with a name in brackets. */
const CLAIMED = /^\[[A-Za-z0-9(][\w()-]{0,63}\]/;

/** Who said it, as the team `orchestration` knows it; undefined for words of the user. What a nested team said of itself was said by `name`. */
export function speakerOf(message: BaseMessage, orchestration: string): string | undefined {
  const author = readRecord(message)?.author;
  if (author === orchestration) return message.name ?? author;
  if (author !== undefined) return author === "user" && message.getType() === "human" ? undefined : author;
  return message.getType() === "human" ? undefined : (message.name ?? CLIENT);
}

/**
 * The words of a user, as they are: with the name where the message has one, because not every provider takes names, and marked
 * as the user's where they look like those of somebody else.
 */
export function fromUser(message: BaseMessage): BaseMessage {
  const { content, name } = message;
  if (made.has(message)) return message;
  if (typeof content === "string" && content !== "" && name === undefined && !content.startsWith("[") && content.trim() !== "")
    return message;
  return kept(message, "user", () => {
    const label = name ?? (CLAIMED.test(message.text) ? "user" : undefined);
    const said = spoken(label, content) ?? NO_WORDS;
    return said === content ? message : labelled(message, said);
  });
}

/**
 * What somebody else said, as it is told to an agent: user content that begins with its author. `[writer] text` are words,
 * `[writer called search] {…}` is a tool call and `[search answered writer] text` what came of it. A handoff is told where it
 * happened; one that was refused concerns nobody else. Undefined when there is nothing to tell.
 */
export function fromOther(message: BaseMessage, author: string, call: ToolCall | undefined): BaseMessage | undefined {
  return kept(message, author, () => {
    const content = ToolMessage.isInstance(message) ? resultOf(message, author, call) : wordsOf(message, author);
    return content === undefined ? undefined : labelled(message, content);
  });
}

/** Only what was said, without calls, results and what they brought. */
export function wordsAlone(message: BaseMessage, author: string): BaseMessage | undefined {
  if (ToolMessage.isInstance(message)) return undefined;
  const content = spoken(author, message.content);
  return content === undefined ? undefined : labelled(message, content);
}

function wordsOf(message: BaseMessage, author: string): MessageContent | undefined {
  const said = spoken(author, message.content);
  const calls = AIMessage.isInstance(message) ? (message.tool_calls ?? []).filter(({ name }) => name !== HANDOFF_TOOL) : [];
  if (calls.length === 0) return said;
  const called = calls.map(({ name, args }) => `[${author} called ${name}] ${JSON.stringify(args)}`).join("\n");
  if (said === undefined) return called;
  return typeof said === "string" ? `${said}\n${called}` : [...said, { type: "text", text: called }];
}

function resultOf(message: ToolMessage, author: string, call: ToolCall | undefined): MessageContent | undefined {
  const tool = call?.name ?? message.name ?? "tool";
  if (tool !== HANDOFF_TOOL) {
    const label = message.status === "error" ? `${tool} failed for ${author}` : `${tool} answered ${author}`;
    return spoken(label, message.content) ?? `[${label}]`;
  }
  if (message.status === "error") return undefined;
  return handoverText({ from: author, ...(call?.args as { readonly reason?: string; readonly summary?: string } | undefined) });
}

/** Words and media under a label; undefined when there are none. What is only for the provider that wrote it is left out. */
function spoken(label: string | undefined, content: MessageContent): MessageContent | undefined {
  const prefix = label === undefined ? "" : `[${label}]`;
  if (typeof content === "string") {
    if (content.trim() === "") return undefined;
    return label === undefined ? content : `${prefix} ${content}`;
  }
  const words = content.flatMap((block) =>
    block.type === "text" && String(block["text"] ?? "").trim() !== "" ? [String(block["text"])] : [],
  );
  const media = content.filter((block) => MEDIA.has(block.type));
  if (words.length === 0 && media.length === 0) return undefined;
  const text = [prefix, words.join("")].filter((part) => part !== "").join(" ");
  if (media.length === 0) return text;
  return text === "" ? media : [{ type: "text", text }, ...media];
}

/** What was made here says already whose words it is. */
const made = new WeakSet<BaseMessage>();

function labelled(message: BaseMessage, content: MessageContent): HumanMessage {
  const { id } = message;
  const shown = new HumanMessage({ content, ...(id === undefined ? {} : { id }) });
  made.add(shown);
  return shown;
}

/** A message of a thread is told again in every turn that comes after it. */
const told = new WeakMap<BaseMessage, { readonly author: string; readonly shown: BaseMessage | undefined }>();

function kept<M extends BaseMessage | undefined>(message: BaseMessage, author: string, make: () => M): M {
  const known = told.get(message);
  if (known?.author === author) return known.shown as M; // made for the same author, by the same function
  const shown = make();
  told.set(message, { author, shown });
  return shown;
}
