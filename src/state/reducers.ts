import { ReducedValue } from "@langchain/langgraph";
import { InvalidRequestError } from "../base/errors.js";
import { shownError } from "../base/shown-error.js";
import type { Fields } from "./schema.js";

/** A user's reducer of one key of the extra state; the kernel knows nothing of its types. */
type Reducer = (current: unknown, update: unknown) => unknown;

/** How keys of the extra state take an update, where they do not just keep the last. */
export type Reducers = ReadonlyMap<string, Reducer>;

/** The reducers of an orchestration's own fields. */
export function reducersOf(fields: Fields): Reducers {
  const reducers = new Map<string, Reducer>();
  for (const [key, field] of Object.entries(fields)) {
    if (!ReducedValue.isInstance(field)) continue;
    const schema: Schema = field.inputSchema ?? field.valueSchema;
    reducers.set(key, (current, update) => field.reducer(current, parsed(schema, update)));
  }
  return reducers;
}

type Schema = typeof ReducedValue.prototype.valueSchema;

/** As LangGraph hands it to the reducer; what does not fit the schema is LangGraph's to refuse. */
function parsed(schema: Schema, update: unknown): unknown {
  const result = schema["~standard"].validate(update);
  return result instanceof Promise || result.issues !== undefined ? update : result.value;
}

/** @throws InvalidRequestError when the key's reducer does not take the value; nothing is written yet. */
export function tryReducer(reducers: Reducers, subject: string, key: string, current: unknown, value: unknown): void {
  const reducer = reducers.get(key);
  if (reducer === undefined || current === undefined) return;
  try {
    reducer(current, value);
  } catch (cause) {
    const why = shownError(cause).message;
    throw new InvalidRequestError(subject, `its reducer threw: ${why}`, "a value that the reducer takes");
  }
}
