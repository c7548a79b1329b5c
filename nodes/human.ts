import { interrupt } from "@langchain/langgraph";
import { z } from "zod";
import type { Agent, Turn } from "../src/agent/agent.js";
import { WORK } from "../src/agent/work.js";
import { answererOf } from "../src/compile/acting.js";
import type { Outcome } from "../src/agent/outcome.js";
import { maybe, readForm, shape, text, textOrFunction } from "../src/base/form.js";
import { nonceFor } from "./question.js";

/** A person as an agent. */
export interface HumanDefinition<Id extends string> {
  readonly id: Id;
  readonly description?: string;
  /** What the person is asked. Default: the last message. */
  readonly question?: string | ((turn: Turn) => string);
}

const DEFINITION = shape<HumanDefinition<string>>({ id: text, description: maybe(text), question: maybe(textOrFunction) });

/** What an interrupt for a person shows. */
export interface HumanQuestion {
  readonly kind: "human";
  /** What is asked, where and in which branch of the thread; an answer that comes with another is refused. */
  readonly nonce: string;
  readonly agent: string;
  readonly phase: string;
  readonly question: string;
  /** Events the chart accepts as an answer. */
  readonly events: readonly string[];
  /** The task that asks, when it is one of a fan-out. */
  readonly task?: string;
  /** Why the previous answer was not accepted. */
  readonly problem?: string;
}

/** The answer to a {@link HumanQuestion}: words, or an event for the chart with words beside it. */
export const HumanAnswer = z.union([
  z
    .string()
    .min(1)
    .transform((text) => ({ text })),
  z.strictObject({ text: z.string().min(1), nonce: z.string().optional() }), // strict: words beside something else are not words alone
  z.strictObject({ event: z.looseObject({ type: z.string() }), text: z.string().optional(), nonce: z.string().optional() }),
]);

const ANSWER_SCHEMA = z.toJSONSchema(HumanAnswer, { io: "input" });

/**
 * A person: the thread parks until somebody answers with `Command({ resume })`. An answer of another form, or an event the chart
 * does not accept, is refused with the reason and asked again.
 * @throws InvalidDefinitionError for an option that there is not, or of another kind.
 */
export function human<const Id extends string>(given: HumanDefinition<Id>): Agent<Id> {
  const definition = readForm("Person", given, DEFINITION);
  return { id: definition.id, description: definition.description, node: () => ({ run: async (turn) => ask(definition, turn) }) };
}

function ask(definition: HumanDefinition<string>, turn: Turn): Outcome {
  const { question } = definition;
  const shown = typeof question === "function" ? question(turn) : (question ?? turn.messages.at(-1)?.text ?? "");
  const events = turn.legal();
  for (let problem: string | undefined, attempt = 0; ; attempt += 1) {
    const nonce = nonceFor(turn as Turn, [attempt, shown, events]);
    const asked: HumanQuestion = {
      kind: "human",
      nonce,
      agent: definition.id,
      phase: turn.phase,
      question: shown,
      events,
      ...(problem === undefined ? {} : { problem }),
    };
    const answer: unknown = interrupt(asked, { responseSchema: ANSWER_SCHEMA });
    const parsed = HumanAnswer.safeParse(answer);
    if (!parsed.success) {
      problem = `Answer with a text, or { event: { type }, text? }; events accepted now: ${events.join(", ") || "none"}.`;
    } else if ("nonce" in parsed.data && parsed.data.nonce !== undefined && parsed.data.nonce !== nonce) {
      problem = "The answer was given to another question; this is what is asked now.";
    } else if (!("event" in parsed.data)) {
      if (turn.can({ type: "DONE" }) || turn.waits) return decided(turn, nonce, { content: parsed.data.text, next: { kind: "done" } });
      problem = `Words alone decide nothing here; answer with { event: { type } }: ${events.join(", ")}.`;
    } else {
      const { event, text } = parsed.data;
      const why = turn.refusal(event);
      if (why === undefined)
        return decided(turn, nonce, { ...(text === undefined ? {} : { content: text }), next: { kind: "event", event } });
      problem = `"${event.type}" is not accepted now (${why}); events accepted: ${events.join(", ") || "none"}.`;
    }
  }
}

/** What the chart hears is the decision of whoever answered, not only of this phase. */
function decided(turn: Turn, question: string, outcome: Outcome): Outcome {
  const user = answererOf(turn.config, question);
  const work = WORK.of(turn.config);
  if (user !== undefined && work !== undefined) work.spokenFor = { user };
  return outcome;
}
