import type { Interrupt, StateSnapshot } from "@langchain/langgraph";
import { AnswerRefusedError, InvalidRequestError, type OpenQuestion } from "../base/errors.js";
import { isPlainObject } from "../base/json.js";
import { isQuestionId } from "../langgraph/question.js";

/** The form of our questions' own ids: a SHA-256 of what is asked and where. */
const NONCE = /^[0-9a-f]{64}$/;
const SHOWN = 200;

/**
 * An answer with the id of the question it is for, bound to what that question says. LangGraph gives one without an id to every
 * question of the step, to those also that nobody has seen yet, and drops one whose id it does not know without a word.
 * By ids they are given as `{ [id]: answer }` or `{ answers: { [id]: answer } }`.
 * @throws AnswerRefusedError when it is for a question that is not open, or not as it is asked now. Nothing is consumed then.
 * @throws InvalidRequestError when several questions are open and the answer names none.
 */
export function addressed(resume: unknown, open: readonly Interrupt[]): Readonly<Record<string, unknown>> {
  const byId = new Map(open.flatMap((question) => (question.id === undefined ? [] : [[question.id, question] as const])));
  const ids = [...byId.keys()];
  const [only] = ids;
  const refused = (problem: string): never => {
    throw new AnswerRefusedError(problem, open.map(shown));
  };
  if (only === undefined) return refused("nothing on this thread waits for an answer");
  const byNonce = new Map([...byId].map(([id, { value }]) => [nonceOf(value) ?? id, id]));
  const listed = isPlainObject(resume) && Object.keys(resume).join() === "answers" ? resume["answers"] : resume;
  const keys = isPlainObject(listed) ? Object.keys(listed) : [];
  const isByIds = keys.length > 0 && keys.every((key) => isQuestionId(key) || NONCE.test(key));
  if (!isByIds && ids.length > 1) {
    const expected = `{ [id]: answer } with ids of open questions: ${ids.join(", ")}`;
    throw new InvalidRequestError("A resume", `${ids.length} questions are open, and it does not say which it answers`, expected);
  }
  const given = isByIds ? Object.entries(listed as Readonly<Record<string, unknown>>) : [[only, resume] as const];
  return Object.fromEntries(
    given.map(([key, answer]) => {
      const id = byNonce.get(key) ?? key;
      const question = byId.get(id);
      return question === undefined ? refused("it answers a question that is not open") : [id, bound(answer, question.value, refused)];
    }),
  );
}

/** A person's words with the id of the question that was shown: asked something else when the node runs again, it is not answered by them. */
function bound(answer: unknown, question: unknown, refused: (problem: string) => never): unknown {
  const nonce = nonceOf(question);
  if (nonce === undefined) return answer;
  if (isPlainObject(answer) && typeof answer["nonce"] === "string" && answer["nonce"] !== nonce)
    return refused("it belongs to another question, or to this one as it was asked before");
  if ((question as { readonly kind?: unknown }).kind !== "human") return answer; // an approval has to say itself what it approves
  if (typeof answer === "string") return { nonce, text: answer };
  return isPlainObject(answer) ? { nonce, ...answer } : answer;
}

const nonceOf = (question: unknown): string | undefined => {
  const nonce = isPlainObject(question) ? question["nonce"] : undefined;
  return typeof nonce === "string" && NONCE.test(nonce) ? nonce : undefined;
};

/** An open question in short, for whoever answered another. */
export function shown({ id, value }: Interrupt): OpenQuestion {
  const given: Readonly<Record<string, unknown>> = isPlainObject(value) ? value : {};
  const parts = ["nonce", "kind", "agent", "phase", "task"].flatMap((key) => {
    const part = given[key];
    return typeof part === "string" ? [[key, part.slice(0, SHOWN)] as const] : [];
  });
  return { ...(id === undefined ? {} : { id }), ...Object.fromEntries(parts) };
}

/** Whether a run of a step may still wait for somebody: one that has a result does not, whatever it had asked before. */
export const isAtWork = ({ result }: Pick<StateSnapshot["tasks"][number], "result">): boolean => result === undefined;

/**
 * LangGraph shows the question of a phase that is answered and done, as long as other phases of the step are not. Where all are done,
 * the thread has gone on from here, and what was asked belongs to its history.
 */
export function withoutAnswered(
  snapshot: StateSnapshot,
  pending: readonly (readonly [task: string, channel: string, ...rest: unknown[]])[],
): StateSnapshot {
  const finished = new Set(pending.filter(([, channel]) => channel === "control").map(([task]) => task));
  const isPast = snapshot.tasks.every((task) => finished.has(task.id));
  const done = (task: StateSnapshot["tasks"][number]) =>
    isPast ? { ...task, result: (task.result as unknown) ?? {} } : { ...task, interrupts: [] }; // LangGraph 1.4 gives none to who had asked
  return { ...snapshot, tasks: snapshot.tasks.map((task) => (finished.has(task.id) ? done(task) : task)) };
}
