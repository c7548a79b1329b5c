import { eitherSignal, openAbort } from "../src/base/abort.js";
import type { Agent, Turn } from "../src/agent/agent.js";
import type { Outcome } from "../src/agent/outcome.js";
import { StepTimeoutError } from "../src/base/errors.js";

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
    node: (place) => {
      const inner = agent.node(place);
      return {
        ...inner,
        run: async (turn) => {
          await before?.(turn);
          const spared = spares?.(turn);
          if (spared !== undefined) return spared;
          const shown = sees?.(turn) ?? turn;
          const outcome = await (timeout === undefined
            ? inner.run(shown)
            : within(agent.id, timeout, shown.config.signal, (signal) => inner.run({ ...shown, config: { ...shown.config, signal } })));
          return hears?.(outcome, turn) ?? outcome;
        },
      };
    },
  };
}

/** Ends with the work or at the deadline, also when the work does not listen to the signal. */
async function within<T>(
  agent: string,
  milliseconds: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = openAbort();
  const expired = new Promise<never>((_resolve, reject) => {
    deadline.signal.addEventListener("abort", () => reject(deadline.signal.reason as Error), { once: true });
  });
  const timer = setTimeout(() => deadline.abort(new StepTimeoutError(agent, milliseconds)), milliseconds);
  try {
    return await Promise.race([work(eitherSignal(deadline.signal, outer)), expired]);
  } finally {
    clearTimeout(timer);
  }
}
