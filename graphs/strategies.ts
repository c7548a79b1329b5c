import type { Agent } from "../src/agent/agent.js";
import { agents as agentList } from "../src/agent/agent-rule.js";
import { InvalidDefinitionError } from "../src/base/errors.js";
import { anything, maybe, readForm, shape } from "../src/base/form.js";
import { orchestrate, ORCHESTRATION, type Orchestration, type OrchestrationOptions } from "../src/compile/orchestration.js";
import type { Fields, FieldValues } from "../src/state/schema.js";
import { machineOf } from "./machine.js";

/** The phase of a thread without orchestration. */
const OFF = "off";

/** Orchestrations (or single agents) of which each thread uses one. */
export interface StrategiesDefinition<Id extends string, F extends Fields> extends OrchestrationOptions<F> {
  readonly strategies: readonly Agent<Id, FieldValues<F>>[];
  /** What a thread uses that asked for nothing else; `null`: nothing. Default: the first. */
  readonly default?: NoInfer<Id> | null;
}

const DEFINITION = shape<StrategiesDefinition<string, Fields>>({ ...ORCHESTRATION, strategies: agentList, default: maybe(anything) });

/**
 * One graph for an app whose threads are not all orchestrated alike. The event `USE.<id>` gives a thread another strategy, and
 * `USE.off` none: its messages are kept and nobody answers. The choice stays with the thread; every strategy keeps its own place.
 * @throws InvalidDefinitionError when there is no strategy, two have one id, one is called "off", or the default is none of them.
 * @example
 * const desk = strategies({ name: "desk", strategies: [support, research] });
 * await graph.invoke({ messages, control: { type: "USE.research" } }, config);
 */
export function strategies<const Id extends string, const F extends Fields = Record<never, never>, const Name extends string = string>(
  given: StrategiesDefinition<Id, F> & { readonly name: Name },
): Orchestration<Id | "off", F, Name> {
  const definition = readForm("The orchestration", given, DEFINITION);
  const { name, strategies: choices } = definition;
  const ids = choices.map((choice) => choice.id as string);
  const chosen = definition.default === null ? OFF : (definition.default ?? ids[0] ?? OFF);
  const issues = [
    ...(chosen === OFF || ids.includes(chosen)
      ? []
      : [{ path: "default", code: "UNKNOWN_AGENT", message: `"${chosen}" is no strategy; there are ${ids.join(", ")}` }]),
    ...(ids.includes(OFF) ? [{ path: `strategies.${OFF}`, code: "RESERVED_NAME", message: `"${OFF}" means none; choose another id` }] : []),
  ];
  if (issues.length > 0) throw new InvalidDefinitionError(`The orchestration "${name}"`, issues);
  const all = [...ids, OFF];
  const machine = machineOf(name, choices, {
    initial: chosen,
    on: Object.fromEntries(all.map((id) => [`USE.${id}`, `.${id}`])),
    states: Object.fromEntries(all.map((id) => [id, { tags: "waits" }])),
  });
  return orchestrate<Id | "off", F, Name>(
    machine,
    choices.map((choice) => [choice.id, choice] as const),
    definition,
  );
}
