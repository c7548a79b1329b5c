import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { BaseCheckpointSaver, CheckpointTuple } from "@langchain/langgraph";
import type { InheritedOptions, PhaseRun, Result, Turn } from "../agent/agent.js";
import { isOutput, markOutput, messageType, readRecord } from "../agent/conversation.js";
import type { Outcome } from "../agent/outcome.js";
import type { Tokens } from "../agent/task.js";
import { tokensIn } from "../agent/tokens.js";
import { TaskFailedError } from "../base/errors.js";
import { isPlainObject } from "../base/json.js";
import { isResuming, madeUnder, nestedIn, parentOf, replaying, saverOf, threadOf } from "../langgraph/config.js";
import { graphAround, lastingNamespace, namespaceOf } from "../langgraph/namespace.js";
import type { Chart } from "../statechart/chart.js";
import { valueLabel, type Control } from "../statechart/control.js";
import { snapshotOf } from "../statechart/legal.js";
import { FAILED } from "../statechart/vocabulary.js";
import type { CompileOptions } from "./compile.js";
import { ORIGIN } from "./origin.js";

/** What nesting needs of an orchestration; the full one fits. */
export interface Nestable {
  readonly chart: Chart;
  compile(options?: CompileOptions): { invoke(input: never, config: RunnableConfig): Promise<unknown> };
}

interface ChildState {
  readonly messages: readonly BaseMessage[];
  readonly control: Control;
  readonly results: Readonly<Record<string, Result>>;
}

/**
 * An orchestration as an agent: it runs in a namespace of its own, keeps its place between turns of an episode when threads are
 * stored, sees the thread's messages, and gives back its last word; where it rests in a state tagged "failed", it has failed. It never sees the chart around it, nor that one its.
 */
export function nestedRunner(
  child: Nestable,
  answerFrom: string | readonly string[] | undefined,
  options: InheritedOptions | undefined,
): PhaseRun {
  const remembering = child.compile({ ...options, checkpointer: true });
  let forgetting: ReturnType<Nestable["compile"]> | undefined;
  return {
    subgraphs: [remembering],
    run: async (turn) => {
      const seen = new Set(turn.messages.map((message) => message.id));
      const input = { messages: [...turn.messages] } as never; // the child's own extra state is not known here
      const saver = saverOf(turn.config);
      if (saver === undefined) {
        const after = (await (forgetting ??= child.compile({ ...options })).invoke(input, turn.config)) as ChildState;
        assertSuccess(child.chart, turn, after);
        return lastWords(after, seen, answerFrom);
      }
      const after = (await remembering.invoke(input, placed(child.chart, turn, saver))) as ChildState;
      assertSuccess(child.chart, turn, after);
      return lastWords(after, seen, answerFrom, await newestCheckpoint(turn, saver));
    },
  };
}

/** @throws TaskFailedError when the child came to rest where nothing was achieved; with what it said last, else with what failed in it. */
function assertSuccess(chart: Chart, turn: Turn, { control, results, messages }: ChildState): void {
  if (!snapshotOf(chart, control).hasTag(FAILED)) return;
  const last = messages.at(-1);
  const failed = Object.values(results).filter(({ episode, status }) => episode === control.episode && status === "failed");
  const reasons = failed.map(({ phase, error }) => `${phase}: ${error?.message ?? "no reason given"}`).join("; ");
  const problem = `it came to rest in "${valueLabel(control.value)}": ${last?.getType() === "ai" ? last.text : reasons}`;
  throw new TaskFailedError(turn.orchestration, turn.phase, turn.agent, problem.slice(0, 2_000));
}

/**
 * The child goes on from where the state around it left it, which is not always its newest checkpoint: a fork of the parent forks
 * the child. What it did since, in a turn that never came to its end, is its own as well, when the parent has not forked away from
 * that turn. A resumed run is left to LangGraph, which knows what was pending.
 */
function placed(chart: Chart, turn: Turn, saver: BaseCheckpointSaver): RunnableConfig {
  if (isResuming(turn.config)) return turn.config;
  const own = lastingNamespace(namespaceOf(turn.config));
  return replaying(turn.config, {
    getCheckpoint: async (namespace, _saver, config) => {
      if (namespace !== own && lastingNamespace(namespace) !== own) return saver.getTuple(config);
      const recorded = checkpointIn(turn.results[turn.phase]);
      return (
        (await unrecorded(chart, turn, saver)) ?? (recorded === undefined ? undefined : saver.getTuple(checkpointConfig(turn, recorded)))
      );
    },
  });
}

