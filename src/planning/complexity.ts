import { stepsOf, type Step } from "./text.js";

/** How much work a task is likely to be. */
export interface Complexity {
  /** From 0 to 1. */
  readonly score: number;
  readonly level: "low" | "medium" | "high";
  readonly words: number;
  readonly steps: number;
  readonly depth: number;
}

const WORDS = 150;
const STEPS = 10;
const DEPTH = 3;

/**
 * Judges a task by its text alone: 30 % by its length (150 words are full), 50 % by the steps it names (10), 20 % by how deep they
 * are nested (3 levels); below 0.25 it is low, from 0.6 high. The same text always gives the same.
 */
export function estimateComplexity(task: string): Complexity {
  const steps = stepsOf(task);
  const words = (task.match(/\S+/g) ?? []).length;
  const count = countOf(steps);
  const depth = depthOf(steps);
  const share = (value: number, full: number): number => Math.min(1, value / full);
  const score = 0.3 * share(words, WORDS) + 0.5 * share(Math.max(0, count - 1), STEPS - 1) + 0.2 * share(Math.max(0, depth - 1), DEPTH - 1);
  return { score, level: score < 0.25 ? "low" : score < 0.6 ? "medium" : "high", words, steps: count, depth };
}

const countOf = (steps: readonly Step[]): number => steps.reduce((sum, step) => sum + 1 + countOf(step.parts), 0);
const depthOf = (steps: readonly Step[]): number => steps.reduce((most, step) => Math.max(most, 1 + depthOf(step.parts)), 0);
