import { AIMessage, HumanMessage, type BaseMessage } from "@langchain/core/messages";
import type { Agent, Turn } from "../src/agent/agent.js";
import type { Outcome } from "../src/agent/outcome.js";
import { readProgressLedger, type LedgerReading, type ProgressLedger } from "../src/ledger/progress-ledger.js";
import {
  answerPrompt,
  ledgerPrompt,
  planPrompt,
  repairPrompt,
  replanPrompt,
  surveyPrompt,
  taskLedgerText,
  teamText,
  updatedSurveyPrompt,
} from "../src/ledger/prompts.js";
import { earlierWords, taskText, toldToOrchestrator, transcript, type Speaker } from "../src/ledger/transcript.js";
import type { ChatModel } from "./chat-model.js";
import { modelRun } from "./model-turn.js";

/** The phases in which an orchestrator works; each is one checkpoint. */
export const ORCHESTRATOR_PHASES = ["facts", "plan", "progress", "answer"] as const;
/** One of them. */
export type OrchestratorPhase = (typeof ORCHESTRATOR_PHASES)[number];

/** What the orchestrator asks its model, or the function that stands in for one. */
export interface LedgerQuestion {
  readonly purpose: OrchestratorPhase;
  readonly task: string;
  /** The conversation, and the question as its last message. */
  readonly messages: readonly BaseMessage[];
  /** 0, and one more each time the answer to `progress` could not be used. */
  readonly attempt: number;
}

/** A function in a model's place. */
export type Think<State> = (question: LedgerQuestion, turn: Turn<State>) => string | Promise<string>;

/** An orchestrator: who it asks, whom it leads, and what follows from a round. */
export interface OrchestratorDefinition<State> {
  readonly id: string;
  readonly ask: ChatModel | Think<State>;
  readonly team: readonly { readonly id: string; readonly description?: string | undefined }[];
  /** Times the ledger is asked for in one round. */
  readonly attempts: number;
  /** Wall time of one model call in milliseconds. */
  readonly milliseconds: number;
  /** The event that a ledger is for the chart, and whether the next speaker will be asked because of it. */
  readonly settle: (reading: LedgerReading, turn: Turn<State>) => { readonly event: { readonly type: string }; readonly asks: boolean };
  /** Why the work ends before the request is satisfied, in words; undefined when it is. */
  readonly stopped: (turn: Turn<State>) => string | undefined;
}

/** What `facts` leaves behind in `results`: the first half of the task ledger. */
export interface FactSheet {
  readonly task: string;
  readonly facts: string;
}

/**
 * The orchestrator of a team with two ledgers. In `facts` and `plan` it makes the task ledger, again whenever the chart comes back;
 * in `progress` it fills in a progress ledger, told what was wrong with one that cannot be used; in `answer` it speaks to the
 * person. Every model call is a durable task.
 */
