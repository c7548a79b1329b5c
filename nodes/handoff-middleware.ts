import { AIMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import type { ToolCall } from "@langchain/core/messages/tool";
import { convertToOpenAITool } from "@langchain/core/utils/function_calling";
import { z } from "zod";
import type { Turn } from "../src/agent/agent.js";
import { HANDOFF_TOOL } from "../src/agent/conversation.js";
import type { Next } from "../src/agent/outcome.js";
import { callable, maybe, number, type Form } from "../src/base/form.js";
import { HandoffRejectedError } from "../src/base/errors.js";
import { tell } from "../src/base/listener.js";
import { dialectOf, toldTo } from "../src/handoff/dialect.js";
import { messageCopy, messageWithId } from "../src/langgraph/message.js";
import { passenger } from "../src/langgraph/passenger.js";
import { knownIds, newMessages } from "./graph-messages.js";
import { ownIds, withCalls } from "./model-answer.js";
import { HandoffArguments, handoffTool, refusedHandoff } from "./handoff-tool.js";
import { answerAlone } from "./plain-answer.js";

/** How an agent's handoffs are answered. */
export interface HandoffPolicy {
  /** Refused handoffs after which the turn fails. Default 3. */
  readonly handoffAttempts?: number;
  /** Called for each refused handoff, with what would have been legal. */
  readonly onHandoffRejected?: (rejection: {
    readonly agent: string;
    readonly phase: string;
    readonly target: string;
    readonly legal: readonly string[];
  }) => void;
}

export const HANDOFF_POLICY: Form<HandoffPolicy> = { handoffAttempts: maybe(number), onHandoffRejected: maybe(callable) };

/** The turn the middleware works for: the agent is built once, and runs many turns, also at once. */
export const TURN = passenger<Turn>("turn");

interface State {
  readonly messages: BaseMessage[];
}

interface Runtime {
  readonly configurable?: Record<string, unknown>;
}

interface ModelRequest {
  readonly state: State;
  readonly runtime: Runtime;
  readonly tools?: readonly unknown[];
  readonly messages?: readonly BaseMessage[];
  readonly model?: unknown;
}

/** LangChain's mark of a middleware: made by hand, so that this package does not need `langchain` to run. */
const BRAND = Symbol.for("AgentMiddleware");
const OVER = "phasegraph:over:";

/** Of the agent's own middleware: which hooks stand between ours. */
export interface OwnMiddleware {
  readonly beforeModel?: unknown;
  readonly afterModel?: unknown;
}

/**
 * The handoff for an agent made by LangChain's `createAgent`, as two middlewares around its own. The inner one adds the tool, with
 * the targets that are open now, and answers each call of it before a middleware of the agent sees the message; the outer one
 * ends the turn when a handoff was accepted and whatever was called beside it has run. Each hook is a superstep, so those that no
 * middleware of the agent makes necessary are left out. What happened is read from the messages alone, so that it is the same
 * after an interrupt or a crash.
 */
export function handoffMiddleware(
  policy: HandoffPolicy,
  own: readonly OwnMiddleware[],
): { readonly outer: object; readonly inner: object } {
  const answerNow = (state: State, runtime: Runtime): ToolMessage[] => {
    const turn = turnOf(runtime);
    return turn === undefined ? [] : answerHandoffs(turn, addedIn(state, runtime), policy);
  };
  const settle = (state: State, runtime: Runtime) => {
    const messages = answerNow(state, runtime);
    const added = [...addedIn(state, runtime), ...messages];
    const called = added.findLast((message) => AIMessage.isInstance(message))?.tool_calls ?? [];
    if (called.length === 0) return onlyAnswered(added, runtime);
    if (!called.some(isHandoff)) return undefined;
    if (called.some((call) => answerTo(call, added) === undefined)) return { messages };
    return { messages, jumpTo: acceptedHandoff(added) === undefined ? "model" : "end" };
  };
  const onlyAnswered = (added: readonly BaseMessage[], runtime: Runtime) => {
    const turn = turnOf(runtime);
    const told = turn === undefined || acceptedHandoff(added) !== undefined ? undefined : answerAlone(turn, added, policy.handoffAttempts);
    return told === undefined ? undefined : { messages: [told], jumpTo: "model" };
  };
  const endEarly = (state: State, runtime: Runtime) => (acceptedIn(state, runtime) === undefined ? undefined : { jumpTo: "end" });
  return {
    outer: {
      [BRAND]: true,
      name: "handoff.end",
      ...(own.some((middleware) => middleware.beforeModel !== undefined) ? { beforeModel: { canJumpTo: ["end"], hook: endEarly } } : {}),
      afterModel: { canJumpTo: ["end", "model"], hook: settle },
    },
    inner: {
      [BRAND]: true,
      name: "handoff",
      wrapModelCall: async (request: ModelRequest, next: (request: ModelRequest) => Promise<unknown>) => {
        const turn = turnOf(request.runtime);
        if (turn === undefined) return next(request);
        // the turn is over, but the agent's graph leads back to the model: nobody is asked, and nothing is said
        if (acceptedIn(request.state, request.runtime) !== undefined)
          return new AIMessage({ content: "", id: `${OVER}${turn.clock.id()}` });
        const open = turn.handoffs();
        const offered =
          open.length === 0 ? request : { ...request, tools: [...(request.tools ?? []), convertToOpenAITool(handoffTool(open))] };
        return withOwnIds(await next(readable(offered, turn)), request.state, turn);
      },
      ...(own.some((middleware) => middleware.afterModel !== undefined)
        ? { afterModel: (state: State, runtime: Runtime) => ({ messages: answerNow(state, runtime) }) }
        : {}),
    },
  };
}

/** For an agent that hands over in its own way, or not at all: its requests are sound, and nothing else. */
export const soundRequests = (): object => ({
  [BRAND]: true,
  name: "phasegraph.requests",
  wrapModelCall: async (request: ModelRequest, next: (request: ModelRequest) => Promise<unknown>) => {
    const turn = turnOf(request.runtime);
    return turn === undefined ? next(request) : withOwnIds(await next(readable(request, turn)), request.state, turn);
  },
});

/** What another provider's model wrote in earlier turns, as the model reads it. */
function readable(request: ModelRequest, turn: Turn): ModelRequest {
  const { messages = [], model } = request;
  const reader = dialectOf(model ?? {});
  if (reader === undefined) return request;
  const earlier = knownIds(turn, []);
  const told = messages.map((message) =>
    AIMessage.isInstance(message) && message.id !== undefined && earlier.has(message.id) ? toldTo(reader, message) : message,
  );
  const isSaid = (message: BaseMessage, index: number): boolean =>
    message === messages[index] || message.text !== "" || (AIMessage.isInstance(message) && (message.tool_calls ?? []).length > 0);
  return { ...request, messages: told.filter(isSaid) };
}

/** The handoff that ended a turn, read from the messages it added. */
export function acceptedHandoff(added: readonly BaseMessage[]): Extract<Next, { kind: "handoff" }> | undefined {
  for (const message of added) {
    if (!AIMessage.isInstance(message)) continue;
    for (const call of message.tool_calls ?? []) {
      if (!isHandoff(call) || answerTo(call, added)?.status === "error" || answerTo(call, added) === undefined) continue;
      const { target, reason, summary } = HandoffArguments.parse(call.args); // an accepted call was parsed before
      return { kind: "handoff", to: target, reason, summary };
    }
  }
  return undefined;
}

/** Without the empty answer that may have been put in to end the turn. */
export const withoutEnd = (added: readonly BaseMessage[]): BaseMessage[] =>
  added.filter((message) => message.id?.startsWith(OVER) !== true);

const turnOf = (runtime: Runtime): Turn | undefined => TURN.of(runtime); // set only by the graph agent

const isHandoff = (call: { readonly name: string }): boolean => call.name === HANDOFF_TOOL;

const answerTo = (call: { readonly id?: string | undefined }, messages: readonly BaseMessage[]): ToolMessage | undefined =>
  messages.find((message): message is ToolMessage => ToolMessage.isInstance(message) && message.tool_call_id === call.id);

function addedIn(state: State, runtime: Runtime): BaseMessage[] {
  const turn = turnOf(runtime);
  return turn === undefined ? [] : newMessages(state.messages, knownIds(turn, []));
}

const acceptedIn = (state: State, runtime: Runtime) => acceptedHandoff(addedIn(state, runtime));

/**
 * An answer whose id an earlier message has would take that one's place, and a call under the id of an earlier one is a request
 * that providers refuse: models that count from nought in each answer give both.
 */
function withOwnIds(answer: unknown, { messages }: State, turn: Turn): unknown {
  if (!AIMessage.isInstance(answer)) return answer;
  const isTaken = messages.some((message) => message.id !== undefined && message.id === answer.id);
  const own = isTaken ? messageWithId(answer, turn.clock.id()) : answer;
  const { tool_calls: calls = [] } = own;
  const ids = ownIds(turn, calls, messages);
  if (calls.every(({ id }, index) => id === ids[index])) return own;
  const named = calls.map((call, index): ToolCall => ({ ...call, id: ids[index] ?? "" }));
  return Object.assign(messageCopy(own), { content: withCalls(own.content, calls, named), tool_calls: named });
}

function answerHandoffs(turn: Turn, added: readonly BaseMessage[], policy: HandoffPolicy): ToolMessage[] {
  const open = turn.handoffs();
  const legal = open.map((target) => target.target);
  let over = acceptedHandoff(added) !== undefined;
  let refused = added.filter(
    (message) => ToolMessage.isInstance(message) && message.name === HANDOFF_TOOL && message.status === "error",
  ).length;
  const refuse = (call: ToolCall, target: string, content: string): ToolMessage => {
    refused += 1;
    tell(policy.onHandoffRejected, { agent: turn.agent, phase: turn.phase, target, legal });
    if (refused >= (policy.handoffAttempts ?? 3)) throw new HandoffRejectedError(turn.agent, target, legal, refused);
    return answer(turn, call, { content, status: "error" });
  };
  const unanswered = added
    .flatMap((message) => (AIMessage.isInstance(message) ? (message.tool_calls ?? []) : []))
    .filter((call) => isHandoff(call) && answerTo(call, added) === undefined);
  return unanswered.map((call) => {
    if (over) return answer(turn, call, { content: "Not executed: the turn had ended before this call.", status: "error" });
    const parsed = HandoffArguments.safeParse(call.args);
    if (!parsed.success) return refuse(call, "", `The arguments do not fit: ${z.prettifyError(parsed.error)}`);
    const { target } = parsed.data;
    if (!open.some((one) => one.target === target || one.agent === target)) return refuse(call, target, refusedHandoff(target, open));
    over = true;
    return answer(turn, call, { content: `Handed over to ${target}.`, status: "success" });
  });
}

const answer = (turn: Turn, call: ToolCall, said: { readonly content: string; readonly status: "success" | "error" }): ToolMessage =>
  new ToolMessage({ ...said, tool_call_id: call.id ?? "", name: HANDOFF_TOOL, id: turn.clock.id() });
