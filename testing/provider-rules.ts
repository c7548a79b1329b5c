import { AIMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { isInteropZodSchema } from "@langchain/core/utils/types";
import { toJsonSchema } from "@langchain/core/utils/json_schema";

/** A provider, and which of its doors. */
export type Provider = "openai" | "openai-responses" | "anthropic" | "gemini" | "mistral";
/** Who speaks, as providers call it. */
export type Role = "system" | "user" | "assistant" | "tool";

/** What a provider refuses a request for, as data. */
export interface ProviderRules {
  /** Roles that a conversation may begin with, after the system's words, and end with. */
  readonly first: readonly Role[];
  readonly last: readonly Role[];
  /** Roles that may come directly after each. */
  readonly after: Readonly<Record<Role, readonly Role[]>>;
  /** Ids of tool calls; undefined where LangChain's package makes ids of the provider's own form. */
  readonly callId: RegExp | undefined;
  /** Whether no two calls of a whole request may share an id, or of one message. */
  readonly callIdsUnique: "request" | "message";
  readonly toolName: RegExp;
  /** Characters of a tool's description. */
  readonly maxDescription: number;
}

const ANY: readonly Role[] = ["user", "assistant", "tool"];
const OPEN: ProviderRules["after"] = { system: ["system", ...ANY], user: ANY, assistant: ANY, tool: ANY };
const SPOKEN = { first: ["user"], last: ["user", "tool"], after: OPEN } as const;
const TOOLS = { toolName: /^[A-Za-z0-9_-]{1,64}$/, maxDescription: 1_024 } as const;

/**
 * The rules of each provider that bear on a conversation: sources are their references, their error messages, and what
 * `@langchain/openai`, `anthropic`, `google-genai` and `mistralai` make of messages.
 */
export const providerRules: Readonly<Record<Provider, ProviderRules>> = {
  openai: {
    ...TOOLS,
    ...SPOKEN,
    first: ["user", "assistant"],
    last: ["user", "assistant", "tool"],
    callId: /^.{1,40}$/s,
    callIdsUnique: "message",
  },
  "openai-responses": {
    ...TOOLS,
    ...SPOKEN,
    first: ["user", "assistant"],
    last: ["user", "assistant", "tool"],
    callId: /^.{1,64}$/s,
    callIdsUnique: "request",
  },
  anthropic: { ...TOOLS, ...SPOKEN, callId: /^[A-Za-z0-9_-]{1,64}$/, callIdsUnique: "request" },
  gemini: { ...TOOLS, ...SPOKEN, toolName: /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/, callId: undefined, callIdsUnique: "message" },
  mistral: {
    ...TOOLS,
    ...SPOKEN,
    after: {
      system: ["system", "user", "assistant"],
      user: ["user", "assistant"],
      assistant: ["assistant", "user", "tool"],
      tool: ["tool", "assistant"],
    },
    callId: undefined,
    callIdsUnique: "request",
  },
};

/** What a model is asked: a request of a {@link scriptedModel} is one. */
export interface CheckedRequest {
  readonly messages: readonly BaseMessage[];
  /** What `bindTools` gave: its `tools` are checked too. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/**
 * What a provider would refuse about a request, in words; without a provider, what any of them would. Empty when it is taken.
 * @example
 * for (const request of model.calls) expect(providerIssues(request)).toEqual([]);
 */
export function providerIssues(request: CheckedRequest, provider?: Provider): string[] {
  const providers = provider === undefined ? (Object.keys(providerRules) as Provider[]) : [provider];
  return providers.flatMap((name) => {
    const rules = providerRules[name];
    const issues = [...orderIssues(request.messages, rules), ...callIssues(request.messages, rules), ...toolIssues(request, rules)];
    return [...issues, ...request.messages.flatMap(contentIssues)].map((issue) => `${name}: ${issue}`);
  });
}

const ROLES: Readonly<Record<string, Role>> = { system: "system", human: "user", ai: "assistant", tool: "tool" };
const roleOf = (message: BaseMessage): Role | undefined => ROLES[message.getType()];

function orderIssues(messages: readonly BaseMessage[], { first, last, after }: ProviderRules): string[] {
  const issues: string[] = [];
  const roles = messages.map(roleOf);
  const begin = roles.findIndex((role) => role !== "system");
  const [opens, closes] = [roles[begin], roles.at(-1)];
  if (begin < 0 || opens === undefined || !first.includes(opens)) issues.push(`it begins with ${opens ?? "nothing"}`);
  if (closes === undefined || !last.includes(closes)) issues.push(`it ends with ${closes ?? "nothing"}`);
  for (const [index, role] of roles.entries()) {
    const before = roles[index - 1];
    if (role === undefined) issues.push(`message ${index} is of type ${messages[index]?.getType()}`);
    else if (role === "system" && index > 0) issues.push(`message ${index} is a system message behind another`);
    else if (before !== undefined && !after[before].includes(role)) issues.push(`message ${index} is ${role} after ${before}`);
  }
  return issues;
}

function callIssues(messages: readonly BaseMessage[], { callId, callIdsUnique, toolName }: ProviderRules): string[] {
  const issues: string[] = [];
  let open = new Set<string>();
  let taken = new Set<string>();
  const unanswered = (index: number): void => {
    for (const id of open) issues.push(`the call "${id}" before message ${index} has no answer`);
    open = new Set();
  };
  for (const [index, message] of messages.entries()) {
    if (ToolMessage.isInstance(message)) {
      if (!open.delete(message.tool_call_id)) issues.push(`message ${index} answers "${message.tool_call_id}", which is not open`);
      continue;
    }
    unanswered(index);
    if (callIdsUnique === "message") taken = new Set();
    for (const { id = "", name } of AIMessage.isInstance(message) ? (message.tool_calls ?? []) : []) {
      if (id === "" || taken.has(id)) issues.push(`message ${index} has a call whose id "${id}" is taken or empty`);
      if (callId !== undefined && !callId.test(id)) issues.push(`message ${index} has a call with the id "${id}"`);
      if (!toolName.test(name)) issues.push(`message ${index} calls a tool "${name}"`);
      taken.add(id);
      open.add(id);
    }
  }
  unanswered(messages.length);
  return issues;
}

/** Nobody takes a message with nothing in it, nor blocks of calls that the message does not make. */
function contentIssues(message: BaseMessage, index: number): string[] {
  const { content } = message;
  const calls = AIMessage.isInstance(message) ? (message.tool_calls ?? []) : [];
  if (typeof content === "string") {
    const isNothing = content === "" && (calls.length > 0 || ToolMessage.isInstance(message));
    return isNothing || content.trim() !== "" ? [] : [`message ${index} is empty`];
  }
  const issues = content.length === 0 && calls.length === 0 && !ToolMessage.isInstance(message) ? [`message ${index} has no content`] : [];
  for (const block of content) {
    if (block.type === "text" && String(block["text"] ?? "").trim() === "") issues.push(`message ${index} has an empty text`);
    if (block.type === "tool_use" && !calls.some(({ id }) => id === block["id"])) issues.push(`message ${index} has a block of no call`);
  }
  return issues;
}

function toolIssues({ options }: CheckedRequest, { toolName, maxDescription }: ProviderRules): string[] {
  const tools = (options?.["tools"] ?? []) as readonly Readonly<Record<string, unknown>>[]; // as bindTools was given them
  return tools.flatMap((tool) => {
    const inner = (tool["function"] ?? tool) as Readonly<Record<string, unknown>>;
    const { name, description = "", schema = inner["parameters"] } = inner;
    const parameters = isInteropZodSchema(schema) ? toJsonSchema(schema) : schema;
    const { type, properties } = (parameters ?? {}) as { readonly type?: unknown; readonly properties?: unknown };
    return [
      ...(toolName.test(String(name)) ? [] : [`a tool is called "${String(name)}"`]),
      ...(String(description).length <= maxDescription ? [] : [`the description of "${String(name)}" is too long`]),
      ...(parameters === undefined || (type === "object" && properties !== undefined)
        ? []
        : [`the parameters of "${String(name)}" are no object with named keys`]),
      ...(isSomeListOfNothing(parameters) ? [`a list among the parameters of "${String(name)}" does not say of what`] : []),
    ];
  });
}

/** OpenAI and Gemini ask of every list what it is a list of; a tuple's places are no answer. */
function isSomeListOfNothing(schema: unknown): boolean {
  if (typeof schema !== "object" || schema === null) return false;
  if ("type" in schema && schema.type === "array" && !("items" in schema)) return true;
  return Object.values(schema).some(isSomeListOfNothing);
}
