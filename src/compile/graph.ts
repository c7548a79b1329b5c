import { Command, type CheckpointTuple, type CompiledStateGraph, type StateSchema, type StateSnapshot } from "@langchain/langgraph";
import { expectListeners, openAbort } from "../base/abort.js";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { Clock } from "../base/clock.js";
import { IllegalTransitionError, InvalidRequestError } from "../base/errors.js";
import { isPlainObject } from "../base/json.js";
import { shownError } from "../base/shown-error.js";
import {
  atCheckpoint,
  checkpointOf,
  isNestedRun,
  isResuming,
  nestedIn,
  replayOf,
  saverOf,
  threadOf,
  withoutPrivateKeys,
} from "../langgraph/config.js";
import { isInner } from "../langgraph/inner-thread.js";
import { EnteredGraph, type Run, type RunOptions as Options } from "../langgraph/graph.js";
import { lastingNamespace, namespaceOf } from "../langgraph/namespace.js";
import { questionsIn } from "../langgraph/question.js";
import { countingSupersteps } from "../langgraph/supersteps.js";
import { tryReducer, type Reducers } from "../state/reducers.js";
import { type BaseState, type Fields, type GraphInput, type GraphOutput, type GraphState, type GraphUpdate } from "../state/schema.js";
import type { Chart } from "../statechart/chart.js";
import { advance } from "../statechart/advance.js";
import { initialControl, valueLabel, type Control, type EventMeta } from "../statechart/control.js";
import { legalEvents } from "../statechart/legal.js";
import { BOOKKEEPING, END, EVENT, START } from "../statechart/vocabulary.js";
import { ACTING, isCallers, userOf, type Acting } from "./acting.js";
import { editAlone, placeOf, runAlone } from "./alone.js";
import { withoutAnswered } from "./answers.js";
import { causeOf } from "./cause.js";
import { incoming } from "./incoming.js";
import { isCommandLike } from "./command.js";
import { withInside, type Inside } from "./inside.js";
import { assertAsking, atRoot } from "./left-behind.js";
import { branching, COPY, EDIT, inputAt, isEarlier, stamped, type Stamp } from "./branch.js";
import { assertKnown, assertStorable, CONTROL_VALUE, isControl, isInput, kernelEvent } from "./given.js";
import { ORIGIN, Origin } from "./origin.js";
import { resumption } from "./resume.js";
import { RUN } from "./run.js";
import { leftovers, type Leftover, type ReadInside } from "./unfinished.js";
import { withWaiting } from "./waiting.js";
import { WRITER } from "./writer.js";

/** What the compiled graph knows beyond LangGraph. */
export interface Guard {
  readonly chart: Chart;
  readonly clock: Clock;
  readonly stateKeys: ReadonlySet<string>;
  readonly reducers: Reducers;
  /** The agents of the phases. */
  readonly agentOf: ReadonlyMap<string, string>;
  /** How the work of phases with a graph inside is read, when a turn never ended. */
  readonly inside: ReadonlyMap<string, ReadInside>;
  readonly parts: Inside;
}

type Values = Record<string, unknown>;

/** Where a run begins. */
interface Begins {
  readonly config: Options;
  /** The checkpoint; undefined where there is none, or a resumed run knows it. */
  readonly base?: string | undefined;
}

/**
 * The compiled orchestration: a LangGraph `CompiledStateGraph` in every respect, whose doors turn input, commands and state edits
 * into events and refuse, before anything is written, what the chart does not accept.
 */
export class OrchestrationGraph<Phase extends string = string, F extends Fields = Fields> extends EnteredGraph<
  GraphState<F>,
  GraphUpdate<F>,
  Phase | "__start__",
  StateSchema<GraphInput<F>>,
  StateSchema<GraphOutput<F>>
