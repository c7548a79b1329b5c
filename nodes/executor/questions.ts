import { GraphInterrupt, type Interrupt } from "@langchain/langgraph";
import type { Turn } from "../../src/agent/agent.js";
import { isPlainObject } from "../../src/base/json.js";
import { resumesOf } from "../../src/langgraph/config.js";
import type { Question } from "./flight.js";

/** A person's answers to a task, by the ids of its questions. */
export type Answers = Readonly<Record<string, unknown>>;

/**
 * What tasks ask reaches the thread as it would from a phase: a question each, under its own id and in its own form, with the task
 * beside it. Whoever answers need not know that there is a plan.
 */
export class Questions {
  private readonly used = new Set<string>();

  /** The answers this run was given, by task, each handed out once: the next question of a task may have the same id. */
  answers(turn: Turn, asked: ReadonlyMap<string, readonly Question[]>): Map<string, Answers> {
    const given = resumesOf(turn.config);
    const found = new Map<string, Answers>();
    for (const [task, questions] of asked) {
      const answered = questions.filter(({ id }) => Object.hasOwn(given, id) && !this.used.has(id));
      for (const { id } of answered) this.used.add(id);
      if (answered.length > 0) found.set(task, Object.fromEntries(answered.map(({ id }) => [id, given[id]])));
    }
    return found;
  }
}

/** Thrown, it parks the phase until a person has answered, as LangGraph's `interrupt` does for a single question. */
export function asking(asked: ReadonlyMap<string, readonly Question[]>): GraphInterrupt {
  return new GraphInterrupt(
    [...asked].flatMap(([task, questions]) => questions.map(({ id, value }): Interrupt => ({ id, value: within(task, id, value) }))),
  );
}

/** A task of a plan in a task of another is named by both. `questions` is the form that plans asked in before, for those who read it. */
function within(task: string, id: string, value: unknown): unknown {
  if (!isPlainObject(value)) return value;
  const { task: inner, questions: _before, ...question } = value;
  const path = typeof inner === "string" ? `${task}/${inner}` : task;
  return { ...question, task: path, questions: [{ task: path, id, value: question }] };
}
