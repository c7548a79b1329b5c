import { AGENT_ID } from "../agent/agent.js";
import type { Issue } from "../base/errors.js";
import { BASE_KEYS } from "../state/schema.js";

/** Names that LangGraph, its server or its SDK treat as their own: streams of a node named so are dropped or misread. */
const RESERVED = new Set(["tools", "task", "end", "start", "prototype", ...Object.getOwnPropertyNames(Object.prototype)]);
const PHASE = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** Why a phase may not be a node's name. */
export function phaseNameIssue(phase: string, stateKeys: readonly string[]): Issue | undefined {
  const path = `phases.${phase}`;
  if (!PHASE.test(phase)) return { path, code: "BAD_NAME", message: "use letters, digits, _ - and . only (at most 128)" };
  if (RESERVED.has(phase))
    return { path, code: "RESERVED_NAME", message: `"${phase}" means something to LangGraph or JavaScript; choose another name` };
  if ([...BASE_KEYS, ...stateKeys].includes(phase))
    return { path, code: "RESERVED_NAME", message: `"${phase}" is a key of the state; a phase needs another name` };
  return undefined;
}

/** Why an agent may not be called so. */
export function agentIdIssue(path: string, id: string): Issue | undefined {
  if (!AGENT_ID.test(id))
    return { path, code: "BAD_NAME", message: `"${id}" is no agent id: use letters, digits, _ and - only (at most 64)` };
  if (RESERVED.has(id))
    return { path, code: "RESERVED_NAME", message: `"${id}" means something to LangGraph or JavaScript; choose another id` };
  return undefined;
}

/** Why a key may not hold extra state. */
export function stateKeyIssue(key: string): Issue | undefined {
  if ((BASE_KEYS as readonly string[]).includes(key))
    return { path: `state.${key}`, code: "RESERVED_NAME", message: `every orchestration has "${key}" already` };
  if (Object.hasOwn(Object.prototype, key)) {
    return { path: `state.${key}`, code: "RESERVED_NAME", message: `every JavaScript object has "${key}"; choose another key` };
  }
  return key.startsWith("__")
    ? { path: `state.${key}`, code: "RESERVED_NAME", message: "keys that begin with __ belong to LangGraph" }
    : undefined;
}
