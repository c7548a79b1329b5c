import { Command, isInterrupted, type BaseCheckpointSaver } from "@langchain/langgraph";
import type { BaseMessage } from "@langchain/core/messages";
import type { Agent, Result, Turn } from "../../src/agent/agent.js";
import { NO_LIMITS } from "../../src/agent/budget.js";
import type { Control } from "../../src/statechart/control.js";
import { EVENT } from "../../src/statechart/vocabulary.js";
import { saverOf, streamingTo, streamOf, threadOf } from "../../src/langgraph/config.js";
import { namespaceOf, partFor, partsOf } from "../../src/langgraph/namespace.js";
import { workingWithin } from "../../src/langgraph/spoken.js";
import { BUDGET } from "../../src/compile/phase-node.js";
import { orchestrate } from "../../src/compile/orchestration.js";
import { createMachine } from "xstate";
import type { Question, TaskEnd } from "./flight.js";

interface ChildState {
  readonly control: Control;
  readonly results: Readonly<Record<string, Result>>;
  readonly messages: readonly BaseMessage[];
}

interface ChildGraph {
  invoke(input: unknown, config: unknown): Promise<ChildState>;
  getState(config: unknown): Promise<{
    readonly values: Partial<ChildState>;
    readonly next: readonly string[];
    readonly tasks: readonly { readonly interrupts: readonly { readonly id?: string; readonly value?: unknown }[] }[];
  }>;
}

/** One run of a task in its thread; the turn shows what the worker is to see. */
export interface ThreadRun {
  readonly turn: Turn;
  readonly task: string;
  readonly signal: AbortSignal;
  /** A person's answers, by question. */
  readonly answers: Readonly<Record<string, unknown>> | undefined;
}

/**
 * A worker that runs each task in a thread of its own, so that it keeps its checkpoints, is resumed where it stopped, and may ask a
 * person. Its events reach the stream around it under `<agent>:<task>`.
 */
export class ChildThreads {
  private readonly graphs = new WeakMap<object, ChildGraph>();
  private unsaved: ChildGraph | undefined;

  /** `isBrief`: a task is one step, so its thread is stored once, when it is done. */
  constructor(
    private readonly agent: Agent,
    private readonly isBrief: boolean,
  ) {}

  /** Runs a task, or goes on with it; `answers` are those of a person, by question. */
  async run({ turn, task, signal, answers }: ThreadRun): Promise<TaskEnd> {
    const saver = saverOf(turn.config);
    const graph = this.graphFor(saver);
    const config = this.configFor(turn, task, signal);
    const isKnown = saver !== undefined && (await saver.getTuple(config)) !== undefined;
    const before = isKnown ? await graph.getState(config) : undefined;
    const finished = before?.values.control?.done === true ? (before.values as ChildState) : undefined;
    if (finished !== undefined) return this.endOf(finished);
    const asked = questionsOf(before?.tasks);
    if (asked.length > 0 && answers === undefined) return { questions: asked };
    const input =
      asked.length > 0
        ? new Command({ resume: answers })
        : before !== undefined && before.next.length > 0
          ? null
          : { messages: [...turn.messages] };
    const after = await graph.invoke(input, config);
    if (isInterrupted(after)) return { questions: after.__interrupt__.map(({ id, value }) => ({ id: id ?? "", value })) };
    return this.endOf(after);
  }

  private endOf(state: ChildState): TaskEnd {
    const result = state.results[this.agent.id];
    return { content: result?.content ?? "", ...(result?.data === undefined ? {} : { data: result.data }) };
  }

  private graphFor(saver: BaseCheckpointSaver | undefined): ChildGraph {
    const known = saver === undefined ? this.unsaved : this.graphs.get(saver);
    if (known !== undefined) return known;
    const { id } = this.agent;
    const machine = createMachine({
      id: "(task)",
      initial: id,
      states: { [id]: { on: { [EVENT.DONE]: "(end)" } }, "(end)": { type: "final" } },
    });
    const orchestration = orchestrate(machine, [[id, this.agent]], { name: `${id}-task`.slice(0, 64), limits: NO_LIMITS });
    const graph = orchestration.compile({ checkpointer: saver }) as unknown as ChildGraph; // narrowed to what a child is asked
    if (saver === undefined) this.unsaved = graph;
    else this.graphs.set(saver, graph);
    return graph;
  }

  private configFor(turn: Turn, task: string, signal: AbortSignal): Record<string, unknown> {
    const { callbacks, metadata, store } = turn.config as Turn["config"] & { readonly store?: unknown };
    const thread = [threadOf(turn.config) ?? "", turn.orchestration, turn.phase, `${task}@${turn.control.episode}`].join("/");
    const place = [...partsOf(namespaceOf(turn.config)), partFor(this.agent.id, task)];
    return {
      configurable: {
        thread_id: thread,
        ...BUDGET.as(BUDGET.of(turn.config)),
        ...streamingTo(streamOf(turn.config), place),
      },
      callbacks,
      metadata: { ...metadata, ...workingWithin(turn.config), task },
      signal,
      ...(this.isBrief ? { durability: "exit" } : {}),
      ...(store === undefined ? {} : { store }),
    };
  }
}

function questionsOf(
  tasks: readonly { readonly interrupts: readonly { readonly id?: string; readonly value?: unknown }[] }[] | undefined,
): Question[] {
  return (tasks ?? []).flatMap((task) => task.interrupts.map(({ id, value }) => ({ id: id ?? "", value })));
}
