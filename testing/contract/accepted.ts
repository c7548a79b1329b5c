import { deepEqual } from "node:assert/strict";
import type { Turn } from "../../src/agent/agent.js";
import { historyFor } from "../../src/handoff/history-for.js";
import { providerIssues } from "../provider-rules.js";

/** What the models of a team would be shown, turn by turn, in every view of the conversation that an option has a name for. */
export class ShownToModels {
  private readonly issues = new Set<string>();

  readonly look = (turn: Turn): void => {
    for (const view of ["full", "text", "none"] as const)
      for (const issue of providerIssues({ messages: historyFor(turn, view) }))
        this.issues.add(`in "${turn.phase}", with history "${view}": ${issue}`);
  };

  /** @throws AssertionError with what a provider would refuse of it. */
  assertAccepted(): void {
    deepEqual([...this.issues], [], "a model in any phase is shown what every provider takes");
  }
}
