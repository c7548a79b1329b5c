import { interrupt } from "@langchain/langgraph";
import { z } from "zod";
import type { Turn } from "../../src/agent/agent.js";
import type { Question } from "./flight.js";

/** What an interrupt of an executor shows: what its tasks ask, all at once. */
export interface TasksQuestion {
  readonly kind: "tasks";
  readonly agent: string;
  readonly phase: string;
  readonly questions: readonly { readonly task: string; readonly id: string; readonly value: unknown }[];
  /** Why the previous answer was not accepted. */
  readonly problem?: string;
}

/** The answer to a {@link TasksQuestion}: a value for each question that is answered, by its id. Others are asked again. */
export const TasksAnswer = z.object({ answers: z.record(z.string(), z.unknown()) });

const ANSWER_SCHEMA = z.toJSONSchema(TasksAnswer, { io: "input" });

/** Asks for all tasks in one interrupt; an answer to a question that was not shown is refused, and all are asked again. */
export function askPerson(turn: Turn, asked: ReadonlyMap<string, readonly Question[]>): Map<string, Readonly<Record<string, unknown>>> {
  const questions = [...asked].flatMap(([task, list]) => list.map(({ id, value }) => ({ task, id, value })));
  const ids = new Set(questions.map((question) => question.id));
  for (let problem: string | undefined; ;) {
    const shown: TasksQuestion = {
      kind: "tasks",
      agent: turn.agent,
      phase: turn.phase,
      questions,
      ...(problem === undefined ? {} : { problem }),
    };
    const parsed = TasksAnswer.safeParse(interrupt(shown, { responseSchema: ANSWER_SCHEMA }));
    const given = parsed.success ? Object.keys(parsed.data.answers) : [];
    if (parsed.success && given.length > 0 && given.every((id) => ids.has(id))) return byTask(asked, parsed.data.answers);
    problem = `Answer with { answers: { [id]: value } }; the ids shown are ${[...ids].join(", ")}.`;
  }
}

function byTask(
  asked: ReadonlyMap<string, readonly Question[]>,
  answers: Readonly<Record<string, unknown>>,
): Map<string, Readonly<Record<string, unknown>>> {
  const found = [...asked].map(
    ([task, list]) => [task, Object.fromEntries(list.filter(({ id }) => id in answers).map(({ id }) => [id, answers[id]]))] as const,
  );
  return new Map(found.filter(([, given]) => Object.keys(given).length > 0));
}
