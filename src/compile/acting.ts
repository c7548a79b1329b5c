import type { RunnableConfig } from "@langchain/core/runnables";
import { InvalidRequestError } from "../base/errors.js";
import { isInner } from "../langgraph/inner-thread.js";
import { passenger } from "../langgraph/passenger.js";
import { MAX_USER } from "../statechart/event.js";
import { RUN } from "./run.js";

type Config = Pick<RunnableConfig, "configurable"> | undefined;

/**
 * In whose name a call comes: the person LangGraph's server has authenticated, whatever the call itself says, else the one that the
 * caller names as `configurable.user_id`. Undefined when nobody is named.
 * @throws InvalidRequestError for what is no id.
 */
export function userOf(...configs: readonly Config[]): string | undefined {
  const given = Object.assign({}, ...configs.map((config) => config?.configurable ?? {})) as Readonly<Record<string, unknown>>;
  const { langgraph_auth_user_id: known, langgraph_auth_user: person, user_id: named } = given;
  const identity = typeof person === "object" && person !== null && "identity" in person ? person.identity : undefined;
  const user = [known, identity, named].find((id) => id !== undefined && id !== null && id !== "");
  if (user === undefined) return undefined;
  const isNumber = typeof user === "number" && Number.isFinite(user);
  if (typeof user !== "string" && !isNumber) throw new InvalidRequestError("configurable.user_id", "it is no id", EXPECTED);
  const id = String(user);
  if (id.length > MAX_USER) throw new InvalidRequestError("configurable.user_id", `it has ${id.length} characters`, EXPECTED);
  return id;
}

const EXPECTED = `the id of whoever acts: a text of at most ${MAX_USER} characters, or a number`;

/** The answers that a run was given, and whose they are. */
export interface Acting {
  readonly user: string;
  /** Nonces, or ids, of the questions; undefined where a graph around all orchestrations was answered: then nobody knows which. */
  readonly answers: ReadonlySet<string> | undefined;
}

/** Who answered, from the door of a run to the questions in it, however deep. */
export const ACTING = passenger<Acting>("acting");

/** Whose answer to this question the run was given; undefined when it was given none, or nobody is named. */
export function answererOf(config: Pick<RunnableConfig, "configurable">, question: string): string | undefined {
  const acting = ACTING.of(config);
  return acting === undefined || acting.answers?.has(question) === false ? undefined : acting.user;
}

/** Whether a run is begun from outside, and not by an orchestration: what it is given is its caller's. */
export const isCallers = (config: Pick<RunnableConfig, "configurable">): boolean => !isInner(config) && RUN.of(config) === undefined;
