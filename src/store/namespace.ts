import { InvalidNamespaceError, type MatchCondition } from "@langchain/langgraph-checkpoint";
import { InvalidRequestError } from "../base/errors.js";

/**
 * A namespace as one text: each label as JSON, followed by a comma. The text of a prefix begins the text of everything below it, and of
 * nothing else, so a tree of namespaces is one range of an index.
 */
export function encodeNamespace(namespace: readonly string[]): string {
  return namespace.map((label) => `${JSON.stringify(labelOf(label))},`).join("");
}

export function decodeNamespace(text: string): string[] {
  return JSON.parse(`[${text.slice(0, -1)}]`) as string[]; // written by encodeNamespace
}

/** The texts of a prefix and of all below it: from the first up to, not including, the second. Every label begins with `"`. */
export function rangeOf(prefix: readonly string[]): readonly [from: string, to: string] {
  const text = encodeNamespace(prefix);
  return [text, `${text}#`];
}

/** Whether a namespace is as a condition wants it; `"*"` stands for any one label. */
export function matchesPath(namespace: readonly string[], { matchType, path }: MatchCondition): boolean {
  const start = matchType === "suffix" ? namespace.length - path.length : 0;
  return start >= 0 && path.length <= namespace.length && path.every((label, index) => label === "*" || label === namespace[start + index]);
}

/** The rules that LangGraph has for a namespace to put into. @throws InvalidNamespaceError */
export function assertNamespace(namespace: readonly string[]): void {
  const told = JSON.stringify(namespace);
  if (namespace.length === 0) throw new InvalidNamespaceError("The namespace is empty; expected one label or more.");
  if (namespace.some((label) => typeof label !== "string" || label === "" || label.includes(".")))
    throw new InvalidNamespaceError(`The namespace ${told} has a label that is no text, empty, or holds a period.`);
  if (namespace[0] === "langgraph")
    throw new InvalidNamespaceError(`The namespace ${told} begins with "langgraph", which LangGraph keeps for itself.`);
}

function labelOf(label: unknown): string {
  if (typeof label === "string" && label !== "") return label;
  throw new InvalidRequestError(
    "namespace",
    `a label is ${label === "" ? "empty" : `of type ${typeof label}`}`,
    "labels of one character or more",
  );
}
