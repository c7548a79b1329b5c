import { isDeepStrictEqual } from "node:util";
import { isPlainObject } from "../base/json.js";

/** What a filter of a search may ask of a field; the names are those of LangGraph's `InMemoryStore`. */
const OPERATORS: Readonly<Record<string, (found: unknown, wanted: unknown) => boolean>> = {
  $eq: isDeepStrictEqual,
  $ne: (found, wanted) => !isDeepStrictEqual(found, wanted),
  $gt: (found, wanted) => Number(found) > Number(wanted),
  $gte: (found, wanted) => Number(found) >= Number(wanted),
  $lt: (found, wanted) => Number(found) < Number(wanted),
  $lte: (found, wanted) => Number(found) <= Number(wanted),
  $in: (found, wanted) => Array.isArray(wanted) && wanted.some((one) => isDeepStrictEqual(found, one)),
  $nin: (found, wanted) => !Array.isArray(wanted) || !wanted.some((one) => isDeepStrictEqual(found, one)),
};

/** Whether a value has every field as the filter wants it: equal, or as all of its operators say. */
export function matchesFilter(value: Readonly<Record<string, unknown>>, filter: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(filter).every(([field, wanted]) => {
    const found = Object.hasOwn(value, field) ? value[field] : undefined;
    if (!isPlainObject(wanted) || !Object.keys(wanted).every((key) => Object.hasOwn(OPERATORS, key)))
      return isDeepStrictEqual(found, wanted);
    return Object.entries(wanted).every(([name, operand]) => OPERATORS[name]?.(found, operand) === true);
  });
}
