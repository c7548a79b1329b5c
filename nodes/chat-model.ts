import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import type { initChatModel as InitChatModel } from "langchain/chat_models/universal";
import { InvalidRequestError } from "../src/base/errors.js";
import { shownError } from "../src/base/shown-error.js";

/** A LangChain chat model, or its name for LangChain's `initChatModel`: `"openai:gpt-5-mini"`. */
export type ChatModel = BaseChatModel | string;

const loaded = new Map<string, Promise<BaseChatModel>>();

/** Loads a model by name once; needs the package `langchain` and the provider's own. */
export async function chatModel(model: ChatModel): Promise<BaseChatModel> {
  if (typeof model !== "string") return model;
  const known = loaded.get(model) ?? load(model);
  loaded.set(model, known);
  return known.catch((error: unknown) => {
    loaded.delete(model);
    throw error;
  });
}

async function load(name: string): Promise<BaseChatModel> {
  // in a variable, and marked: bundlers leave it alone, so that a program without "langchain" builds
  const universal = "langchain/chat_models/universal";
  const { initChatModel } = (await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ universal).catch(
    (cause: unknown) => {
      throw new InvalidRequestError(
        `The model "${name}"`,
        `it is given by name, which needs the package "langchain" (${shownError(cause).message})`,
        "npm install langchain, or a chat model object",
      );
    },
  )) as { readonly initChatModel: typeof InitChatModel }; // of this name
  return (await initChatModel(name)) as unknown as BaseChatModel; // ConfigurableModel forwards every method of the model it makes
}
