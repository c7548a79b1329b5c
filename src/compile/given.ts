import { InvalidRequestError } from "../base/errors.js";
import { meant } from "../base/form.js";
import { isPlainObject } from "../base/json.js";
import { MAX_VALUE_SIZE, storageIssue } from "../state/owned-message.js";
import { BASE_KEYS } from "../state/schema.js";
import { EVENT, isOfKernel } from "../statechart/vocabulary.js";

/** Whether somebody sent a whole control state. */
export const isControl = (value: unknown): boolean =>
  isPlainObject(value) && !("type" in value) && "v" in value && "chart" in value && "value" in value; // an event has a type

/** Stands for a whole control state in an input: it is not an event, so the channel records a refusal and nothing else. */
export const CONTROL_VALUE = "a control state";

/** @throws InvalidRequestError for what no checkpoint can hold, or would give back as something else. */
export function assertStorable(subject: string, values: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(values)) {
    const issue = storageIssue(value, MAX_VALUE_SIZE);
    if (issue !== undefined) throw new InvalidRequestError(subject, `"${key}" ${issue}`, "plain JSON, or messages");
  }
}

/**
 * A whole state may come back as input, as many clients send it; a graph around this one gives all it has.
 * @throws InvalidRequestError for a key that the state does not have.
 */
export function assertKnown(input: object, stateKeys: Iterable<string>): void {
  const keys = [...BASE_KEYS, ...stateKeys];
  const unknown = Object.keys(input).filter((key) => !keys.includes(key));
  if (unknown.length === 0) return;
  const problem = `"${unknown.join('", "')}" is no key of the state`;
  throw new InvalidRequestError("The input of a run", problem, `keys of the state: ${meant(unknown[0] ?? "", keys)}`);
}

/** Whether an event only begins a turn. */
export const isInput = (event: unknown): boolean => isPlainObject(event) && event["type"] === EVENT.INPUT;

/** Why an event is not for anybody to send; undefined when it is. */
export function kernelEvent(event: unknown): { event: string; why: string } | undefined {
  const type = isPlainObject(event) ? event["type"] : undefined;
  return isOfKernel(type) ? { event: String(type), why: "this event belongs to the kernel" } : undefined;
}
