import { CompiledStateGraph, type Command, type StateSchema } from "@langchain/langgraph";
import { coerceMessageLikeToMessage, type BaseMessageLike } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import { recordMessage } from "../agent/conversation.js";
import type { Clock } from "../base/clock.js";
import { IllegalTransitionError, InvalidRequestError } from "../base/errors.js";
import { isPlainObject } from "../base/json.js";
import type { Fields, GraphInput, GraphOutput, GraphState, GraphUpdate } from "../state/schema.js";
import type { Chart } from "../statechart/chart.js";
import { advance } from "../statechart/advance.js";
import { initialControl, valueLabel, type Control, type ControlEvent } from "../statechart/control.js";
import { legalEvents } from "../statechart/legal.js";
import { BOOKKEEPING, END, EVENT, START } from "../statechart/vocabulary.js";
import { isCommandLike } from "./command.js";

/** What the compiled graph knows beyond LangGraph. */
export interface Guard {
  readonly chart: Chart;
  readonly clock: Clock;
  readonly stateKeys: ReadonlySet<string>;
}

type Values = Record<string, unknown>;
type Options = RunnableConfig & Record<string, unknown>;

/**
 * The compiled orchestration: a LangGraph `CompiledStateGraph` in every respect, whose doors turn input, commands and state edits
 * into events and refuse, before anything is written, what the chart does not accept.
 */
export class OrchestrationGraph<Phase extends string = string, F extends Fields = Fields> extends CompiledStateGraph<
  GraphState<F>,
  GraphUpdate<F>,
  Phase | "__start__",
  StateSchema<GraphInput<F>>,
  StateSchema<GraphOutput<F>>
