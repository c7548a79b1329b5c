import { z } from "zod";

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

/** A person's decision on one tool call. */
export type ApprovalDecision = z.infer<typeof Decision>;

/** The decisions of an answer, by call; what is wrong with it when it is not a complete answer to this very question. */
export function decisionsIn(
  answer: unknown,
  nonce: string,
  requests: readonly Pick<ApprovalRequest, "id">[],
): ReadonlyMap<string, ApprovalDecision> | string {
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
