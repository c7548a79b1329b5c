import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { ToolMessage } from "@langchain/core/messages";
import { eitherSignal, openAbort } from "../src/base/abort.js";
import type { Turn } from "../src/agent/agent.js";
import type { Budget } from "../src/agent/budget.js";
import { TURN_MILLISECONDS } from "../src/agent/deadline.js";
import { after } from "../src/base/clock.js";
import { BudgetExceededError, StepTimeoutError } from "../src/base/errors.js";
import type { TurnLimits } from "./model-agent.js";

/** Watches over a graph of someone else while it works for a turn. */
export interface Meter {
  /** To be passed down as a callback: it sees every model and tool call, however deep. */
  readonly handler: BaseCallbackHandler;
  /** Aborted when the turn's caller gives up, or a limit is met. */
  readonly signal: AbortSignal;
  /** What a nested orchestration may still spend; its model and tool calls are seen by the handler already. */
  readonly budget: Budget;
  /** Results of tools, in the order they came: LangGraph drops those that ran beside a jump out of the graph. */
  readonly results: readonly ToolMessage[];
  /** The limit that was met: what the graph made of it does not count. */
  exceeded(): Error | undefined;
  close(): void;
}

/** Counts against the turn's own limits and its budget. A call too many is refused before it is made, and the graph is stopped. */
export function openMeter(turn: Turn<unknown>, limits: TurnLimits = {}): Meter {
  const stop = openAbort();
  const used = { modelCalls: 0, toolCalls: 0 };
  let met: Error | undefined;
  const meet = (error: Error): Error => {
    met ??= error;
    stop.abort(met);
    return met;
  };
  const spend = (resource: "modelCalls" | "toolCalls"): void => {
    if (met !== undefined) throw met;
    try {
      used[resource] += 1;
      const limit = limits[resource];
      if (limit !== undefined && used[resource] > limit) throw new BudgetExceededError(turn.agent, resource, limit);
      turn.budget.spend(resource);
    } catch (error) {
      throw meet(error as Error); // only BudgetExceededError is thrown above
    }
  };
  const { milliseconds = TURN_MILLISECONDS } = limits;
  const takeBack = after(turn.clock, milliseconds, () => meet(new StepTimeoutError(turn.agent, milliseconds)));
  const handler = new MeterHandler(spend);
  return {
    handler,
    results: handler.results,
    signal: eitherSignal(stop.signal, turn.config.signal),
    budget: {
      spend: (resource, amount) => (isSeen(resource) ? undefined : turn.budget.spend(resource, amount)),
      used: (resource) => turn.budget.used(resource),
      require: (...needed) => turn.budget.require(...needed),
    },
    exceeded: () => met,
    close: takeBack,
  };
}

/** Counted by the handler, which sees every call. */
const isSeen = (resource: string): boolean => resource === "modelCalls" || resource === "toolCalls";

class MeterHandler extends BaseCallbackHandler {
  readonly name = "phasegraph.meter";
  override raiseError = true; // without it LangChain only logs what is thrown here, and makes the call
  override awaitHandlers = true;
  readonly results: ToolMessage[] = [];

  constructor(private readonly spend: (resource: "modelCalls" | "toolCalls") => void) {
    super();
  }

  override handleChatModelStart(): void {
    this.spend("modelCalls");
  }

  override handleLLMStart(): void {
    this.spend("modelCalls");
  }

  override handleToolStart(): void {
    this.spend("toolCalls");
  }

  override handleToolEnd(output: unknown): void {
    if (ToolMessage.isInstance(output)) this.results.push(output);
  }
}
