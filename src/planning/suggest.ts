import { termsOf } from "./text.js";

/** What is known of an agent that could do a task. */
export interface Candidate {
  readonly id: string;
  readonly description?: string | undefined;
  readonly capabilities?: readonly string[] | undefined;
}

/** An agent that suits a task, and why. */
export interface Suggestion {
  readonly agent: string;
  /** The share of the task's words that the agent's own words cover, from 0 to 1; a capability counts three times. */
  readonly score: number;
  readonly matched: readonly string[];
}

const CAPABILITY_WEIGHT = 3;

/**
 * Who suits a task, best first, by the words that the task shares with id, description and capabilities. Empty when nothing fits:
 * nobody is suggested for being there. Ties stand in the order given.
 */
export function suggestAgent(task: string, candidates: readonly Candidate[]): Suggestion[] {
  const terms = [...termsOf(task)];
  return candidates
    .map(({ id, description = "", capabilities = [] }) => {
      const strong = termsOf([id.replaceAll(/[_-]/g, " "), ...capabilities].join(" "));
      const weak = termsOf(description);
      const matched = terms.filter((term) => strong.has(term) || weak.has(term));
      const points = matched.reduce((sum, term) => sum + (strong.has(term) ? CAPABILITY_WEIGHT : 1), 0);
      return { agent: id, score: terms.length === 0 ? 0 : points / (terms.length * CAPABILITY_WEIGHT), matched };
    })
    .filter((suggestion) => suggestion.score > 0)
    .sort((one, other) => other.score - one.score);
}
