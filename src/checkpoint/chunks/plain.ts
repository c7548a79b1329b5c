/** Given back by {@link copyPlain} for what is more than JSON. */
export const NOT_PLAIN: unique symbol = Symbol("not plain");

const MAX_DEPTH = 64;

/**
 * A deep copy of strings, numbers, booleans, null, undefined, arrays and `{ … }` objects; {@link NOT_PLAIN} for anything that could
 * change without showing in its own properties (Map, Date, class instances) or that JSON treats in its own way (functions, `toJSON`).
 */
export function copyPlain(value: unknown, depth = 0): unknown {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
    case "undefined":
      return value;
    case "object":
      break;
    default:
      return NOT_PLAIN;
  }
  if (value === null) return null;
  if (depth >= MAX_DEPTH) return NOT_PLAIN;
  if (Array.isArray(value)) {
    if (Object.getPrototypeOf(value) !== Array.prototype || "toJSON" in value) return NOT_PLAIN;
    const copy: unknown[] = new Array(value.length);
    for (let index = 0; index < value.length; index += 1) {
      const entry = copyPlain(value[index], depth + 1);
      if (entry === NOT_PLAIN) return NOT_PLAIN;
      copy[index] = entry;
    }
    return copy;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return NOT_PLAIN;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (key === "__proto__") return NOT_PLAIN;
    const entry = copyPlain((value as Record<string, unknown>)[key], depth + 1);
    if (entry === NOT_PLAIN) return NOT_PLAIN;
    copy[key] = entry;
  }
  return copy;
}

/** A deep copy of what JSON.parse gave or {@link copyPlain} made: no checks, because nothing else can be in it. */
export function copyTrusted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const copy: unknown[] = new Array(value.length);
    for (let index = 0; index < value.length; index += 1) copy[index] = copyTrusted(value[index]);
    return copy;
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
    if (!Array.isArray(live) || live.length !== kept.length || Object.getPrototypeOf(live) !== Array.prototype || "toJSON" in live)
      return false;
    for (let index = 0; index < kept.length; index += 1) if (!samePlain(live[index], kept[index])) return false;
    return true;
  }
  if (Object.getPrototypeOf(live) !== Object.prototype) return false;
  const keys = Object.keys(live);
  let position = 0;
  for (const key in kept) {
    if (keys[position] !== key) return false;
    position += 1;
    if (!samePlain((live as Record<string, unknown>)[key], (kept as Record<string, unknown>)[key])) return false;
  }
  return position === keys.length;
}
