import { LLMock, type ChatCompletionRequest, type ChatMessage, type FixtureOpts, type FixtureResponse } from "@copilotkit/aimock";
import { ChatOpenAI, type ChatOpenAIFields } from "@langchain/openai";
import { onTestFinished } from "vitest";

/** What the server answers a request with: a text, tool calls with their arguments as they go over the wire, or any response. */
export type WireStep = string | { readonly calls: readonly WireCall[]; readonly content?: string } | WireResponse;

interface WireCall {
  readonly name: string;
  /** JSON, or what a careless model takes for it. */
  readonly args: string;
  readonly id?: string;
}

interface WireResponse {
  readonly response: FixtureResponse;
  readonly options?: FixtureOpts;
}

/** A server that speaks OpenAI's protocol and answers its requests with the steps, in order. It stops with the test. */
export async function openAI(steps: readonly WireStep[]) {
  const mock = new LLMock({ port: 0, strict: true });
  for (const [index, step] of steps.entries()) {
    const { response, options } = answer(step);
    mock.addFixture({ match: { predicate: () => mock.getRequests().length === index }, response, ...options });
  }
  await mock.start();
  onTestFinished(() => mock.stop());
  return {
    model: (fields: ChatOpenAIFields = {}) =>
      new ChatOpenAI({ model: "gpt-4o", apiKey: "none", configuration: { baseURL: `${mock.url}/v1` }, ...fields }),
    /** Everything that was asked, failed attempts included. */
    requests: () => mock.getRequests().map((entry) => entry.body as unknown as ChatCompletionRequest), // only chat requests are made here
    statuses: () => mock.getRequests().map((entry) => entry.response.status),
  };
}

function answer(step: WireStep): WireResponse {
  if (typeof step === "string") return { response: { content: step } };
  if ("response" in step) return step;
  const toolCalls = step.calls.map(({ name, args, id }) => ({ name, arguments: args, ...(id === undefined ? {} : { id }) }));
  return { response: step.content === undefined ? { toolCalls } : { toolCalls, content: step.content } };
}

/** What OpenAI would refuse about a history: each tool call is answered exactly once, directly after the message that made it. */
export function historyIssues(messages: readonly ChatMessage[]): string[] {
  const issues: string[] = [];
  let open: string[] = [];
  for (const [index, message] of messages.entries()) {
    if (message.role === "tool") {
      const place = open.indexOf(message.tool_call_id ?? "");
      if (place < 0) issues.push(`message ${index} answers "${message.tool_call_id}", which was not called or is answered already`);
      else open.splice(place, 1);
      continue;
    }
    issues.push(...open.map((id) => `the call "${id}" before message ${index} has no answer`));
    open = (message.tool_calls ?? []).map((call) => call.id);
    if (new Set(open).size < open.length) issues.push(`message ${index} has two calls of one id: ${open.join(", ")}`);
    for (const { function: made } of message.tool_calls ?? []) {
      if (!isJson(made.arguments)) issues.push(`message ${index} calls ${made.name} with arguments that are no JSON: ${made.arguments}`);
    }
  }
  return [...issues, ...open.map((id) => `the call "${id}" at the end has no answer`)];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The targets that the handoff tool of a request offers; undefined when it has none. */
export function targetsOffered(request: ChatCompletionRequest): readonly string[] | undefined {
  const tool = request.tools?.find((offered) => offered.function.name === "handoff");
  const parameters = tool?.function.parameters as { readonly properties: { readonly target: { readonly enum: string[] } } } | undefined; // our own tool's
  return parameters?.properties.target.enum;
}
