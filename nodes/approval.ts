import { interrupt } from "@langchain/langgraph";
import type { ToolCall } from "@langchain/core/messages/tool";
import { z } from "zod";
import type { Turn } from "../src/agent/agent.js";
import { nonceFor } from "./question.js";

/** One tool call that waits for a person. */
export interface ApprovalRequest {
  readonly id: string;
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** What an interrupt for approval shows: all requests of the turn at once. */
export interface ApprovalQuestion {
  readonly kind: "approval";
  /** Must come back with the answer; an answer to another question is refused. */
  readonly nonce: string;
  readonly agent: string;
  readonly phase: string;
  readonly requests: readonly ApprovalRequest[];
  /** The task that asks, when it is one of a fan-out. */
  readonly task?: string;
  /** Why the previous answer was not accepted. */
  readonly problem?: string;
}

const Decision = z.discriminatedUnion("decision", [
  z.object({ decision: z.literal("approve"), id: z.string() }),
  z.object({ decision: z.literal("reject"), id: z.string(), reason: z.string().max(4_000).optional() }),
  z.object({ decision: z.literal("edit"), id: z.string(), args: z.record(z.string(), z.unknown()) }),
]);

/** The answer to an {@link ApprovalQuestion}: one decision for each request, by id. */
export const ApprovalAnswer = z.object({ nonce: z.string(), decisions: z.array(Decision) });

/** Shown to clients beside the question. JSON only: a zod schema would make LangGraph throw on an answer that we rather ask again for. */
const ANSWER_SCHEMA = z.toJSONSchema(ApprovalAnswer, { io: "input" });

/** A person's decision on one tool call. */
export type ApprovalDecision = z.infer<typeof Decision>;

/**
 * Asks for all calls in one interrupt and waits for a complete answer with the right nonce. A scalar, an answer to an earlier
 * question or one about other calls is refused and the question asked again: nothing is approved that was not shown.
 */
export function askApproval(turn: Turn, calls: readonly ToolCall[], round: number): ReadonlyMap<string, ApprovalDecision> {
  const requests = calls.map((call) => ({ id: call.id ?? "", tool: call.name, args: call.args }));
  for (let attempt = 0, problem: string | undefined; ; attempt += 1) {
    const nonce = nonceFor(turn, [round, attempt, requests]);
    const question: ApprovalQuestion = {
      kind: "approval",
      nonce,
      agent: turn.agent,
      phase: turn.phase,
      requests,
      ...(problem === undefined ? {} : { problem }),
    };
    const answer: unknown = interrupt(question, { responseSchema: ANSWER_SCHEMA });
    const checked = check(answer, nonce, requests);
    if (typeof checked !== "string") return checked;
    problem = checked;
  }
}

function check(answer: unknown, nonce: string, requests: readonly ApprovalRequest[]): ReadonlyMap<string, ApprovalDecision> | string {
  const parsed = ApprovalAnswer.safeParse(answer);
  const form = `answer with { nonce, decisions: [{ id, decision: "approve" | "reject" | "edit" }] }, one decision for each of: ${requests.map((request) => request.id).join(", ")}`;
  if (!parsed.success) return `The answer has not the form asked for; ${form}.`;
  if (parsed.data.nonce !== nonce) return `The answer belongs to another question; ${form}.`;
  const decisions = new Map(parsed.data.decisions.map((decision) => [decision.id, decision]));
  const complete =
    requests.every((request) => decisions.has(request.id)) &&
    decisions.size === requests.length &&
    parsed.data.decisions.length === requests.length;
  return complete ? decisions : `Decisions and requests do not match; ${form}.`;
}
