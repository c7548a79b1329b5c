/** What may stand in a checkpoint beside messages. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

const MAX_DEPTH = 32;

/**
 * Why a value may not be stored, or undefined when it may: plain JSON, at most 32 deep and `maxBytes` long, without functions,
 * class instances or `{ lc, type, id }` objects (LangChain's serializer would turn those into live classes on reload).
 */
export function jsonIssue(value: unknown, maxBytes: number): string | undefined {
  try {
    return findIssue(value, maxBytes);
  } catch {
    return "cannot be read"; // a getter that throws, or a Proxy
  }
}

/** An object that is made key by key does not keep it. */
const PROTOTYPE = "__proto__";

function findIssue(value: unknown, maxBytes: number): string | undefined {
  let budget = maxBytes;
  const visit = (item: unknown, depth: number): string | undefined => {
    if (depth > MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH}`;
    if ((budget -= 2) < 0) return `is larger than ${maxBytes} bytes`;
    switch (typeof item) {
      case "string":
        return (budget -= item.length) < 0 ? `is larger than ${maxBytes} bytes` : undefined;
      case "boolean":
      case "undefined":
        return undefined;
      case "number":
        return Number.isFinite(item) ? undefined : "holds a number that JSON cannot write";
      case "object":
        return item === null ? undefined : visitObject(item, depth);
      default:
        return `holds a ${typeof item}`;
    }
  };
  const visitObject = (item: object, depth: number): string | undefined => {
    if (Array.isArray(item)) {
      for (const entry of item) {
        const issue = visit(entry, depth + 1);
        if (issue !== undefined) return issue;
      }
      return undefined;
    }
    const prototype: unknown = Object.getPrototypeOf(item);
    if (prototype !== Object.prototype && prototype !== null) return "holds a class instance";
    if ("lc" in item && "type" in item && "id" in item) return "holds a serialized LangChain object";
    for (const [key, entry] of Object.entries(item)) {
      if (key === PROTOTYPE) return `holds a key "${PROTOTYPE}", which is lost when it is read again`;
      if ((budget -= key.length) < 0) return `is larger than ${maxBytes} bytes`;
      const issue = visit(entry, depth + 1);
      if (issue !== undefined) return issue;
    }
    return undefined;
  };
  return visit(value, 0);
}

/**
 * The same value, unchangeable all the way down; class instances in it stay as they are. What is frozen already is taken to be so
 * in all its depth.
 */
export function freeze<T>(value: T): T {
  if (!isData(value) || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
  return value;
}

/** A copy of plain data that nobody can change, neither here nor where it came from; what is frozen already is not copied again. */
export function frozenCopy<T>(value: T): T {
  if (!isData(value) || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy)) as T; // the same element types
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, frozenCopy(inner)]))) as T; // the same keys
}

const isData = (value: unknown): value is object => Array.isArray(value) || isPlainObject(value);

/** True for an object written as `{ … }`: what JSON.parse gives, no array and no class instance. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
