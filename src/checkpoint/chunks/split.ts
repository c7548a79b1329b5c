import { isPlainArray, isPlainObject } from "./plain.js";

/** Values are taken apart down to this depth; below it they are serialized whole. */
const MAX_DEPTH = 3;
const LONG_TEXT = 1000;
const MANY_KEYS = 16;
const MANY_ENTRIES = 64;

/** Whether a list is stored entry by entry: when entries are objects, which later lists may hold again, or when there are many. */
export function splitsList(value: readonly unknown[], depth: number): boolean {
  return depth < MAX_DEPTH && isPlainArray(value) && (value.length > MANY_ENTRIES || value.some(isObject));
}

/** Whether an object is stored key by key: when it has many keys, or a value that is worth a chunk of its own. */
export function splitsRecord(value: object, depth: number): boolean {
  if (depth >= MAX_DEPTH || !isPlainObject(value) || "lc" in value || Object.hasOwn(value, "__proto__")) return false;
  const values: unknown[] = Object.values(value);
  return values.length > MANY_KEYS || values.some(isLarge);
}

function isLarge(value: unknown): boolean {
  if (typeof value === "string") return value.length > LONG_TEXT;
  if (!isObject(value)) return false;
  if (Array.isArray(value)) return value.length > MANY_KEYS || value.some((entry) => isObject(entry) && !isSimple(entry));
  return !isPlainObject(value) || Object.keys(value).length > MANY_KEYS;
}

function isSimple(value: object): boolean {
  return Array.isArray(value) || isPlainObject(value);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
