import type { RunnableConfig } from "@langchain/core/runnables";
import type { BaseCheckpointSaver, Command, StateSnapshot } from "@langchain/langgraph";
import { AnswerRefusedError, InvalidRequestError } from "../base/errors.js";
import { atCheckpoint, atNamespace, checkpointOf, madeUnder, standsAt, threadOf } from "../langgraph/config.js";
import { namespaceOf } from "../langgraph/namespace.js";
import { shown } from "./answers.js";
import { saverFor, type Stored } from "./branch.js";

/**
 * An answer may be given with the config of the nested state that asked. It goes to the thread as a whole, at the checkpoint which
 * that state belongs to: LangGraph would take the newest.
 * @throws InvalidRequestError when nobody can tell which that is.
 */
export async function atRoot<C extends RunnableConfig>(graph: Stored, { resume }: Pick<Command, "resume">, config: C): Promise<C> {
  const saver = saverFor(graph, config);
  if (saver === undefined || resume === undefined || namespaceOf(config) === "") return config;
  const tuple = checkpointOf(config) === undefined ? undefined : await saver.getTuple(config);
  const root = standsAt(config, "") ?? (tuple === undefined ? undefined : madeUnder(tuple, ""));
  if (checkpointOf(config) !== undefined && root === undefined)
    throw new InvalidRequestError(
      "A resume",
      "its config names a nested checkpoint, and nothing says to which of the thread that belongs",
      "the config of the thread, or that of a nested state as getState gave it",
    );
  const head = await saver.getTuple(atNamespace(atCheckpoint(config, undefined), ""));
  return atNamespace(atCheckpoint(config, root === head?.checkpoint.id ? undefined : root), "");
}

/**
 * A nested team goes on from its newest state; when that is another than the one which asked, the answer would reach another question.
 * @throws AnswerRefusedError then. Nothing is consumed.
 */
export async function assertAsking(
  saver: BaseCheckpointSaver | undefined,
  config: RunnableConfig,
  tasks: StateSnapshot["tasks"],
): Promise<void> {
  const named = checkpointOf(config);
  if (saver === undefined || named === undefined) return;
  for (const { name, interrupts } of tasks.filter((task) => task.interrupts.length > 0)) {
    const inside = await saver.getTuple(atNamespace({ configurable: { thread_id: threadOf(config) as string } }, name));
    const under = inside === undefined ? undefined : madeUnder(inside, "");
    if (under === undefined || under === named) continue;
    throw new AnswerRefusedError(
      `"${name}" has gone on since it asked; run the graph with null at this checkpoint, and answer what it asks then`,
      interrupts.map(shown),
    );
  }
}
