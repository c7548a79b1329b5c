import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import type { initChatModel as InitChatModel } from "langchain/chat_models/universal";
import { InvalidRequestError } from "../src/base/errors.js";
import { kindOf } from "../src/base/form.js";
import { shownError } from "../src/base/shown-error.js";

/** A LangChain chat model, or its name for LangChain's `initChatModel`: `"openai:gpt-5-mini"`. */
export type ChatModel = BaseChatModel | string;

/** Whether a model can be given tools; of a name nobody knows before it is loaded. */
export const canCallTools = (model: ChatModel): boolean => typeof model === "string" || model.bindTools !== undefined;

/** Why an agent with such a model cannot be used where tools are needed. */
export const cannotCallTools = (model: ChatModel): string =>
  `the model ${typeof model === "string" ? model : model.getName()} cannot call tools (it has no bindTools), which tools, handoffs, delegations and output need; give the agent another model, or none of these`;

const isModel = (value: unknown): boolean =>
  (typeof value === "string" && value !== "") || (typeof value === "object" && value !== null && "invoke" in value && "getName" in value);

const FORMS = 'a chat model of LangChain, its name such as "openai:gpt-5-mini"';
/** A model, where one is asked for. */
export const MODEL = kindOf(FORMS, isModel);
/** A model, or a function that chooses one. */
export const MODEL_OR_FUNCTION = kindOf(`${FORMS}, or a function that gives one`, (value) => typeof value === "function" || isModel(value));

const loaded = new Map<string, Promise<BaseChatModel>>();

/** Loads a model by name once; needs the package `langchain` and the provider's own. */
export async function chatModel(model: ChatModel): Promise<BaseChatModel> {
  if (!isModel(model)) throw new InvalidRequestError("The model that a function chose", "it is none", FORMS);
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
