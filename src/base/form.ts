import { InvalidDefinitionError, type Issue } from "./errors.js";
import { isPlainObject } from "./json.js";

/** What is wrong with a value that stands at a path; nothing when it is right. */
export type Rule = (value: unknown, path: string) => Issue[];

/** A rule for what may be left out. */
export type OptionalRule = Rule & { readonly optional: true };

/** A rule for every key that a type has, optional where the type's is: a key that is added to the type and not here does not compile. */
export type Form<T> = {
  readonly [Key in keyof T]-?: Partial<Pick<T, Key>> extends Pick<T, Key> ? OptionalRule : Rule & { readonly optional?: never };
};

/**
 * Holds what a caller wrote to its form, in plain JavaScript too: an option that there is not, one that is missing, and one of
 * another kind than it can be. Every public factory and options object goes through here before it looks at anything.
 * @throws InvalidDefinitionError with every issue at once, and the right name of an option that was misspelt.
 */
export function requireForm(what: string, given: unknown, rule: Rule): void {
  const issues = rule(given, "");
  if (issues.length > 0) throw new InvalidDefinitionError(subjectOf(what, given), issues);
}

/**
 * As {@link requireForm}, for what is kept: gives what the caller wrote with lists of its own, so that it stays so, whatever happens to
 * theirs afterwards. Agents, tools, models, schemas and whatever else acts by itself are the very ones.
 */
export function readForm<T extends object>(what: string, given: T, rule: Rule): T {
  requireForm(what, given, rule);
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, withOwnLists(value)])) as T; // the same keys and kinds
}

function withOwnLists(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withOwnLists);
  if (!isPlainObject(value)) return value;
  const entries = Object.entries(value).map(([key, part]) => [key, part, withOwnLists(part)] as const);
  const acts = entries.some(([, part]) => typeof part === "function"); // an agent, a clock, a model made by hand: it may know itself
  if (acts || entries.every(([, part, own]) => part === own)) return value;
  return Object.fromEntries(entries.map(([key, , own]) => [key, own]));
}

function subjectOf(what: string, given: unknown): string {
  const { name, id = name } = isObject(given) ? given : {};
  return typeof id === "string" && id.length <= MAX_SHOWN ? `${what} "${id}"` : what;
}

/** An object with the keys of the form and no others. */
export function shape<T>(form: Form<T>): Rule {
  const rules = new Map(Object.entries<Rule>(form));
  const names = [...rules.keys()];
  return (given, path) => {
    if (!isObject(given)) return [wrong(path || "(all of it)", `an object with ${names.slice(0, MAX_NAMES).join(", ")}`, given)];
    const issues = unknownKeys(given, names, path);
    for (const [key, rule] of rules) issues.push(...rule(given[key], joined(path, key)));
    return issues;
  };
}

/** An issue for each key that is none of `names`, with the one that was probably meant. */
export function unknownKeys(given: object, names: readonly string[], path = ""): Issue[] {
  const unknown = Object.keys(given).filter((key) => !names.includes(key));
  return unknown.map((key) => ({
    path: joined(path, key),
    code: "UNKNOWN_OPTION",
    message: `there is no such option; ${meant(key, names)}`,
  }));
}

/** The name that was probably meant, and all there are. */
export function meant(key: string, names: readonly string[]): string {
  const near = nearest(key, names);
  const all = `${names.slice(0, MAX_NAMES).join(", ")}${names.length > MAX_NAMES ? ", …" : ""}`;
  return near === undefined ? `there are ${all || "none"}` : `did you mean "${near}"? There are ${all}`;
}

/** The rule, or nothing at all. */
export const maybe = (rule: Rule): OptionalRule =>
  Object.assign((value: unknown, path: string) => (value === undefined ? [] : rule(value, path)), { optional: true as const });

/** A list whose entries all fit. */
export const each =
  (rule: Rule): Rule =>
  (value, path) =>
    Array.isArray(value) ? value.flatMap((entry, index) => rule(entry, joined(path, String(index)))) : [wrong(path, "a list", value)];

/** An object of any keys whose values all fit. */
export const everyValue =
  (rule: Rule): Rule =>
  (value, path) =>
    isObject(value) && !Array.isArray(value)
      ? Object.entries(value).flatMap(([key, entry]) => rule(entry, joined(path, key)))
      : [wrong(path, "an object", value)];

/** The first rule when the test says so, else the second. */
export const either =
  (isFirst: (value: unknown) => boolean, first: Rule, second: Rule): Rule =>
  (value, path) =>
    (isFirst(value) ? first : second)(value, path);

/** What a test accepts; `expected` says in words what that is. */
export const kindOf =
  (expected: string, test: (value: unknown) => boolean, code = "BAD_VALUE"): Rule =>
  (value, path) =>
    test(value) ? [] : [wrong(path, expected, value, code)];

export const anything: Rule = () => [];
/** Anything, but not nothing. */
export const something = kindOf("a value", (value) => value !== undefined && value !== null);
export const text = kindOf("a text", (value) => typeof value === "string");
export const number = kindOf("a number", (value) => typeof value === "number" && !Number.isNaN(value), "BAD_LIMIT");
export const flag = kindOf("true or false", (value) => typeof value === "boolean");
export const callable = kindOf("a function", (value) => typeof value === "function");
export const record = kindOf("an object", (value) => isObject(value) && !Array.isArray(value));
export const textOrFunction = kindOf("a text or a function", (value) => typeof value === "string" || typeof value === "function");
export const oneOf = (...values: readonly string[]): Rule =>
  kindOf(`one of ${values.map((value) => `"${value}"`).join(", ")}`, (value) => (values as readonly unknown[]).includes(value));

const MAX_NAMES = 40;
const MAX_SHOWN = 64;

function wrong(path: string, expected: string, value: unknown, code = "BAD_VALUE"): Issue {
  if (value === undefined) return { path, code: "MISSING", message: `it is missing; give ${expected}` };
  return { path, code, message: `must be ${expected}, not ${shown(value)}` };
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, MAX_SHOWN));
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "function" ? "a function" : String(value);
}

const joined = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

/** Functions have keys too, but nobody means them. */
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;

/** The name that takes the fewest changes of a letter, where that is few for its length. */
function nearest(key: string, names: readonly string[]): string | undefined {
  const wanted = key.toLowerCase().slice(0, MAX_SHOWN);
  const ranked = names
    .map((name) => ({ name, far: distance(wanted, name.toLowerCase()), isStart: wanted.startsWith(name.toLowerCase()) }))
    .sort((one, other) => one.far - other.far || Number(other.isStart) - Number(one.isStart));
  const [best] = ranked;
  return best !== undefined && best.far <= Math.max(1, Math.floor(best.name.length / 3)) ? best.name : undefined;
}

/** Letters to add, drop or change (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