export function orchestrator<State>(definition: OrchestratorDefinition<State>): Agent<string, State> {
  const speaker: Speaker = { author: definition.id, plan: "plan", answer: "answer" };
  const team = teamText(definition.team);
  const work: Readonly<Record<OrchestratorPhase, (turn: Turn<State>) => Promise<Outcome<State>>>> = {
    facts: async (turn) => {
      const heard = toldToOrchestrator(transcript(turn.messages, speaker));
      const known = factsOf(turn);
      const task = known?.task ?? taskText(turn.messages, speaker);
      const before = known === undefined ? earlierWords(turn.messages, speaker) : heard;
      const prompt = known === undefined ? surveyPrompt(task) : updatedSurveyPrompt(task, known.facts);
      const facts = await think(definition, turn, { purpose: "facts", task, messages: [...before, new HumanMessage(prompt)], attempt: 0 });
      return { data: { task, facts } satisfies FactSheet, next: { kind: "done" } };
    },
    plan: async (turn) => {
      const { task, facts } = factsOf(turn) ?? NOTHING;
      const heard = toldToOrchestrator(transcript(turn.messages, speaker));
      const prompt = heard.length === 0 ? planPrompt(task, team, facts) : replanPrompt(task, team, facts);
      const plan = await think(definition, turn, { purpose: "plan", task, messages: [...heard, new HumanMessage(prompt)], attempt: 0 });
      return { content: taskLedgerText({ task, team, facts, plan }), data: { plan }, next: { kind: "done" } };
    },
    progress: async (turn) => {
      const reading = await readLedger(definition, turn, [
        ...toldToOrchestrator(transcript(turn.messages, speaker)),
        ...failures(definition, turn),
      ]);
      const { event, asks } = definition.settle(reading, turn);
      return {
        ...(asks && reading.ok ? { content: reading.ledger.instruction_or_question.answer } : {}),
        data: reading.ok ? { ledger: reading.ledger } : { problem: reading.problem, text: reading.text },
        next: { kind: "event", event },
      };
    },
    answer: async (turn) => {
      const { task } = factsOf(turn) ?? NOTHING;
      const messages = [
        ...toldToOrchestrator(transcript(turn.messages, speaker)),
        ...failures(definition, turn),
        new HumanMessage(answerPrompt(task, definition.stopped(turn))),
      ];
      return { content: await think(definition, turn, { purpose: "answer", task, messages, attempt: 0 }), next: { kind: "done" } };
    },
  };
  return {
    id: definition.id,
    description: "Leads the team",
    node: ({ phase }) => ({ run: work[phase as OrchestratorPhase] }), // the pattern binds it to these phases only
  };
}

const NOTHING: FactSheet = { task: "", facts: "" };

/** The fact sheet of this task, when there is one. */
const factsOf = (turn: Pick<Turn, "results">): FactSheet | undefined => turn.results["facts"]?.data as FactSheet | undefined; // written above

async function readLedger<State>(
  definition: OrchestratorDefinition<State>,
  turn: Turn<State>,
  heard: readonly BaseMessage[],
): Promise<LedgerReading> {
  const names = definition.team.map(({ id }) => id);
  const { task } = factsOf(turn) ?? NOTHING;
  const messages: BaseMessage[] = [...heard, new HumanMessage(ledgerPrompt(task, teamText(definition.team), names))];
  for (let attempt = 0; ; attempt += 1) {
    const text = await think(definition, turn, { purpose: "progress", task, messages: [...messages], attempt });
    const reading = readProgressLedger(text, names);
    if (reading.ok || attempt + 1 >= definition.attempts) return reading;
    messages.push(
      new AIMessage({ content: text === "" ? "(nothing)" : text, name: definition.id }),
      new HumanMessage(repairPrompt(reading.problem)),
    );
  }
}

/** Specialists whose last turn failed: what they would have said themselves, if they could. */
function failures<State>({ team }: OrchestratorDefinition<State>, turn: Turn<State>): HumanMessage[] {
  const since = turn.results["plan"]?.at ?? 0;
  return team.flatMap(({ id }) => {
    const result = turn.results[id];
    if (result?.status !== "failed" || result.at < since) return [];
    return [new HumanMessage({ content: `${id} failed at its last turn: ${result.error?.message ?? "no reason was given"}` })];
  });
}

async function think<State>(definition: OrchestratorDefinition<State>, turn: Turn<State>, question: LedgerQuestion): Promise<string> {
  const { ask, id, milliseconds } = definition;
  if (typeof ask === "function") return ask(question, turn);
  const { run } = modelRun<State, never>({ id, model: ask, history: () => question.messages, limits: { milliseconds } });
  const { messages = [] } = await run(turn);
  return messages.findLast((message) => AIMessage.isInstance(message))?.text ?? "";
}

/** What `progress` leaves behind in `results`. */
export type ProgressResult =
  | { readonly ledger: ProgressLedger }
  /** The last answer of the round could not be used. */
  | { readonly problem: string; readonly text: string };
