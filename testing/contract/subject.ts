import type { Orchestration } from "../../src/compile/orchestration.js";
import type { Exploration } from "../every-edge.js";
import type { ExploreOptions } from "../steps.js";

/** What the checks of a contract look at. */
export interface Subject {
  readonly orchestration: Orchestration;
  readonly exploration: Exploration;
  readonly options: ExploreOptions;
}

/** One thing that must hold, for any test runner: `it(check.title, check.run)`. */
export interface Check {
  readonly title: string;
  readonly run: () => Promise<void>;
}
