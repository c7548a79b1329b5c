import type { Agent } from "../src/agent/agent.js";
import { agents as agentList } from "../src/agent/agent-rule.js";
import { flag, maybe, readForm, shape } from "../src/base/form.js";
import { orchestrate, ORCHESTRATION, type Orchestration, type OrchestrationOptions } from "../src/compile/orchestration.js";
import type { Fields, FieldValues } from "../src/state/schema.js";
import { machineOf, THE_END } from "./machine.js";

/** One agent after another, each seeing what came before. */
export interface SequentialDefinition<Id extends string, F extends Fields> extends OrchestrationOptions<F> {
  readonly agents: readonly Agent<Id, FieldValues<F>>[];
  /** `true` (default): an agent that throws stops the run, which can be resumed there. `false`: the failure is recorded in `results` and the next agent runs. */
  readonly strict?: boolean;
}

const DEFINITION = shape<SequentialDefinition<string, Fields>>({ ...ORCHESTRATION, agents: agentList, strict: maybe(flag) });

/**
 * A → B → C. Each agent's reply passes the work on; the last one's ends the run.
 * @throws InvalidDefinitionError when there is no agent, or two have one id.
 */
export function sequential<const Id extends string, const F extends Fields = Record<never, never>, const Name extends string = string>(
  given: SequentialDefinition<Id, F> & { readonly name: Name },
): Orchestration<Id, F, Name> {
  const definition = readForm("The orchestration", given, DEFINITION);
  const { agents, strict = true } = definition;
  const machine = machineOf(definition.name, agents, {
    initial: agents[0]?.id ?? THE_END,
    states: Object.fromEntries([
      ...agents.map(({ id }, index) => {
        const next = agents[index + 1]?.id ?? THE_END;
        return [id, { on: { DONE: next, ...(strict ? {} : { FAIL: next }) } }] as const;
      }),
      [THE_END, { type: "final" }],
    ]),
  });
  return orchestrate<Id, F, Name>(
    machine,
    agents.map((agent) => [agent.id, agent] as const),
    definition,
  );
}
