import { tool, type StructuredToolInterface } from "@langchain/core/tools";
import { z } from "zod";
import type { HandoffTarget } from "../src/agent/agent.js";
import { HANDOFF_TOOL } from "../src/agent/conversation.js";
import { toolDescription } from "../src/handoff/tool-text.js";

/** Characters a model may write as reason and as summary of a handoff. */
const MAX_REASON = 1_000;
const MAX_SUMMARY = 8_000;
/** Tools that an agent keeps made. */
const MAX_KEPT = 100;

/** Arguments of any handoff call; whether the target is open is the chart's answer, not the schema's. */
export const HandoffArguments = z.object({
  target: z.string(),
  reason: z.string().max(MAX_REASON).default(""),
  summary: z.string().max(MAX_SUMMARY).default(""),
});

/** The tool as the model sees it: only targets that are open now, each with who works there. Never executed; the turn answers it. */
export function handoffTool(targets: readonly HandoffTarget[]) {
  const [first, ...rest] = targets.map((open) => open.target);
  const listed = targets.map(({ target, agent, description }) => {
    return { name: agent === undefined || agent === target ? `- ${target}` : `- ${target} (${agent})`, description };
  });
  return tool(() => "", {
    name: HANDOFF_TOOL,
    description: toolDescription("Pass the work to someone else. You cannot go on afterwards. Open now:\n", listed, "\n"),
    schema: z.object({
      target: z.enum([first ?? "", ...rest]).describe("who takes over"),
      reason: z.string().max(MAX_REASON).describe("why, in one sentence"),
      summary: z.string().max(MAX_SUMMARY).describe("what the receiver needs to know"),
    }),
  });
}

/** The handoff tools of an agent: one for each set of open targets it has met, because making one costs more than the rest of a turn. */
export class HandoffTools {
  private readonly made = new Map<string, StructuredToolInterface>();

  toolFor(targets: readonly HandoffTarget[]): StructuredToolInterface {
    const key = JSON.stringify(targets);
    const made = this.made.get(key) ?? handoffTool(targets);
    if (this.made.size >= MAX_KEPT) this.made.clear();
    this.made.set(key, made);
    return made;
  }
}

/** What a model reads after a handoff that is not open. */
export const refusedHandoff = (target: string, targets: readonly HandoffTarget[]): string =>
  targets.length === 0
    ? `A handoff to "${target}" is not possible: none is open now. Answer yourself.`
    : `A handoff to "${target}" is not possible. Open now: ${targets.map((open) => open.target).join(", ")}. Choose one of these, or answer yourself.`;
