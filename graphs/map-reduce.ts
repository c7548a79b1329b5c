import type { Agent, Turn } from "../src/agent/agent.js";
import { anAgent } from "../src/agent/agent-rule.js";
import { send } from "../src/agent/outcome.js";
import { tasksOf, type TaskRecord } from "../src/agent/task.js";
import { InvalidDefinitionError } from "../src/base/errors.js";
import { callable, maybe, readForm, shape } from "../src/base/form.js";
import { orchestrate, ORCHESTRATION, type Orchestration, type OrchestrationOptions } from "../src/compile/orchestration.js";
import type { BaseState, Fields, FieldValues } from "../src/state/schema.js";
import { executor, FOLD, limitsOf, LIMITS_FORM, type ExecutorDefinition, type ExecutorLimits } from "../nodes/executor/executor.js";
import { again, machineOf, NOTHING, NOTHING_DONE, THE_END } from "./machine.js";

const MAP = "map";

/** One agent for every item, and one for what they came to. */
export interface MapReduceDefinition<Id extends string, F extends Fields>
  extends OrchestrationOptions<F>, Omit<ExecutorLimits, "perAgent">, Pick<ExecutorDefinition<string, FieldValues<F>>, "fold"> {
  /** The items, made from what the turn shows: plain JSON. The same state has to give the same items. */
  readonly items: (turn: Turn<FieldValues<F>>) => readonly unknown[] | Promise<readonly unknown[]>;
  /** Works on one item: `turn.task.data`, or its JSON as the user's message. */
  readonly mapper: Agent<string, FieldValues<F>>;
  /** Sees the mapped items ({@link mapped}), and the value of `fold` as `turn.results.map.data`. Without one the phase's own words end the run. */
  readonly reducer?: Agent<Id, FieldValues<F>>;
}

const { perAgent: _none, ...MAP_LIMITS } = LIMITS_FORM;
const DEFINITION = shape<MapReduceDefinition<string, Fields>>({
  ...ORCHESTRATION,
  ...MAP_LIMITS,
  items: callable,
  mapper: anAgent,
  reducer: maybe(anAgent),
  fold: maybe(FOLD),
});

/** What the items came to, in their order; items that failed are among them. */
export function mapped(state: Pick<BaseState, "tasks" | "control"> | Turn): TaskRecord[] {
  const records = tasksOf(state.tasks, MAP, state.control.episode);
  return [...records.values()].sort((a, b) => Number(a.task) - Number(b.task));
}

/**
 * Every item at once, as far as `concurrency` allows, then the reducer. Failures stay with their items; after a crash only what was
 * not finished runs again. When all items have failed and there is no reducer, it ends in `(failed)`, and an orchestration around it
 * hears of a failure.
 * @throws InvalidDefinitionError when the reducer is called "map", or a limit is none.
 */
export function mapReduce<
  const Id extends string = never,
  const F extends Fields = Record<never, never>,
  const Name extends string = string,
>(given: MapReduceDefinition<Id, F> & { readonly name: Name }): Orchestration<Id | "map", F, Name> {
  const definition = readForm("The orchestration", given, DEFINITION);
  const { name, items, mapper, reducer, fold, ...rest } = definition;
  if (reducer?.id === MAP) {
    throw new InvalidDefinitionError(`The orchestration "${name}"`, [
      { path: "reducer", code: "RESERVED_NAME", message: `"${MAP}" is the phase of the mapper; choose another id` },
    ]);
  }
  const fanOut = executor<string, FieldValues<F>>({
    id: MAP,
    ...(mapper.description === undefined ? {} : { description: mapper.description }),
    workers: [mapper],
    tasks: async (turn) =>
      (await items(turn)).map((data, index) => ({
        id: String(index),
        input: typeof data === "string" ? data : JSON.stringify(data),
        data,
      })),
    done: (_turn, records) => {
      const done = records.filter((record) => record.status === "completed").length;
      const content = `${done} of ${records.length} items done`;
      const isNothing = reducer === undefined && done === 0 && records.length > 0;
      return isNothing ? send("NOTHING", { content }) : { content, next: { kind: "done" } };
    },
    ...(fold === undefined ? {} : { fold }),
    ...limitsOf(rest),
  });
  const mapping = { PROGRESS: again(MAP), DONE: reducer?.id ?? THE_END };
  const machineFailing = (fails: boolean) =>
    machineOf(name, reducer === undefined ? [{ id: MAP }] : [{ id: MAP }, reducer], {
      initial: MAP,
      states: {
        [MAP]: { on: fails ? { ...mapping, NOTHING } : mapping },
        ...(reducer === undefined ? {} : { [reducer.id]: { on: { DONE: THE_END } } }),
        [THE_END]: { type: "final" },
        ...(fails ? NOTHING_DONE : {}),
      },
    });
  const bound = [[MAP, fanOut] as const, ...(reducer === undefined ? [] : [[reducer.id, reducer] as const])];
  return orchestrate<Id | "map", F, Name>(machineFailing(reducer === undefined), bound, {
    ...definition,
    ...(reducer === undefined ? { formerly: () => machineFailing(false) } : {}), // before all could fail
  });
}
