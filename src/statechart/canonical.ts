import { isPlainObject } from "../base/json.js";

/** JSON that is the same in whatever order keys were written. What JSON cannot write is left out, as in `JSON.stringify`. */
export const canonical = (value: unknown): string => JSON.stringify(value, sorted) ?? "null";

const sorted = (_key: string, value: unknown): unknown =>
  isPlainObject(value) ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))) : value;
