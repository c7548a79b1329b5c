import type { Interrupt, StateSnapshot } from "@langchain/langgraph";
import { InvalidRequestError } from "../base/errors.js";
import { isPlainObject } from "../base/json.js";
import { isQuestionId } from "../langgraph/question.js";

/**
 * An answer with the id of the question it is for. LangGraph gives one without an id to every question of the step, to those also
 * that nobody has seen yet, and drops one whose id it does not know without a word.
 * @throws InvalidRequestError when several questions are open and the answer names none, or it names none that is open.
 */
export function addressed(resume: unknown, open: readonly Interrupt[]): unknown {
  const ids = [...new Set(open.map((question) => question.id).filter((id) => id !== undefined))];
  const [only] = ids;
  if (only === undefined) return resume; // a breakpoint, or a question that LangGraph gave no id
  const named = isPlainObject(resume) ? Object.keys(resume).filter(isQuestionId) : [];
  const isByIds = isPlainObject(resume) && named.length > 0 && named.length === Object.keys(resume).length;
  const expected = `{ [id]: answer } with ids of open questions: ${ids.join(", ")}`;
  if (!isByIds && ids.length > 1)
    throw new InvalidRequestError("A resume", `${ids.length} questions are open, and it does not say which it answers`, expected);
  if (isByIds && !named.some((id) => ids.includes(id)))
    throw new InvalidRequestError("A resume", "it answers a question that is not open", expected);
  return isByIds ? resume : { [only]: resume };
}

/** LangGraph shows the question of a phase that is answered and done, as long as other phases of the step are not. */
export function withoutAnswered(
  snapshot: StateSnapshot,
  pending: readonly (readonly [task: string, channel: string, ...rest: unknown[]])[],
): StateSnapshot {
  const finished = new Set(pending.filter(([, channel]) => channel === "control").map(([task]) => task));
  return { ...snapshot, tasks: snapshot.tasks.map((task) => (finished.has(task.id) ? { ...task, interrupts: [] } : task)) };
}
