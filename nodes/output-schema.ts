import { z } from "zod";
import { isPlainObject } from "../src/base/json.js";
import { shownError } from "../src/base/shown-error.js";

type Json = Readonly<Record<string, unknown>>;

/**
 * The type of an output as a model is told it: what has to be given, before any transformation. A text that says why it cannot be
 * told. Said in the plainest words of JSON schema, because not every provider knows the others; the zod type itself still decides
 * what fits.
 */
export function outputSchema(output: z.ZodType): Json | string {
  try {
    const { $schema: _version, ...schema } = z.toJSONSchema(output, { io: "input", override: closed }) as Json;
    return plain(schema) as Json;
  } catch (error) {
    return `it cannot be told to a model (${shownError(error).message}); use types that JSON has, such as a text for a date`;
  }
}

/** Strict modes want every key named as required, those with a default too, and nothing beside them. */
function closed({
  zodSchema,
  jsonSchema,
}: {
  readonly zodSchema: z.core.$ZodTypes;
  readonly jsonSchema: z.core.JSONSchema.BaseSchema;
}): void {
  if (zodSchema._zod.def.type === "file") throw new TypeError("File cannot be represented in JSON Schema");
  if (zodSchema._zod.def.type !== "object") return;
  const properties = Object.entries(jsonSchema.properties ?? {});
  const defaulted = properties.flatMap(([key, type]) => (typeof type === "object" && "default" in type ? [key] : []));
  jsonSchema.additionalProperties ??= false;
  jsonSchema.required = [...new Set([...(jsonSchema.required ?? []), ...defaulted])];
}

/** `oneOf`, `const`, lists of types and tuples in words that every provider knows. */
function plain(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(plain);
  if (!isPlainObject(schema)) return schema;
  const { oneOf, const: only, type, prefixItems, items, properties, $defs, ...rest } = schema;
  const named = { properties, $defs };
  const maps = Object.entries(named).filter(([, map]) => isPlainObject(map));
  return {
    ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, UNTOUCHED.has(key) ? value : plain(value)])),
    ...(Array.isArray(type) ? { anyOf: type.map((one) => ({ type: one as unknown })) } : type === undefined ? {} : { type }),
    ...(oneOf === undefined ? {} : { anyOf: plain(oneOf) }),
    ...("const" in schema ? { enum: [only] } : {}),
    ...(Array.isArray(prefixItems) ? tuple(prefixItems, items) : items === undefined ? {} : { items: plain(items) }),
    ...Object.fromEntries(maps.map(([key, map]) => [key, mapped(map as Json)])),
  };
}

/** Values, in which a key named like one of a schema means nothing. */
const UNTOUCHED: ReadonlySet<string> = new Set(["default", "enum", "examples", "required"]);

const mapped = (schemas: Json): Json => Object.fromEntries(Object.entries(schemas).map(([key, schema]) => [key, plain(schema)]));

function tuple(first: readonly unknown[], rest: unknown): Json {
  const types = [...first, ...(isPlainObject(rest) ? [rest] : [])].map(plain);
  const most = isPlainObject(rest) ? {} : { maxItems: first.length };
  return { items: types.length === 1 ? types[0] : { anyOf: types }, minItems: first.length, ...most };
}
