import type { BaseChatModel } from "@langchain/core/language_models/chat_models";

/** The chat model that reviewers and editor use. Its key is in this object only: never in a prompt, a checkpoint or a text. */
export interface ReviewModel {
  readonly name: string;
  /** Loads the client when the first agent needs it. */
  load(): Promise<BaseChatModel>;
  /** The same text without the key, should a server have quoted it. */
  redact(text: string): string;
}

const DEFAULT_MODEL = "gpt-5-mini";
const TIMEOUT = 60_000;
const RETRIES = 2;

/**
 * The model of `OPENAI_API_KEY`, `OPENAI_BASE_URL` (any server that speaks OpenAI's API) and `OPENAI_MODEL` (default gpt-5-mini);
 * undefined without a key.
 */
export function modelFrom(environment: Readonly<Record<string, string | undefined>>): ReviewModel | undefined {
  const key = environment["OPENAI_API_KEY"]?.trim() ?? "";
  if (key === "") return undefined;
  const name = environment["OPENAI_MODEL"]?.trim() || DEFAULT_MODEL;
  const baseURL = environment["OPENAI_BASE_URL"]?.trim() || undefined;
  let loading: Promise<BaseChatModel> | undefined;
  const load = async (): Promise<BaseChatModel> => {
    const { ChatOpenAI } = await import("@langchain/openai");
    const configuration = baseURL === undefined ? {} : { configuration: { baseURL } };
    return new ChatOpenAI({ model: name, apiKey: key, timeout: TIMEOUT, maxRetries: RETRIES, ...configuration });
  };
  return { name, load: () => (loading ??= load()), redact: (text) => text.replaceAll(key, "[key]") };
}
