import { interrupt } from "@langchain/langgraph";
import type { ToolCall } from "@langchain/core/messages/tool";
import { z } from "zod";
import { ApprovalAnswer, decisionsIn, type ApprovalDecision, type ApprovalQuestion } from "../src/agent/approval.js";
import type { Turn } from "../src/agent/agent.js";
import { nonceFor } from "./question.js";

/** Shown to clients beside the question. JSON only: a zod schema would make LangGraph throw on an answer that we rather ask again for. */
const ANSWER_SCHEMA = z.toJSONSchema(ApprovalAnswer, { io: "input" });

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
    const decided = decisionsIn(answer, nonce, requests);
    if (typeof decided !== "string") return decided;
    problem = decided;
  }
}
