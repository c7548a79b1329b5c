import type { Command, StateSnapshot } from "@langchain/langgraph";
import { AnswerRefusedError } from "../base/errors.js";
import type { Clock } from "../base/clock.js";
import { answerEvents, keyOf } from "./answer-records.js";
import { addressed, isAtWork } from "./answers.js";
import { stamped } from "./branch.js";

/** An answer as a run goes on with it. */
export interface Resumption {
  /** By the ids of the questions. */
  readonly resume: Readonly<Record<string, unknown>>;
  /** What comes with it: messages and extra state of the caller's, and what was decided, for the trail. */
  readonly update: Readonly<Record<string, unknown>>;
  /** The questions that are answered. */
  readonly answers: ReadonlySet<string>;
}

/** Who answers, and whether it is to be noted. */
export interface Answering {
  readonly agentOf: ReadonlyMap<string, string>;
  readonly clock: Clock;
  readonly user: string | undefined;
  /** False for runs inside of a thread: the thread's own trail has it. */
  readonly isNoted: boolean;
}

/**
 * What a `Command({ resume })` means where a thread stands; undefined when it answers nothing, but goes on from a breakpoint.
 * LangGraph would return as if all were well; whoever answers has to learn that nobody asked.
 * @throws AnswerRefusedError when nothing waits for an answer, or something else does.
 */
export function resumption(at: StateSnapshot, command: Command, stopsByItself: boolean, answering: Answering): Resumption | undefined {
  const tasks = at.tasks.filter(isAtWork);
  const { agentOf, clock, user, isNoted } = answering;
  // not `next`: it leaves out who asks again, and whose writes are stored already
  const open = tasks.flatMap((task) => task.interrupts);
  if (tasks.length === 0) throw new AnswerRefusedError("nothing on this thread waits for an answer", []);
  if (command.resume === undefined || (open.length === 0 && stopsByItself)) return undefined;
  const resume = addressed(command.resume, open);
  const asked = tasks.flatMap(({ name, interrupts }) =>
    interrupts.map((question) => ({ question, phase: name, agent: agentOf.get(name) ?? name })),
  );
  const records = isNoted ? answerEvents(asked, resume, stamped(clock, "user", { forks: false, user })) : [];
  return {
    resume,
    update: { ...(command.update as object | undefined), ...(records.length === 0 ? {} : { control: records }) },
    answers: new Set(open.filter(({ id = "" }) => Object.hasOwn(resume, id)).map(keyOf)),
  };
}
