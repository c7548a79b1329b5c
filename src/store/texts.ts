import { isPlainObject } from "../base/json.js";

/** The field path that stands for a whole value. */
export const WHOLE = "$";

/**
 * The texts at a field path of a value. A path goes through names, `[0]`, `[-1]` and `[*]`, as in `"chapters[*].content"`; `"$"` is the
 * whole value as JSON. Numbers and booleans count as their text, objects and lists as their JSON; what is not there gives none.
 */
export function textsAt(value: unknown, path: string): string[] {
  if (path === WHOLE) return [JSON.stringify(value, undefined, 2)];
  let found: unknown[] = [value];
  for (const [, name, index] of path.matchAll(/([^.[\]]+)|\[([^[\]]*)\]/g))
    found = found.flatMap((item) => (name === undefined ? entriesAt(item, index ?? "") : fieldAt(item, name)));
  return found.flatMap(textOf);
}

/** All strings in a value, without the names of its fields: what a person would look for. */
export function wordsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number") return [String(value)];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(wordsOf);
}

function fieldAt(item: unknown, name: string): unknown[] {
  if (name === "*" && typeof item === "object" && item !== null) return Object.values(item);
  return isPlainObject(item) && Object.hasOwn(item, name) ? [item[name]] : [];
}

function entriesAt(item: unknown, index: string): unknown[] {
  if (!Array.isArray(item)) return [];
  if (index === "*") return item as unknown[];
  const at: unknown = item.at(Number(index));
  return at === undefined || index.trim() === "" ? [] : [at];
}

function textOf(found: unknown): string[] {
  switch (typeof found) {
    case "string":
      return [found];
    case "number":
    case "boolean":
      return [String(found)];
    case "object":
      return found === null ? [] : [JSON.stringify(found, undefined, 2)];
    default:
      return [];
  }
}
