import { Command, isInterrupted, type StateSnapshot } from "@langchain/langgraph";
import type { BaseMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { Agent, InheritedOptions, Result, Turn } from "../../src/agent/agent.js";
import { NO_LIMITS } from "../../src/agent/budget.js";
import { JOURNAL, type Journal } from "../../src/agent/work.js";
import type { Control } from "../../src/statechart/control.js";
import { EVENT } from "../../src/statechart/vocabulary.js";
import { saverOf, streamingTo, streamOf } from "../../src/langgraph/config.js";
import { innerThread } from "../../src/langgraph/inner-thread.js";
import { namespaceOf, partFor, partsOf } from "../../src/langgraph/namespace.js";
import { stateInside } from "../../src/langgraph/pending.js";
import { workingWithin } from "../../src/langgraph/spoken.js";
import { ACTING } from "../../src/compile/acting.js";
import { recursionLimitOf } from "../../src/langgraph/supersteps.js";
import { isAtWork } from "../../src/compile/answers.js";
import { BUDGET } from "../../src/compile/phase-node.js";
import { WRITER } from "../../src/compile/writer.js";
import type { InnerGraph } from "../../src/compile/inside.js";
import { orchestrate } from "../../src/compile/orchestration.js";
import { createMachine } from "xstate";
import { tokensIn } from "../../src/agent/tokens.js";
import type { Question, TaskEnd } from "./flight.js";

interface ChildState {
  readonly control: Control;
  readonly results: Readonly<Record<string, Result>>;
  readonly messages: readonly BaseMessage[];
}

interface ChildGraph extends InnerGraph {
  invoke(input: unknown, config: unknown): Promise<ChildState>;
}

/** One run of a task in its thread; the turn shows what the worker is to see. */
export interface ThreadRun {
  readonly turn: Turn;
  readonly task: string;
  readonly signal: AbortSignal;
  /** A person's answers, by question. */
  readonly answers: Readonly<Record<string, unknown>> | undefined;
  /** The part of the namespace it is stored under: the task in this stay, with what it builds on. */
  readonly work: string;
  /** What is said on the way, for whoever is told when the task fails. */
  readonly journal: Journal;
  /** False when no thread of that name can be there yet. */
  readonly mayBeKnown: boolean;
}

/**
 * A worker that runs each task by itself inside the thread around it, below a namespace of the task's own, so that it keeps its
 * checkpoints, is resumed where it stopped, and may ask a person. What is done to the thread is done to them. Its events reach the
 * stream around it under `<agent>:<task>`.
 */
export class ChildThreads {
  readonly graph: ChildGraph;

  /** `isBrief`: a task is one step, so it is stored once, when it is done. */
  constructor(
    private readonly agent: Agent,
    private readonly isBrief: boolean,
    options: InheritedOptions | undefined,
  ) {
    const { id } = agent;
    const machine = createMachine({
      id: "(task)",
      initial: id,
      states: { [id]: { on: { [EVENT.DONE]: "(end)" } }, "(end)": { type: "final" } },
    });
    const orchestration = orchestrate(machine, [[id, agent]], { name: `${id}-task`.slice(0, 64), limits: NO_LIMITS });
    this.graph = orchestration.compile({ ...options }) as unknown as ChildGraph; // narrowed to what a child is asked
  }

  /** Runs a task, or goes on with it; `answers` are those of a person, by question. */
  async run(given: ThreadRun): Promise<TaskEnd> {
    const { turn, answers, journal, mayBeKnown } = given;
    const config = this.configFor(given);
    const isStored = mayBeKnown && saverOf(turn.config) !== undefined;
    const before = isStored ? await this.graph.getState(config, { subgraphs: true }) : undefined;
    if (before !== undefined) journal.add({ said: saidIn(before) });
    if (isDone(before)) return this.endOf(before.values);
    const asked = questionsOf(before?.tasks);
    if (asked.length > 0 && answers === undefined) return { questions: asked };
    const after = await this.graph.invoke(inputFor(turn, before, asked, answers), config);
    if (isInterrupted(after)) return { questions: after.__interrupt__.map(({ id, value }) => ({ id: id ?? "", value })) };
    return this.endOf(after);
  }

  private endOf(state: ChildState): TaskEnd {
    const result = state.results[this.agent.id];
    const tokens = tokensIn(state.messages);
    return {
      content: result?.content ?? "",
      ...(result?.data === undefined ? {} : { data: result.data }),
      ...(tokens === undefined ? {} : { tokens }),
    };
  }

  private configFor({ turn, task, signal, work, journal }: ThreadRun): RunnableConfig & Record<string, unknown> {
    const { callbacks, metadata, tags, store, context } = turn.config as Turn["config"] & LangGraphConfig;
    const place = [...partsOf(namespaceOf(turn.config)), partFor(this.agent.id, task)];
    return {
      configurable: {
        ...innerThread(turn.config, work),
        ...JOURNAL.as(journal),
        ...BUDGET.as(BUDGET.of(turn.config)),
        ...WRITER.as(WRITER.of(turn.config)),
        ...ACTING.as(ACTING.of(turn.config)),
        ...streamingTo(streamOf(turn.config), place),
      },
      ...(callbacks === undefined ? {} : { callbacks }),
      metadata: { ...metadata, ...workingWithin(turn.config), task },
      signal,
      ...(tags === undefined ? {} : { tags }),
      ...recursionLimitOf(turn.config),
      ...(this.isBrief ? { durability: "exit" } : {}),
      ...(store === undefined ? {} : { store }),
      ...(context === undefined ? {} : { context }),
    };
  }
}

/** What LangGraph's config of a node has beside LangChain's. */
interface LangGraphConfig {
  readonly store?: unknown;
  readonly context?: unknown;
}

function inputFor(turn: Turn, before: StateSnapshot | undefined, asked: readonly Question[], answers: ThreadRun["answers"]): unknown {
  if (asked.length > 0) return new Command({ resume: answers });
  return before !== undefined && before.next.length > 0 ? null : { messages: [...turn.messages] };
}

const isDone = (state: StateSnapshot | undefined): state is StateSnapshot & { readonly values: ChildState } =>
  (state?.values as Partial<ChildState> | undefined)?.control?.done === true; // the graph of a task has our state

/** What the task's thread holds, and the graphs that are at work in it. */
function saidIn({ values, tasks }: StateSnapshot): BaseMessage[] {
  const { messages = [] } = values as { readonly messages?: readonly BaseMessage[] }; // a graph of someone else may have none
  const inside = tasks.flatMap((task) => stateInside(task) ?? []);
  return [...messages, ...inside.flatMap(saidIn)];
}

function questionsOf(tasks: StateSnapshot["tasks"] | undefined): Question[] {
  return (tasks ?? []).filter(isAtWork).flatMap((task) => task.interrupts.map(({ id, value }) => ({ id: id ?? "", value })));
}