> {
  /** @internal */
  readonly guard!: Guard;

  constructor(fields: ConstructorParameters<typeof CompiledStateGraph>[0] & { readonly guard?: Guard }) {
    super(fields); // withConfig() hands back every field of this graph
    if (fields.guard !== undefined) this.guard = fields.guard;
  }

  /** The place a new thread of this orchestration starts from. */
  get chart(): Chart {
    return this.guard.chart;
  }

  protected override enter(input: unknown, options: Options, go: (input: unknown, config: Options) => Run): Run {
    if (isNestedRun(options)) return this.run(input, options, false, go);
    if (isInner(options)) return this.run(input, options, true, go); // begun by a node of ours
    const config = withoutPrivateKeys(options);
    return runAlone(placeOf(this.checkpointer, config, this.config), config, (own) => this.run(input, own, true, go));
  }

  private async *run(input: unknown, options: Options, isRoot: boolean, go: (input: unknown, config: Options) => Run): Run {
    const config = countingSupersteps(isRoot && isCommandLike(input) ? await atRoot(this, input, options) : options);
    if (isCommandLike(input)) await this.refuseGoto(config, input);
    const forks = isRoot && (await isEarlier(this, config));
    const user = isCallers(options) ? userOf(this.config, options) : undefined;
    let prepared = this.prepareInput(input, isRoot, { forks, user });
    if (isRoot && isPlainObject(prepared)) {
      await this.tryReducers("The input of a run", config, prepared);
      const events = prepared["control"] as unknown[];
      const explicit = events.some((event) => event !== CONTROL_VALUE && !isInput(event));
      if (explicit || this.chart.whenDone === "refuse") await this.trial(config)(events);
    }
    const keeps = isPlainObject(prepared) && !isResuming(config) && !(isRoot && isInner(options));
    const begins = keeps ? await this.keepFinished(config) : { config };
    let acting: Acting | undefined = !isRoot && user !== undefined && isResuming(config) ? { user, answers: undefined } : undefined;
    if (isRoot && isCommandLike(prepared)) {
      [prepared, acting] = await this.prepareResume(config, prepared, { forks, user });
    }
    expectListeners(config?.signal);
    const at = forks && (prepared === null || prepared === undefined) ? await this.branchedOff(begins.config) : begins.config;
    const run = openAbort();
    try {
      const own = acting === undefined ? at : ACTING.with(at, acting);
      yield* go(prepared, ORIGIN.with(RUN.with(own, run.signal), new Origin(begins.base)));
    } catch (error) {
      throw causeOf(error);
    } finally {
      run.abort(); // work that a phase keeps in flight ends with the run
    }
  }

  /**
   * Edits the state. An update of `control` is an event; the phases that are due afterwards are those the chart names.
   * @throws IllegalTransitionError (HTTP 409) before anything is written, with the events that are legal now; RunConflictError (409)
   * while a run is on the thread.
   */
  override async bulkUpdateState(
    ...[config, supersteps]: Parameters<CompiledStateGraph<unknown, unknown>["bulkUpdateState"]>
  ): Promise<RunnableConfig> {
    return editAlone(placeOf(this.checkpointer, config, this.config), config, (own) => this.edit(own, supersteps));
  }

  private async edit(
    ...[config, supersteps]: Parameters<CompiledStateGraph<unknown, unknown>["bulkUpdateState"]>
  ): Promise<RunnableConfig> {
    const nested = namespaceOf(config) !== "" && saverOf(config) === undefined;
    if (nested) return super.bulkUpdateState(config, supersteps);
    const tryEvents = this.trial(config as Options);
    const stamp: Stamp = { ...EDIT, user: userOf(this.config, config) };
    const prepared: (typeof supersteps)[number][] = [];
    for (const { updates } of supersteps) {
      const edits: (typeof updates)[number][] = [];
      for (const update of updates) edits.push(await this.prepareEdit(config as Options, update, stamp, tryEvents));
      prepared.push({ updates: edits });
    }
    const isEdit = supersteps.some(({ updates }) => updates.some(({ values, asNode }) => isPlainObject(values) || asNode === undefined));
    const at = isEdit ? await this.keepFinished(config as Options) : { config };
    return super.bulkUpdateState(at.config, prepared); // all or nothing: every event was tried before the first is written
  }

  /** With `subgraphs`, a fan-out shows its tasks that are under way; a namespace that a task's record names leads to that task. */
  override async getState(...[config, options]: Parameters<CompiledStateGraph<unknown, unknown>["getState"]>): Promise<StateSnapshot> {
    return withInside(this, config, options, () => super.getState(config, options));
  }

  private async branchedOff(config: Options): Promise<Options> {
    if ((await this.getState(config)).next.length === 0) return config;
    const input = await inputAt(this, config, branching(this.guard.clock));
    const branch = await super.bulkUpdateState(config, [
      { updates: [{ values: input ?? { control: branching(this.guard.clock) }, asNode: START }] },
    ]);
    return { ...config, configurable: { ...config.configurable, ...branch.configurable } };
  }

  /** Any input starts a turn; an event in it follows. */
  private prepareInput(input: unknown, isRoot: boolean, stamp: Stamp): unknown {
    if (input === null || input === undefined) return input;
    if (isCommandLike(input)) return this.prepareCommand(input, isRoot, stamp);
    if (!isPlainObject(input)) throw new InvalidRequestError("The input of a run", "it is not an object", `{ messages, control?, …state }`);
    const { control, messages, ...rest } = input;
    if (isRoot) assertKnown(rest, this.guard.stateKeys);
    this.assertStorable("The input of a run", rest);
    const meta = stamped(this.guard.clock, "user", stamp);
    const events = isControl(control) ? [CONTROL_VALUE] : this.events(control, meta);
    const said = messages === undefined ? undefined : this.readMessages("The input of a run", messages, isRoot);
    const starts = said !== undefined || events.every((event) => event === CONTROL_VALUE) ? [{ type: EVENT.INPUT, meta }] : [];
    return { ...rest, ...(said === undefined ? {} : { messages: said }), control: [...starts, ...events] };
  }

  private async refuseGoto(config: Options, { goto = [] }: Command): Promise<void> {
    const [target] = [goto].flat();
    if (target === undefined) return;
    const control = await this.storedControl(config);
    throw new IllegalTransitionError(
      `goto ${typeof target === "string" ? target : "Send"}`,
      valueLabel(control.value) || END,
      legalEvents(this.chart, control),
      "a run moves by events, not by goto",
    );
  }

  private prepareCommand(command: Command, isRoot: boolean, stamp: Stamp): unknown {
    const update: Values = Array.isArray(command.update)
      ? Object.fromEntries(command.update)
      : { ...(command.update as object | undefined) };
    if (command.resume === undefined) return Object.keys(update).length === 0 ? command : this.prepareInput(update, isRoot, stamp);
    assertStorable("A resume", { answer: command.resume });
    const { messages, ...rest } = update;
    this.assertStorable("A resume", rest);
    const foreign = Object.keys(rest).filter((key) => !this.guard.stateKeys.has(key));
    if (foreign.length > 0) {
      throw new InvalidRequestError(
        "A resume",
        `it also updates "${foreign.join('", "')}"`,
        "the answer, with messages or extra state at most; send an event before or after, as an input of its own",
      );
    }
    const said = messages === undefined ? {} : { messages: this.readMessages("A resume", messages, isRoot) };
    return new Command({ resume: command.resume, update: { ...rest, ...said } });
  }

  /** Messages as the thread's own. One that cannot be read is refused here: in a checkpoint it would fail every later step. */
  private readMessages(subject: string, messages: unknown, isInput: boolean): unknown[] {
    return [messages].flat().map((message: unknown) => {
      try {
        return incoming(message, this.guard.clock, isInput);
      } catch (cause) {
        const problem = `a message cannot be read (${shownError(cause).message.split("\n", 1).join("").slice(0, 200)})`;
        throw new InvalidRequestError(subject, problem, "messages as LangChain knows them, such as { role, content }");
      }
    });
  }

  private events(update: unknown, meta: EventMeta): unknown[] {
    if (update === undefined || update === null) return [];
    return [update].flat().map((event: unknown) => (isPlainObject(event) ? { ...event, meta } : event));
  }

  private async prepareEdit(
    config: Options,
    update: { values?: unknown; asNode?: unknown },
    stamp: Stamp,
    tryEvents: (events: readonly unknown[]) => Promise<void>,
  ): Promise<never> {
    const { values, asNode } = update;
    if ((values === null || values === undefined) && asNode === COPY)
      return { values: { control: branching(this.guard.clock) }, asNode: START } as never;
    if ((values === null || values === undefined) && asNode !== undefined) return update as never; // drop what is pending
    if (!isPlainObject(values ?? {}) || isCommandLike(values)) {
      throw new InvalidRequestError("A state edit", "it is not an object of state keys", `{ messages?, control?: { type }, …state }`);
    }
    if (asNode === "__input__") {
      const input = this.prepareInput(values, true, stamp) as Values;
      await tryEvents(input["control"] as unknown[]);
      return { ...update, values: input } as never;
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
    const { messages: _messages, control: _control, ...state } = edit;
    this.assertStorable("A state edit", state);
    await this.tryReducers("A state edit", config, edit);
    const events = this.events(edit["control"], stamped(this.guard.clock, "api", stamp));
    await tryEvents(events);
    const said = edit["messages"] === undefined ? {} : { messages: this.readMessages("A state edit", edit["messages"], false) };
    const noted = events.length > 0 ? events : [branching(this.guard.clock)];
    return { ...update, values: { ...edit, ...said, control: noted }, asNode: START } as never;
  }

  /** Editors send the whole state back; what they left as it was is no edit. */
  private async dropUnchanged(config: Options, edit: Values): Promise<void> {
    const { control, results } = (await this.getState(config)).values as { control?: Control; results?: unknown };
    if (isControl(edit["control"]) && JSON.stringify(edit["control"]) === JSON.stringify(control)) delete edit["control"];
    if (JSON.stringify(edit["results"]) === JSON.stringify(results)) delete edit["results"];
  }

  /** Tries events, one after the other, on the stored place. Writes nothing. */
  private trial(config: Options): (events: readonly unknown[]) => Promise<void> {
    let control: Control | undefined;
    return async (events) => {
      for (const event of events) {
        control ??= await this.storedControl(config);
        const next = advance(this.chart, control, event);
        const refusal = next.refusals > control.refusals ? next.refused.at(-1) : kernelEvent(event);
        if (refusal !== undefined) {
          throw new IllegalTransitionError(refusal.event, valueLabel(control.value) || END, legalEvents(this.chart, control), refusal.why);
        }
        control = next;
      }
    };
  }

  /** A reducer that throws when the value is already stored would end every later run of the thread. */
  private async tryReducers(subject: string, config: Options, values: Values): Promise<void> {
    const { reducers } = this.guard;
    const given = Object.entries(values).filter(([key]) => reducers.has(key));
    if (given.length === 0) return;
    const known = (await this.stored(config)) as Values;
    for (const [key, value] of given) tryReducer(reducers, `${subject}, "${key}"`, key, known[key], value);
  }

  private assertStorable(subject: string, values: Values): void {
    assertStorable(subject, Object.fromEntries(Object.entries(values).filter(([key]) => this.guard.stateKeys.has(key))));
  }

  private async stored(config: Options): Promise<Partial<BaseState>> {
    const checkpointer = saverOf(config) ?? this.checkpointer;
    if (checkpointer === undefined || checkpointer === false) return {};
    return (await this.getState(config)).values as Partial<BaseState>; // our own state schema
  }

  private async storedControl(config: Options): Promise<Control> {
    return (await this.stored(config)).control ?? initialControl(this.chart);
  }

  /**
   * What a turn had finished that never came to its end becomes part of the thread, as a checkpoint of its own, before something
   * new comes: LangGraph would drop it, and it would be done again. A fork of an older checkpoint leaves it behind.
   * @returns the config to go on with, and the checkpoint from which.
   */
  private async keepFinished(config: Options): Promise<Begins> {
    const saver = saverOf(config) ?? this.checkpointer;
    const whole = { ...config, configurable: { ...this.config?.configurable, ...config.configurable } };
    if (typeof saver !== "object" || threadOf(whole) === undefined) return { config };
    const replay = replayOf(config);
    const namespace = lastingNamespace(namespaceOf(config));
    const head =
      replay === undefined
        ? atCheckpoint(whole, undefined)
        : { ...WRITER.with(nestedIn(saver, threadOf(whole), namespace), WRITER.of(config)) };
    const tuple = replay === undefined ? await saver.getTuple(head) : await replay.getCheckpoint(namespace, saver, head);
    const asked = replay === undefined ? checkpointOf(config) : undefined;
    if (tuple === undefined || (asked !== undefined && asked !== tuple.checkpoint.id)) return { config, base: asked as string | undefined };
    const { chart, clock, agentOf, inside } = this.guard;
    const load = () => this.getState(head, { subgraphs: inside.size > 0 });
    const left = await leftovers({ chart, clock, agentOf, inside, saver, load }, tuple);
    if (left === undefined) return { config, base: tuple.checkpoint.id };
    const base = checkpointOf(await this.commit(head, left)) as string; // as the saver named it
    return { config: asked === undefined ? config : atCheckpoint(config, base), base };
  }

  private async commit(config: Options, left: readonly Leftover[]): Promise<RunnableConfig> {
    const control = { type: BOOKKEEPING.ENTER, expected: true, meta: { by: "kernel", at: this.guard.clock.now() } };
    const edits = [...left, {}].map((values) => ({ values: { control, ...values }, asNode: START }));
    return super.bulkUpdateState(config, [{ updates: edits }]);
  }

  /** The run's input, and whose answers it brings. */
  private async prepareResume(config: Options, command: Command, stamp: Stamp): Promise<readonly [Command, Acting | undefined]> {
    const { checkpointer: saver } = this;
    if (typeof saver !== "object") return [command, undefined];
    const { agentOf, clock } = this.guard;
    const at = await this.getState(config);
    const stops = this.interruptBefore !== undefined || this.interruptAfter !== undefined;
    const answer = resumption(at, command, stops, { agentOf, clock, user: stamp.user, isNoted: !isInner(config) });
    if (answer === undefined) return [command, undefined];
    await assertAsking(saver, config, at.tasks);
    const { resume, update, answers } = answer;
    const acting = stamp.user === undefined ? undefined : { user: stamp.user, answers };
    if (Object.keys(update).length > 0 && stamp.forks) return [new Command({ resume, update }), acting]; // the checkpoint is another branch's too
    if (Object.keys(update).length > 0) await this.addAhead(saver, config, at, update);
    return [new Command({ resume }), acting];
  }

  protected override shown(snapshot: StateSnapshot, pending: NonNullable<CheckpointTuple["pendingWrites"]>): StateSnapshot {
    const open = withoutAnswered(snapshot, pending);
    const { control } = open.values as Partial<BaseState>; // our own state schema
    if (control === undefined) return open;
    const asked = open.tasks.filter(({ interrupts }) => interrupts.length > 0).map(({ name }) => name);
    return { ...open, values: { ...open.values, control: withWaiting(this.chart, control, asked) } };
  }

  protected override async given(after: unknown, options: Options): Promise<unknown> {
    if (!isPlainObject(after) || isNestedRun(options) || isInner(options)) return after;
    const { control } = after as Partial<BaseState>; // our own state schema
    if (control === undefined) return after;
    const isAsked = questionsIn(after) !== undefined && saverOf(options) === undefined && typeof this.checkpointer === "object";
    const { values } = isAsked ? await this.getState(atCheckpoint(options, undefined)) : { values: { control } };
    return { ...after, control: withWaiting(this.chart, (values as Partial<BaseState>).control ?? control, []) };
  }
}

/** Gives a graph that LangGraph compiled our doors. A subclass, because a patched instance would be lost by `withConfig`. */
export function guarded<Phase extends string, F extends Fields>(compiled: object, guard: Guard): OrchestrationGraph<Phase, F> {
  return Object.assign(Object.setPrototypeOf(compiled, OrchestrationGraph.prototype) as OrchestrationGraph<Phase, F>, { guard });
}
