/** Given back by {@link copyPlain} for what is more than JSON. */
export const NOT_PLAIN: unique symbol = Symbol("not plain");

const MAX_DEPTH = 64;
// ends the copy of what refers to itself more than once, which would double at each level
const MAX_PARTS = 50_000;

/**
 * A deep copy of strings, numbers, booleans, null, undefined, arrays and `{ … }` objects; {@link NOT_PLAIN} for anything that could
 * change without showing in its own properties (Map, Date, class instances) or that JSON treats in its own way (functions, `toJSON`, NaN).
 */
export function copyPlain(value: unknown): unknown {
  return copyPart(value, 0, { parts: 0 });
}

function copyPart(value: unknown, depth: number, seen: { parts: number }): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : NOT_PLAIN;
    case "object":
      break;
    default:
      return NOT_PLAIN;
  }
  if (value === null) return null;
  seen.parts += 1;
  if (depth >= MAX_DEPTH || seen.parts > MAX_PARTS) return NOT_PLAIN;
  if (Array.isArray(value)) {
    if (!isPlainArray(value)) return NOT_PLAIN;
    const copy: unknown[] = Array.from({ length: value.length });
    for (let index = 0; index < value.length; index += 1) {
      const entry = copyPart(value[index], depth + 1, seen);
      if (entry === NOT_PLAIN) return NOT_PLAIN;
      copy[index] = entry;
    }
    return copy;
  }
  if (!isPlainObject(value)) return NOT_PLAIN;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const entry = key === "__proto__" ? NOT_PLAIN : copyPart((value as Record<string, unknown>)[key], depth + 1, seen);
    if (entry === NOT_PLAIN) return NOT_PLAIN;
    copy[key] = entry;
  }
  return copy;
}

/** An array that JSON writes entry by entry. */
export function isPlainArray(value: readonly unknown[]): boolean {
  return Object.getPrototypeOf(value) === Array.prototype && !("toJSON" in value);
}

/** An object that JSON writes key by key. */
export function isPlainObject(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype && !("toJSON" in value);
}

/** A deep copy of what JSON.parse gave or {@link copyPlain} made: no checks, because nothing else can be in it. */
export function copyTrusted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    return value.map(copyTrusted);
  }
  const copy: Record<string, unknown> = {};
  for (const key in value) copy[key] = copyTrusted((value as Record<string, unknown>)[key]);
  return copy;
}

/** Whether JSON would still write `live` as it wrote it when `kept` was copied from it: same kinds, same keys in the same order, same leaves. */
export function samePlain(live: unknown, kept: unknown): boolean {
  if (typeof kept !== "object" || kept === null) return live === kept;
  if (typeof live !== "object" || live === null) return false;
  if (Array.isArray(kept)) {
    if (!Array.isArray(live) || live.length !== kept.length || !isPlainArray(live)) return false;
    for (let index = 0; index < kept.length; index += 1) if (!samePlain(live[index], kept[index])) return false;
    return true;
  }
  if (!isPlainObject(live)) return false;
  return sameKeys(live as Record<string, unknown>, kept as Record<string, unknown>);
}

// for-in makes no list of keys: this runs for every part of every message in each step
function sameKeys(live: Record<string, unknown>, kept: Record<string, unknown>): boolean {
  let left = 0;
  for (const _key in kept) left += 1;
  if (left === 0) {
    for (const _key in live) return false;
    return true;
  }
  const keys = Object.keys(live);
  if (keys.length !== left) return false;
  let position = 0;
  for (const key in kept) {
    if (keys[position] !== key || !samePlain(live[key], kept[key])) return false;
    position += 1;
  }
  return true;
}
