import { createMachine, type AnyStateMachine, type EventObject, type MachineConfig } from "xstate";
import { InvalidDefinitionError, type Issue } from "../src/base/errors.js";
import { count } from "../src/statechart/data/assignments.js";
import { below } from "../src/statechart/data/guards.js";
import { FAILED } from "../src/statechart/vocabulary.js";

/** The final state of patterns that have one way to end; no agent can be called so. */
export const THE_END = "(end)";

/** The final state of patterns whose work came to nothing: an orchestration around it hears of a failure. */
export const NOTHING = "(failed)";
export const NOTHING_DONE = { [NOTHING]: { type: "final" as const, tags: FAILED } };

/** A chart's context in the patterns: plain JSON. */
export type PatternContext = Record<string, unknown>;

type Config = Omit<MachineConfig<PatternContext, EventObject>, "id" | "context"> & { readonly context?: PatternContext };

/**
 * The machine of a pattern, whose states are named after its agents.
 * @throws InvalidDefinitionError when there are none, or two have one id.
 */
export function machineOf(name: string, agents: readonly { readonly id: string }[], config: Config): AnyStateMachine {
  const ids = new Set<string>();
  const repeated = agents.filter(({ id }) => ids.size === ids.add(id).size);
  const issues: Issue[] = [
    ...(agents.length === 0 ? [{ path: "agents", code: "NO_AGENTS", message: "give at least one agent" }] : []),
    ...repeated.map(({ id }) => ({ path: `agents.${id}`, code: "DUPLICATE_AGENT", message: `"${id}" is given twice; ids are unique` })),
  ];
  if (issues.length > 0) throw new InvalidDefinitionError(`The orchestration "${name}"`, issues);
  return createMachine({ context: {}, ...config, id: `(${name})` });
}

/** A whole number from `low` up, as an issue when it is not. */
export function limitIssue(path: string, value: number, low = 1): Issue[] {
  return Number.isInteger(value) && value >= low
    ? []
    : [{ path, code: "BAD_LIMIT", message: `must be a whole number from ${low} up, not ${value}` }];
}

/** A transition that may be taken so many times: counted under `key`, and closed when the limit, the pattern's `option`, is met. */
export const upTo = (limit: number, key: string, option: string) => ({
  guard: below(key, limit, option),
  actions: [count(key)],
});

/** Leads a phase with many tasks back to itself while it makes progress. */
export const again = (target: string) => ({ target, reenter: true });