> {
  /** @internal */
  readonly guard!: Guard;

  constructor(fields: ConstructorParameters<typeof CompiledStateGraph>[0] & { readonly guard?: Guard }) {
    super(fields as never); // withConfig() hands back every field of this graph
    if (fields.guard !== undefined) this.guard = fields.guard;
  }

  /** The place a new thread of this orchestration starts from. */
  get chart(): Chart {
    return this.guard.chart;
  }

  // LangGraph's one entrance for invoke, stream and streamEvents, also when this graph runs inside another.
  override async *_streamIterator(
    ...[input, options]: Parameters<CompiledStateGraph<unknown, unknown>["_streamIterator"]>
  ): AsyncGenerator<never> {
    const prepared = this.prepareInput(input);
    const explicit =
      isPlainObject(prepared) &&
      this.isRoot(options as Options) &&
      (this.chart.whenDone === "refuse" || (prepared["control"] as ControlEvent[]).some((event) => event.type !== EVENT.INPUT));
    if (explicit) await this.refuseIllegal(options as Options, prepared["control"] as ControlEvent[]);
    yield* super._streamIterator(prepared as never, options as never) as AsyncGenerator<never>;
  }

  /**
   * Edits the state. An update of `control` is an event; the phases that are due afterwards are those the chart names.
   * @throws IllegalTransitionError (HTTP 409) before anything is written, with the events that are legal now.
   */
  override async bulkUpdateState(
    ...[config, supersteps]: Parameters<CompiledStateGraph<unknown, unknown>["bulkUpdateState"]>
  ): Promise<RunnableConfig> {
    const nested = (config.configurable?.["checkpoint_ns"] ?? "") !== "" && config.configurable?.["__pregel_checkpointer"] === undefined;
    if (nested) return super.bulkUpdateState(config, supersteps);
    let at: RunnableConfig = config;
    for (const { updates } of supersteps) {
      const prepared = await Promise.all(updates.map((update) => this.prepareEdit(at as Options, update)));
      at = await super.bulkUpdateState(at, [{ updates: prepared }]);
    }
    return at;
  }

  private isRoot(options: Options | undefined): boolean {
    return (options?.configurable?.["checkpoint_ns"] ?? "") === "";
  }

  /** Any input starts a turn; an event in it follows. */
  private prepareInput(input: unknown): unknown {
    if (input === null || input === undefined) return input;
    if (isCommandLike(input)) return this.prepareCommand(input);
    if (!isPlainObject(input)) throw new InvalidRequestError("The input of a run", "it is not an object", `{ messages, control?, …state }`);
    const { control, messages, ...rest } = input;
    const meta = { by: "user", at: this.guard.clock.now() };
    const events = isControl(control) ? [] : this.events(control, meta.by);
    const said = messages === undefined ? undefined : [messages].flat().map((message) => userMessage(message, this.guard.clock));
    const starts = said !== undefined || events.length === 0 ? [{ type: EVENT.INPUT, meta }] : [];
    return { ...rest, ...(said === undefined ? {} : { messages: said }), control: [...starts, ...events] };
  }

  private prepareCommand(command: Command): unknown {
    if ([command.goto ?? []].flat().length > 0) {
      const [target] = [command.goto].flat();
      throw new IllegalTransitionError(
        `goto ${typeof target === "string" ? target : "Send"}`,
        "any",
        [...this.chart.vocabulary],
        "a run moves by events, not by goto",
      );
    }
    const update: Values = Array.isArray(command.update)
      ? Object.fromEntries(command.update)
      : { ...(command.update as object | undefined) };
    if (command.resume === undefined) return this.prepareInput(update);
    if (update["control"] !== undefined) {
      throw new InvalidRequestError(
        "A resume",
        `it also updates "control"`,
        "the answer alone; send the event before or after, as an input of its own",
      );
    }
    return command;
  }

  private events(update: unknown, by: string): ControlEvent[] {
    if (update === undefined || update === null) return [];
    return [update].flat().map((event: unknown) => {
      if (!isPlainObject(event) || typeof event["type"] !== "string" || event["type"] === "__overwrite__" || "__overwrite__" in event) {
        throw new IllegalTransitionError(
          "a value",
          "any",
          [...this.chart.vocabulary],
          `"control" takes events, { type: "…" }, never a value`,
        );
      }
      if (event["type"] === BOOKKEEPING.ENTER || event["type"] === BOOKKEEPING.REPLY) {
        throw new IllegalTransitionError(event["type"], "any", [...this.chart.vocabulary], "this event belongs to the kernel");
      }
      return { ...event, type: event["type"], meta: { by, at: this.guard.clock.now() } };
    });
  }

  private async prepareEdit(config: Options, update: { values?: unknown; asNode?: unknown }): Promise<never> {
    const { values, asNode } = update;
    if ((values === null || values === undefined) && asNode !== undefined) return update as never; // copy, or drop what is pending
    if (asNode === "__input__") return { ...update, values: this.prepareInput(values) } as never;
    if (!isPlainObject(values ?? {}) || isCommandLike(values)) {
      throw new InvalidRequestError("A state edit", "it is not an object of state keys", `{ messages?, control?: { type }, …state }`);
    }
    const edit: Values = { ...(values as Values | null) };
    if (isControl(edit["control"]) || edit["results"] !== undefined) await this.dropUnchanged(config, edit);
    const foreign = Object.keys(edit).filter((key) => key !== "messages" && key !== "control" && !this.guard.stateKeys.has(key));
    if (foreign.length > 0) {
      throw new InvalidRequestError(
        "A state edit",
        `"${foreign.join('", "')}" cannot be edited`,
        `messages, control (an event) or extra state (${[...this.guard.stateKeys].join(", ") || "none"})`,
      );
    }
    const events = this.events(edit["control"], "api");
    if (events.length > 0) await this.refuseIllegal(config, events);
    const noted =
      events.length > 0 ? events : [{ type: BOOKKEEPING.ENTER, expected: true, meta: { by: "api", at: this.guard.clock.now() } }];
    return { ...update, values: { ...edit, control: noted }, asNode: START } as never;
  }

  /** Editors send the whole state back; what they left as it was is no edit. */
  private async dropUnchanged(config: Options, edit: Values): Promise<void> {
    const { control, results } = (await this.getState(config)).values as { control?: Control; results?: unknown };
    if (isControl(edit["control"]) && JSON.stringify(edit["control"]) === JSON.stringify(control)) delete edit["control"];
    if (JSON.stringify(edit["results"]) === JSON.stringify(results)) delete edit["results"];
  }

  private async refuseIllegal(config: Options, events: readonly ControlEvent[]): Promise<void> {
    const checkpointer = config.configurable?.["__pregel_checkpointer"] ?? this.checkpointer;
    const saved =
      checkpointer === undefined || checkpointer === false
        ? undefined
        : ((await this.getState(config)).values as { control?: Control }).control;
    let control = saved ?? initialControl(this.chart);
    for (const event of events) {
      const next = advance(this.chart, control, event);
      if (next.refusals > control.refusals) {
        throw new IllegalTransitionError(
          event.type,
          valueLabel(control.value) || END,
          legalEvents(this.chart, control),
          next.refused.at(-1)?.why,
        );
      }
      control = next;
    }
  }
}

/** Gives a graph that LangGraph compiled our doors. A subclass, because a patched instance would be lost by `withConfig`. */
export function guarded<Phase extends string, F extends Fields>(compiled: object, guard: Guard): OrchestrationGraph<Phase, F> {
  return Object.assign(Object.setPrototypeOf(compiled, OrchestrationGraph.prototype) as OrchestrationGraph<Phase, F>, { guard });
}

const isControl = (value: unknown): boolean => isPlainObject(value) && "v" in value && "chart" in value && "value" in value;

function userMessage(message: unknown, clock: Clock): unknown {
  const isRemoval = isPlainObject(message) && message["role"] === "remove";
  if (isRemoval) return message;
  const coerced = coerceMessageLikeToMessage(message as BaseMessageLike);
  if (coerced.getType() !== "human") return coerced;
  coerced.id ??= clock.id();
  coerced.lc_kwargs["id"] = coerced.id;
  return recordMessage(coerced, { author: "user", recipient: "team", type: "chat" });
}
