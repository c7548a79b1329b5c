import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import type { Command } from "@langchain/langgraph";
import type { PhaseRun, Turn } from "../src/agent/agent.js";
import { limited, TURN_MILLISECONDS } from "../src/agent/deadline.js";
import type { Outcome } from "../src/agent/outcome.js";
import { InvalidRequestError } from "../src/base/errors.js";
import { callable, maybe, number, shape, text, type Form } from "../src/base/form.js";
import { isPlainObject } from "../src/base/json.js";
import { isCommandLike, outcomeOfCommand } from "../src/compile/command.js";

/** What a function agent may return: a text is a reply, `""` one without words. */
export type FunctionAnswer<State> = Outcome<State> | string | BaseMessage | Command;

/** A plain (async) function as an agent. */
export interface FunctionAgent<Id extends string, State> {
  readonly id: Id;
  readonly description?: string;
  readonly run: (turn: Turn<State>) => FunctionAnswer<State> | Promise<FunctionAnswer<State>>;
  readonly limits?: {
    /** Wall time of one turn; waiting for a person does not count. Default 300,000; in a task of a fan-out, what that allows. */
    readonly milliseconds?: number;
  };
}

export const FUNCTION_AGENT: Form<FunctionAgent<string, never>> = {
  id: text,
  description: maybe(text),
  run: callable,
  limits: maybe(shape<NonNullable<FunctionAgent<string, never>["limits"]>>({ milliseconds: maybe(number) })),
};

export function functionRun<State>(agent: FunctionAgent<string, State>): PhaseRun<State> {
  const { milliseconds } = agent.limits ?? {};
  const run = async (turn: Turn<State>): Promise<Outcome<State>> => outcomeOf(agent.id, turn, await agent.run(turn));
  const inTime = limited(run, { milliseconds: milliseconds ?? TURN_MILLISECONDS, option: "limits.milliseconds" });
  const ofTask = milliseconds === undefined ? run : inTime; // a fan-out limits its tasks itself
  return { plain: true, takesTools: true, run: (turn) => (turn.task === undefined ? inTime : ofTask)(turn) };
}

function outcomeOf<State>(id: string, turn: Turn<State>, answer: unknown): Outcome<State> {
  if (answer === undefined || answer === null)
    throw new InvalidRequestError(`Agent "${id}" returned nothing`, "so nothing is known of its work", FORMS);
  if (typeof answer === "string") return { content: answer, next: { kind: "done" } };
  if (AIMessage.isInstance(answer)) return { messages: [answer], next: { kind: "done" } };
  if (isCommandLike(answer)) return outcomeOfCommand(answer, id, turn.messages) as Outcome<State>; // its update is checked against the state's keys by the node
  if (isPlainObject(answer) && isPlainObject(answer["next"])) return answer as unknown as Outcome<State>; // made by reply(), handoff() or send()
  throw new InvalidRequestError(`Agent "${id}" returned ${describe(answer)}`, "that says nothing about what comes next", FORMS);
}

const FORMS = 'a text, reply(…), handoff(…) or send(…); reply("") where there is nothing to say';

const describe = (value: unknown): string =>
  typeof value === "object"
    ? `an object with ${
        Object.keys(value ?? {})
          .slice(0, 5)
          .join(", ") || "nothing in it"
      }`
    : `a ${typeof value}`;
