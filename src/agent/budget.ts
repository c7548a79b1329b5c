import { BudgetExceededError } from "../base/errors.js";

/** Most an orchestration may spend between one input and the next, nested agents included. */
export interface Limits {
  /**
   * Phase runs: a bound on going round. What returns to its phase with progress is still the same run, and the phases that the
   * tasks of a fan-out run through count for the task alone. Default 100.
   */
  readonly steps?: number;
  /** Model calls. Default 200, and as many again for each task of a fan-out; a number of your own counts everything. */
  readonly modelCalls?: number;
  /** Tool calls. Default 1,000, and as many again for each task of a fan-out; a number of your own counts everything. */
  readonly toolCalls?: number;
}

export const DEFAULT_LIMITS = { steps: 100, modelCalls: 200, toolCalls: 1_000 } as const satisfies Required<Limits>;

/** For what is bounded from outside: the task of a fan-out, a phase of a team. */
export const NO_LIMITS: Required<Limits> = { steps: Infinity, modelCalls: Infinity, toolCalls: Infinity };

/** What the limits count. */
export type Resource = keyof typeof DEFAULT_LIMITS;

/** What was spent: with the tasks of fan-outs that have begun, which bring an allowance of their own. */
export type Spent = Readonly<Record<Resource, number>> & { readonly tasks?: number };

/** The rest of a turn's limits. Spending more throws before the call is made; what a nested agent spends counts for those around it. */
export interface Budget {
  /** @throws BudgetExceededError when the turn has not that much left, here or further out. Nothing is spent then, anywhere. */
  spend(resource: Resource | "tasks", amount?: number): void;
  used(resource: Resource | "tasks"): number;
  /** @throws BudgetExceededError when so much more could not be spent, once so many more tasks have begun. Spends nothing. */
  require(resource: Resource, amount: number, tasks?: number): void;
}

export function openBudget(owner: string, limits: Limits, used: Spent, outer?: Budget): Budget {
  const spent = { tasks: 0, ...used };
  const limitOf = (resource: Resource, tasks: number): number => {
    const given = limits[resource];
    return given ?? (resource === "steps" ? DEFAULT_LIMITS.steps : DEFAULT_LIMITS[resource] * (1 + tasks));
  };
  return {
    spend(resource, amount = 1) {
      if (resource !== "tasks") {
        const limit = limitOf(resource, spent.tasks);
        if (spent[resource] + amount > limit) throw new BudgetExceededError(owner, resource, limit);
      }
      outer?.spend(resource, amount);
      spent[resource] += amount;
    },
    used: (resource) => spent[resource],
    require(resource, amount, tasks = 0) {
      const limit = limitOf(resource, spent.tasks + tasks);
      if (spent[resource] + amount > limit) throw new BudgetExceededError(owner, resource, limit, amount);
      outer?.require(resource, amount, tasks);
    },
  };
}

/** The budget of a fan-out's task: all it spends counts for the phase, but the phases it runs through itself. */
export function taskBudget(phase: () => Budget): Budget {
  return {
    spend: (resource, amount) => (resource === "steps" ? undefined : phase().spend(resource, amount)),
    used: (resource) => phase().used(resource),
    require: (resource, amount, tasks) => (resource === "steps" ? undefined : phase().require(resource, amount, tasks)),
  };
}
