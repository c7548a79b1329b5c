import type { AIMessage, ContentBlock, MessageContent } from "@langchain/core/messages";
import { isPlainObject } from "../base/json.js";
import { messageCopy } from "../langgraph/message.js";

/** Whose own form a message has beside what all providers share: thoughts, calls of the provider's own tools, citations, signatures. */
export type Dialect = string;

/** Names under which LangChain's packages know a provider, as models and in `model_provider`. */
const NAMES: Readonly<Record<string, Dialect>> = {
  openai: "openai",
  azure_openai: "openai",
  anthropic: "anthropic",
  googlegenerativeai: "gemini",
  "google-genai": "gemini",
  "google-vertexai": "gemini",
  vertexai: "gemini",
  mistral_ai: "mistral",
  mistralai: "mistral",
};
const KNOWN: ReadonlySet<Dialect> = new Set([...Object.values(NAMES), "openai-responses"]);

/** What a model reads; undefined where it does not say. */
export function dialectOf(model: unknown): Dialect | undefined {
  const { _llmType: type, _useResponsesApi: responses } = model as Partial<Record<"_llmType" | "_useResponsesApi", unknown>>;
  if (typeof type !== "function") return undefined;
  const said = String(type.call(model));
  const name = Object.hasOwn(NAMES, said) ? NAMES[said] : said;
  return name === "openai" && typeof responses === "function" && responses.call(model) === true ? "openai-responses" : name;
}

/** What a message was written in; undefined where it has nothing that only one provider knows. */
function writtenIn({ content, additional_kwargs: extras, response_metadata: metadata }: AIMessage): Dialect | undefined {
  const provider: unknown = metadata["model_provider"];
  if (typeof provider === "string") {
    const name = Object.hasOwn(NAMES, provider) ? NAMES[provider] : provider;
    return name === "openai" && (metadata["object"] === "response" || Array.isArray(metadata["output"])) ? "openai-responses" : name;
  }
  if ("__gemini_function_call_thought_signatures__" in extras) return "gemini";
  if (typeof content === "string") return undefined;
  return content.map(dialectOfBlock).find((dialect) => dialect !== undefined);
}

function dialectOfBlock(block: ContentBlock): Dialect | undefined {
  if (GEMINI.has(block.type)) return "gemini";
  if (block.type === "thinking" && Array.isArray(block["thinking"])) return "mistral";
  return ANTHROPIC.has(block.type) ? "anthropic" : undefined;
}

const GEMINI: ReadonlySet<string> = new Set(["functionCall", "executableCode", "codeExecutionResult"]);
const ANTHROPIC: ReadonlySet<string> = new Set(["thinking", "redacted_thinking", "server_tool_use", "tool_use"]);

/**
 * A message as the reader takes it: as it is where it was written in the reader's own form; else its words and its calls alone,
 * because what one provider hangs on a message another refuses. `isNew`: the reader wrote it in this very turn, and may need it
 * whole to go on; only Mistral's package does not take what it gave.
 */
export function toldTo(reader: Dialect | undefined, message: AIMessage, isNew = false): AIMessage {
  if (reader === undefined) return message;
  if (reader === "mistral" && hasOtherBlocks(message.content)) return wordsOnly(message);
  const writer = isNew ? reader : writtenIn(message);
  if (writer === undefined || writer === reader || (!KNOWN.has(writer) && !KNOWN.has(reader))) return message;
  const isPlain = typeof message.content === "string" && writer !== "openai-responses";
  return isPlain ? message : wordsOnly(message);
}

const hasOtherBlocks = (content: MessageContent): boolean => typeof content !== "string" && content.some(({ type }) => type !== "text");

/** Kinds of content that a reader is at least told of. */
const SEEN: Readonly<Record<string, string>> = {
  image: "an image",
  image_url: "an image",
  audio: "audio",
  file: "a file",
  inlineData: "a file",
};

const known = new WeakMap<AIMessage, AIMessage>();

function wordsOnly(message: AIMessage): AIMessage {
  const made = known.get(message) ?? copyOf(message);
  known.set(message, made); // the same message is told again in every turn that comes after it
  return made;
}

function copyOf(message: AIMessage): AIMessage {
  const blocks: readonly ContentBlock[] = typeof message.content === "string" ? [{ type: "text", text: message.content }] : message.content;
  const words = blocks.flatMap((block) => {
    if (block.type === "text") return [String(block["text"] ?? "")];
    const seen = Object.hasOwn(SEEN, block.type) ? SEEN[block.type] : undefined;
    return seen === undefined ? [] : [`(${seen})`];
  });
  const { phasegraph } = message.additional_kwargs;
  const additional_kwargs = isPlainObject(phasegraph) ? { phasegraph } : {};
  return Object.assign(messageCopy(message), { content: words.join(""), additional_kwargs, response_metadata: {} });
}
