import type { Issue } from "../base/errors.js";
import { each, type Rule } from "../base/form.js";

/** An agent where one is asked for; what is nearly one is told what it lacks. */
export const anAgent: Rule = (value, path) => {
  const { id, node } = fieldsOf(value);
  if (typeof id === "string" && typeof node === "function") return [];
  return [missing(value, path)];
};

/** A list of agents. */
export const agents: Rule = (value, path) =>
  value === undefined ? [missing(value, path, "a list of agents")] : each(anAgent)(value, path);

function missing(value: unknown, path: string, what = "an agent"): Issue {
  if (value === undefined || value === null) return { path, code: "MISSING", message: `it is missing; give ${what}` };
  return { path, code: "NO_AGENT", message: `this is no agent; ${advice(value)}` };
}

function advice(value: unknown): string {
  const fields = fieldsOf(value);
  if (typeof value === "function") return "give agent({ id, run: … })";
  if ("run" in fields || "model" in fields || "graph" in fields) return "give agent({ … }) of it";
  if (typeof fields["invoke"] === "function") return "give agent({ id, graph: … }), or { id, model: … }";
  return "make one with agent(), human() or a pattern";
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {}; // reading a field of any object is safe
