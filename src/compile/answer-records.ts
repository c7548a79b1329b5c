import type { Interrupt } from "@langchain/langgraph";
import { decisionsIn } from "../agent/approval.js";
import { isPlainObject } from "../base/json.js";
import { MAX_ANSWERS, type AnswerRecord } from "../statechart/answered.js";
import type { ControlEvent, EventMeta } from "../statechart/control.js";
import { BOOKKEEPING } from "../statechart/vocabulary.js";

/** A question of a step, and where it was asked. */
export interface Asked {
  readonly question: Interrupt;
  /** The phase of the thread's own orchestration. */
  readonly phase: string;
  readonly agent: string;
}

const MAX_TEXT = 200;
const MAX_REASON = 1_000;

/** What a person decided, as events for the trail: who, when, and which question and calls; neither arguments nor words. */
export function answerEvents(asked: readonly Asked[], answers: Readonly<Record<string, unknown>>, meta: EventMeta): ControlEvent[] {
  const records = asked.flatMap((one) => {
    const { id = "" } = one.question;
    return Object.hasOwn(answers, id) ? recordsOf(one, answers[id]) : [];
  });
  const events: ControlEvent[] = [];
  for (let from = 0; from < records.length; from += MAX_ANSWERS)
    events.push({ type: BOOKKEEPING.ANSWER, answers: records.slice(from, from + MAX_ANSWERS), meta });
  return events;
}

/** The id under which a question is known to whoever answers: what it says, or where it is asked. */
export const keyOf = ({ id = "", value }: Interrupt): string => textIn(value, "nonce") ?? id;

function recordsOf({ question, phase, agent }: Asked, answer: unknown): AnswerRecord[] {
  const { value } = question;
  const task = textIn(value, "task");
  const asking = textIn(value, "phase") ?? phase;
  const base: AnswerRecord = {
    kind: textIn(value, "kind") ?? "question",
    agent: textIn(value, "agent") ?? agent,
    phase: asking,
    ...(asking === phase ? {} : { within: phase }),
    ...(task === undefined ? {} : { task }),
    question: keyOf(question),
  };
  const decided = base.kind === "approval" ? approvalsIn(value, answer) : reviewsIn(value, answer);
  return decided === undefined ? [base] : decided.map((decision) => ({ ...base, ...decision }));
}

type Decided = Pick<AnswerRecord, "tool" | "call" | "decision" | "reason">;

/** Of an approval of ours; none when it is no whole answer, because it is asked again then. */
function approvalsIn(value: unknown, answer: unknown): Decided[] {
  const requests = itemsOf(value, "requests").map((one) => ({ id: textIn(one, "id") ?? "", tool: textIn(one, "tool") ?? "" }));
  const decisions = decisionsIn(answer, textIn(value, "nonce") ?? "", requests);
  if (typeof decisions === "string") return [];
  return requests.flatMap(({ id, tool }) => {
    const given = decisions.get(id);
    if (given === undefined) return [];
    const reason = given.decision === "reject" ? given.reason : undefined;
    return [{ tool, call: id, decision: given.decision, ...(reason === undefined ? {} : { reason: reason.slice(0, MAX_REASON) }) }];
  });
}

/** Of LangChain's human-in-the-loop middleware, which answers by position; undefined for every other question. */
function reviewsIn(value: unknown, answer: unknown): Decided[] | undefined {
  const requests = itemsOf(value, "actionRequests");
  const decisions = itemsOf(answer, "decisions");
  if (requests.length === 0 || requests.length !== decisions.length) return undefined;
  return requests.map((request, index) => {
    const tool = textIn(request, "name") ?? textIn(request, "action");
    const type = textIn(decisions[index], "type");
    const decision = (["approve", "reject", "edit"] as const).find((known) => known === type);
    return { ...(tool === undefined ? {} : { tool }), ...(decision === undefined ? {} : { decision }) };
  });
}

/** Questions are plain JSON that any agent may have written. */
function itemsOf(value: unknown, key: string): readonly unknown[] {
  const items = isPlainObject(value) ? value[key] : undefined;
  return Array.isArray(items) ? items : [];
}

function textIn(value: unknown, key: string): string | undefined {
  const part = isPlainObject(value) ? value[key] : undefined;
  return typeof part === "string" ? part.slice(0, MAX_TEXT) : undefined;
}
