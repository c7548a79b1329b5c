import { isCommand, type Command } from "@langchain/langgraph";
import type { BaseMessage } from "@langchain/core/messages";
import type { Outcome } from "../agent/outcome.js";
import { InvalidRequestError } from "../base/errors.js";
import { isPlainObject } from "../base/json.js";
import { END } from "../statechart/vocabulary.js";

/** True for a LangGraph `Command`, also when it came as plain JSON. */
export const isCommandLike = (value: unknown): value is Command =>
  isCommand(value) || (isPlainObject(value) && value["lg_name"] === "Command");

/**
 * What a raw LangGraph command may mean in an orchestration: `goto` a node is a wish to hand over, an update of `control` is an
 * event; the chart decides. This is how agents written for langgraph-swarm run unchanged.
 * @throws InvalidRequestError for what has no meaning here: `resume`, `Send`, several targets, an update that is not an event.
 */
export function outcomeOfCommand(command: Command, agent: string, known: readonly BaseMessage[]): Outcome<Record<string, unknown>> {
  if (command.resume !== undefined) {
    throw new InvalidRequestError(
      `Agent "${agent}" returned a Command`,
      "it has an answer (resume), and nobody in a team answers what a person is asked",
      "update and goto at most; answers come from outside, as the input of a run",
    );
  }
  const update: Record<string, unknown> = Array.isArray(command.update)
    ? Object.fromEntries(command.update)
    : { ...(command.update as object | undefined) };
  const { messages, control, ...rest } = update;
  const seen = new Set(known.map((message) => message.id).filter((id) => id !== undefined));
  const added = ([messages ?? []].flat() as BaseMessage[]).filter((message) => message.id === undefined || !seen.has(message.id));
  const said = { messages: added, update: rest };
  const targets = [command.goto ?? []].flat().filter((target) => target !== END);
  if (control !== undefined) {
    if (!isPlainObject(control) || typeof control["type"] !== "string" || targets.length > 0) {
      throw new InvalidRequestError(
        `Agent "${agent}" returned a Command`,
        `its update of "control" is not an event`,
        `{ type: "…" } and no goto beside it`,
      );
    }
    return { ...said, next: { kind: "event", event: { ...control, type: control["type"] } } };
  }
  const [target, ...more] = targets;
  if (target === undefined) return { ...said, next: { kind: "done" } };
  if (typeof target !== "string" || more.length > 0) {
    throw new InvalidRequestError(
      `Agent "${agent}" returned a Command`,
      "its goto is a Send or names several nodes",
      "one phase or agent, or an event for the chart",
    );
  }
  return { ...said, next: { kind: "handoff", to: target } };
}
