import { AGENT_ID, type Agent, type Runner, type Turn } from "../src/agent/agent.js";
import { reply, type Outcome } from "../src/agent/outcome.js";
import type { Orchestration } from "../src/compile/orchestration.js";
import type { Fields } from "../src/state/schema.js";

/** One turn: what the agent says, what its turn comes to, an error to throw, or a function of the turn that gives one of these. */
export type TurnStep = string | Outcome | Error | ((turn: Turn) => string | Outcome | Error | Promise<string | Outcome | Error>);

/** An agent that plays its script, turn by turn, and keeps the turns it was given. */
export interface ScriptedAgent<Id extends string = string> extends Agent<Id> {
  readonly turns: readonly Turn[];
  /** @throws Error when steps were not used, or a turn came that the script does not know. */
  assertDone(): void;
}

/**
 * An agent for tests. A turn too many fails, and `assertDone()` fails on steps that were never used. A turn that LangGraph runs
 * again after an interrupt or a crash is a turn of its own.
 */
export function scriptedAgent<const Id extends string>(id: Id, script: readonly TurnStep[]): ScriptedAgent<Id> {
  if (!AGENT_ID.test(id)) throw new Error(`scriptedAgent: "${id}" is no agent id.`);
  const turns: Turn[] = [];
  const excess = () => `scriptedAgent "${id}": turn ${turns.length} was not expected, the script has ${script.length} steps.`;
  const run: Runner = async (turn) => {
    turns.push(turn);
    const step = script[turns.length - 1];
    if (step === undefined) throw new Error(excess());
    const given = typeof step === "function" ? await step(turn) : step;
    if (given instanceof Error) throw given;
    return typeof given === "string" ? reply(given) : given;
  };
  return {
    id,
    turns,
    node: () => ({ run }),
    assertDone() {
      if (turns.length > script.length) throw new Error(excess());
      if (turns.length < script.length)
        throw new Error(`scriptedAgent "${id}": ${script.length - turns.length} of ${script.length} steps were not used.`);
    },
  };
}

/**
 * The same orchestration (chart, state, limits, ids) in which every agent does what `play` says: so that any phase can be driven
 * to any outcome through the real compiled graph.
 */
export function scripted<Phase extends string, F extends Fields>(
  orchestration: Orchestration<Phase, F>,
  play: (turn: Turn) => string | Outcome | Promise<string | Outcome>,
): Orchestration<Phase, F> {
  const run: Runner = async (turn) => {
    const given = await play(turn);
    return typeof given === "string" ? reply(given) : given;
  };
  return orchestration.withAgents(() => ({ node: () => ({ run }) }));
}
