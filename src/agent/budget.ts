import { BudgetExceededError } from "../base/errors.js";

/** Most an orchestration may spend between one input and the next, nested agents included. */
export interface Limits {
  /** Phase runs. Default 100. */
  readonly steps?: number;
  /** Model calls. Default 200. */
  readonly modelCalls?: number;
  /** Tool calls. Default 1,000. */
  readonly toolCalls?: number;
}

export const DEFAULT_LIMITS = { steps: 100, modelCalls: 200, toolCalls: 1_000 } as const satisfies Required<Limits>;

/** What the limits count. */
export type Resource = keyof typeof DEFAULT_LIMITS;

/** The rest of a turn's limits. Spending more throws before the call is made; what a nested agent spends counts for those around it. */
export interface Budget {
  /** @throws BudgetExceededError when the turn has not that much left, here or further out. */
  spend(resource: Resource, amount?: number): void;
  used(resource: Resource): number;
}

export function openBudget(owner: string, limits: Required<Limits>, used: Readonly<Record<Resource, number>>, outer?: Budget): Budget {
  const spent = { ...used };
  return {
    spend(resource, amount = 1) {
      outer?.spend(resource, amount);
      if (spent[resource] + amount > limits[resource]) throw new BudgetExceededError(owner, resource, limits[resource]);
      spent[resource] += amount;
    },
    used: (resource) => spent[resource],
  };
}
