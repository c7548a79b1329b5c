import type { Agent, Turn } from "../src/agent/agent.js";
import { limited } from "../src/agent/deadline.js";
import type { Outcome } from "../src/agent/outcome.js";

/** What a pattern puts between itself and an agent. */
export interface Adapter<State> {
  /** Done before each turn, also when a turn is run again. */
  readonly before?: ((turn: Turn<State>) => Promise<void>) | undefined;
  /** An outcome for which the agent need not be asked at all. */
  readonly spares?: ((turn: Turn<State>) => Outcome<State> | undefined) | undefined;
  /** What the agent is shown instead of its turn. */
  readonly sees?: ((turn: Turn<State>) => Turn<State>) | undefined;
  /** What the pattern takes the agent's answer for. May throw: then the agent has failed. */
  readonly hears?: ((outcome: Outcome<State>, turn: Turn<State>) => Outcome<State>) | undefined;
  /** Milliseconds for one turn; waiting for a person does not count. Default: no limit but the agent's own. */
  readonly timeout?: number | undefined;
}

/** The same agent, seen and heard through an adapter. */
export function adapted<Id extends string, State>(
  agent: Agent<Id, State>,
  { before, spares, sees, hears, timeout }: Adapter<State>,
): Agent<Id, State> {
  return {
    id: agent.id,
    description: agent.description,
    wraps: agent,
    node: (place) => {
      const inner = agent.node(place);
      const run = limited(inner.run, timeout === undefined ? undefined : { milliseconds: timeout, option: "timeout" });
      return {
        ...inner,
        run: async (turn) => {
          await before?.(turn);
          const spared = spares?.(turn);
          if (spared !== undefined) return spared;
          const shown = sees?.(turn) ?? turn;
          const outcome = await run(shown);
          return hears?.(outcome, turn) ?? outcome;
        },
      };
    },
  };
}