/** Written by {@link lastWords}. */
const checkpointIn = (result: Result | undefined): string | undefined =>
  (result?.data as { readonly checkpoint?: string } | undefined)?.checkpoint;

/** The newest checkpoint of the child after the last that the parent knows of, made for a turn that the parent has not left behind. */
async function unrecorded(chart: Chart, turn: Turn, saver: BaseCheckpointSaver): Promise<CheckpointTuple | undefined> {
  const outer = graphAround(namespaceOf(turn.config));
  const graph = nestedIn(saver, threadOf(turn.config), outer);
  const origin = ORIGIN.of(turn.config);
  const last = checkpointIn(turn.previous);
  let tuple = await saver.getTuple(checkpointConfig(turn));
  while (tuple !== undefined && tuple.checkpoint.id !== last) {
    if (await origin?.holds(madeUnder(tuple, outer), saver, graph)) return isClosed(chart, tuple) ? undefined : tuple;
    const before = parentOf(tuple);
    tuple = before === undefined ? undefined : await saver.getTuple(checkpointConfig(turn, before));
  }
  return undefined;
}

/** A child that is done and takes no further input begins anew. */
const isClosed = ({ whenDone }: Chart, { checkpoint }: CheckpointTuple): boolean =>
  whenDone === "refuse" && (checkpoint.channel_values["control"] as Control | undefined)?.done === true;

const checkpointConfig = (turn: Turn, checkpoint?: string): RunnableConfig => ({
  configurable: {
    thread_id: threadOf(turn.config),
    checkpoint_ns: lastingNamespace(namespaceOf(turn.config)),
    ...(checkpoint === undefined ? {} : { checkpoint_id: checkpoint }),
  },
});

async function newestCheckpoint(turn: Turn, saver: BaseCheckpointSaver): Promise<string | undefined> {
  return (await saver.getTuple(checkpointConfig(turn)))?.checkpoint.id;
}

/**
 * The message as the team around sees it: to be recorded again, as said by the nested orchestration; `name` tells who spoke. The last
 * one stands for all that the team said in this turn, and so for the tokens of all.
 */
function asOwn(message: BaseMessage, usage: Tokens | undefined): AIMessage {
  const { content, id, name, response_metadata } = message;
  const own = new AIMessage({
    content: typeof content === "string" ? content : [...content], // LangChain adds to the list it is given
    response_metadata,
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    // LangChain's type of the fields has no usage
    ...(usage === undefined ? {} : { usage_metadata: usage as never }),
  });
  return isOutput(message) ? markOutput(own) : own;
}

const BOOKKEEPING_KEYS: ReadonlySet<string> = new Set(["orchestration", "place", "done", "steps", "checkpoint"]);

/** True for the data that a nested orchestration leaves of itself, and not for what an agent computed under some of its keys. */
export const isBookkeeping = (data: unknown): boolean =>
  isPlainObject(data) &&
  typeof data["orchestration"] === "string" &&
  typeof data["done"] === "boolean" &&
  typeof data["steps"] === "number" &&
  "place" in data &&
  Object.keys(data).every((key) => BOOKKEEPING_KEYS.has(key));

function lastWords(
  after: ChildState,
  seen: ReadonlySet<string | undefined>,
  answerFrom: string | readonly string[] | undefined,
  checkpoint?: string,
): Outcome {
  const said = after.messages.filter(
    (message) => !seen.has(message.id) && message.getType() === "ai" && ["chat", "output"].includes(messageType(message)),
  );
  const words =
    answerFrom === undefined
      ? [said.at(-1)]
      : [answerFrom].flat().map((phase) => said.findLast((message) => readRecord(message)?.phase === phase));
  const known = words.filter((message) => message !== undefined);
  const spent = tokensIn(after.messages.filter((message) => !seen.has(message.id)));
  return {
    messages: known.map((message, index) => asOwn(message, index === known.length - 1 ? spent : undefined)),
    data: {
      orchestration: after.control.chart.name,
      place: after.control.value,
      done: after.control.done,
      steps: after.control.usage.steps,
      ...(checkpoint === undefined ? {} : { checkpoint }),
    },
    next: { kind: "done" },
  };
}
