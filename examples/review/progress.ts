import { getWriter } from "@langchain/langgraph";
import type { Turn } from "phasegraph";
import type { Tally } from "./analysis/finding.js";

/** What an agent tells those who watch, while it works. Sent on LangGraph's `custom` stream; nothing of it is stored. */
export type Progress = { readonly agent: string } & (
  | { readonly kind: "note"; readonly text: string }
  /** `stored`: the result came from the checkpoint, nothing was analysed. */
  | {
      readonly kind: "batch";
      readonly batch: number;
      readonly of: number;
      readonly files: number;
      readonly found: Tally;
      readonly stored: boolean;
    }
);

type Rest<P> = P extends Progress ? Omit<P, "agent"> : never;

/** Tells the watchers, if there are any. */
export function tell(turn: Pick<Turn, "agent" | "config">, progress: Rest<Progress>): void {
  const message: Progress = { ...progress, agent: turn.agent };
  getWriter(turn.config)?.(message);
}
