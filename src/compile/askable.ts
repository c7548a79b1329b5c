import { InvalidRequestError } from "../base/errors.js";
import { jsonIssue } from "../base/json.js";
import { askedBy } from "../langgraph/question.js";

const MAX_QUESTION_SIZE = 1_048_576;

/**
 * The error that an agent's question travels in, as it is; an error of ours instead when the question could not be stored. Stored
 * all the same, it would make the thread unreadable.
 */
export function askable(error: unknown, agent: string): unknown {
  for (const { value } of askedBy(error)) {
    const issue = jsonIssue(value, MAX_QUESTION_SIZE);
    if (issue !== undefined) return new InvalidRequestError(`A question of agent "${agent}"`, issue, "plain JSON");
  }
  return error;
}
