import type { Agent } from "../src/agent/agent.js";
import { agents as agentList, anAgent } from "../src/agent/agent-rule.js";
import { InvalidDefinitionError } from "../src/base/errors.js";
import { maybe, number, oneOf, readForm, shape } from "../src/base/form.js";
import { orchestrate, ORCHESTRATION, type Orchestration, type OrchestrationOptions } from "../src/compile/orchestration.js";
import type { Fields, FieldValues } from "../src/state/schema.js";
import { put } from "../src/statechart/data/assignments.js";
import { below } from "../src/statechart/data/guards.js";
import { machineOf, NOTHING, NOTHING_DONE, THE_END } from "./machine.js";

/** Several agents at once, each on the same input. */
export interface ParallelDefinition<Id extends string, F extends Fields> extends OrchestrationOptions<F> {
  readonly branches: readonly Agent<Id, FieldValues<F>>[];
  /** Sees all results when the branches are done, and has the last word. */
  readonly synthesizer?: Agent<Id, FieldValues<F>>;
  /** `"isolate"` (default): a branch that throws is recorded in `results`, its siblings go on. `"stop"`: its error ends the run. */
  readonly onFailure?: "isolate" | "stop";
  /** Milliseconds for one run of a branch; then it has failed. Waiting for a person does not count. Default: the limit of each agent itself. */
  readonly timeout?: number;
}

const DEFINITION = shape<ParallelDefinition<string, Fields>>({
  ...ORCHESTRATION,
  branches: agentList,
  synthesizer: maybe(anAgent),
  onFailure: maybe(oneOf("isolate", "stop")),
  timeout: maybe(number),
});

/**
 * A ∥ B ∥ C. `orchestration.results(state)` gives their results in the order of `branches`, failed ones included. When all have
 * failed and no synthesizer has the last word, it ends in `(failed)`, and an orchestration around it hears of a failure.
 * @throws InvalidDefinitionError when there is no branch, or two have one id.
 */
export function parallel<const Id extends string, const F extends Fields = Record<never, never>, const Name extends string = string>(
  given: ParallelDefinition<Id, F> & { readonly name: Name },
): Orchestration<Id, F, Name> {
  const definition = readForm("The orchestration", given, DEFINITION);
  const { branches, synthesizer, onFailure = "isolate", timeout } = definition;
  if (branches.length === 0) {
    const issue = { path: "branches", code: "NO_AGENTS", message: "give at least one branch" };
    throw new InvalidDefinitionError(`The orchestration "${definition.name}"`, [issue]);
  }
  const limits = timeout === undefined ? [] : branches.map(({ id }) => [id, timeout] as const);
  const timeouts = { ...definition.timeouts, ...Object.fromEntries(limits) };
  const agents = synthesizer === undefined ? branches : [...branches, synthesizer];
  const ids = branches.map((branch) => branch.id as string);
  const isolated = onFailure === "isolate";
  const mayFail = isolated && synthesizer === undefined;
  const after = mayFail ? [{ guard: below("failed", ids.length), target: THE_END }, { target: NOTHING }] : (synthesizer?.id ?? THE_END);
  const machineNoting = (notes: boolean) =>
    machineOf(definition.name, agents, {
      ...(notes ? { context: { failed: [] } } : {}),
      initial: "(branches)",
      states: {
        "(branches)": {
          type: "parallel",
          states: Object.fromEntries(ids.map((id) => [id, region(id, isolated ? failing(id, notes ? ids : []) : undefined)])),
          onDone: notes ? after : (synthesizer?.id ?? THE_END),
        },
        ...(synthesizer === undefined ? {} : { [synthesizer.id]: { on: { DONE: THE_END } } }),
        [THE_END]: { type: "final" },
        ...(notes ? NOTHING_DONE : {}),
      },
    });
  const formerly = mayFail ? { formerly: () => machineNoting(false) } : {}; // before it was noted who had failed
  return orchestrate<Id, F, Name>(
    machineNoting(mayFail),
    agents.map((agent) => [agent.id, agent] as const),
    { answerFrom: synthesizer?.id ?? branches.map((branch) => branch.id), ...definition, ...formerly, timeouts },
  );
}

/** One branch: its events carry its own name, so that no sibling hears them. */
function region(id: string, failed: ReturnType<typeof failing> | undefined) {
  return {
    initial: "working",
    states: {
      working: { id, on: { [`DONE.${id}`]: "done", ...(failed === undefined ? {} : { [`FAIL.${id}`]: failed }) } },
      done: { type: "final" as const },
      failed: { type: "final" as const },
    },
  };
}

/** What a branch's failure leads to; noted where it is asked how many there are. */
const failing = (id: string, noted: readonly string[]) =>
  noted.length === 0 ? "failed" : { target: "failed", actions: [put("failed", id, { order: [...noted].sort() })] };
