import { isPlainObject, type Json } from "../../base/json.js";

/** A chart's context as guards and assignments see it. */
export type Context = Readonly<Record<string, unknown>>;

/** An event with its payload. */
export interface ChartEvent {
  readonly type: string;
  readonly [payload: string]: unknown;
}

/** What stands under a dotted path, such as `"next.coder"`. Own keys only: `"constructor"` is a key like others. */
export function valueAt(context: Context, path: string): unknown {
  if (!path.includes(".")) return Object.hasOwn(context, path) ? context[path] : undefined;
  let value: unknown = context;
  for (const key of path.split(".")) {
    if (!isPlainObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** The assignment that puts a value under a dotted path, and leaves what stands beside it. */
export function assignmentOf(context: Context, path: string, value: unknown): Record<string, unknown> {
  const [key = "", ...rest] = path.split(".");
  if (key === "__proto__") throw new TypeError(`"${path}" cannot be a key of the context`);
  if (rest.length === 0) return { [key]: value };
  const inner = valueAt(context, key);
  const own = isPlainObject(inner) ? inner : {};
  return { [key]: { ...own, ...assignmentOf(own, rest.join("."), value) } };
}

/** A value that a transition finds in its event or in the context; everything else in an entry is taken as it is written. */
export type Source =
  | {
      readonly $field: readonly string[];
      readonly otherwise?: Json;
      readonly most?: number;
    }
  | { readonly $context: string };

/** A value, or where to find it. */
export type Template = Json | Source;

/**
 * The first of the event's fields that is there, else `otherwise` (default `null`). `most`: characters kept of a text, entries kept of
 * a list; what is neither becomes a text.
 */
export function field(names: string | readonly string[], options: { readonly otherwise?: Json; readonly most?: number } = {}): Source {
  return { $field: [names].flat(), ...options };
}

/** What stands in the context, by its dotted path. */
export const inContext = (path: string): Source => ({ $context: path });

/** A template filled in. An object is filled in key by key, one level deep. */
export function filled(template: Template, context: Context, event: Context): unknown {
  if (isSource(template)) return found(template, context, event);
  if (!isPlainObject(template)) return template;
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, isSource(value) ? found(value, context, event) : value]));
}

const isSource = (value: unknown): value is Source => isPlainObject(value) && ("$field" in value || "$context" in value);

function found(source: Source, context: Context, event: Context): unknown {
  if ("$context" in source) return valueAt(context, source.$context) ?? null;
  const name = source.$field.find((each) => Object.hasOwn(event, each) && event[each] !== undefined && event[each] !== null);
  const value = name === undefined ? (source.otherwise ?? null) : event[name];
  if (source.most === undefined) return value;
  return Array.isArray(value) ? value.slice(0, source.most) : textOf(value).slice(0, source.most);
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
