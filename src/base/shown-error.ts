/** What is kept of an error: plain data of bounded size. */
export interface ShownError {
  readonly name: string;
  readonly message: string;
}

const MAX_NAME = 200;
const MAX_MESSAGE = 2_000;
const MAX_KEYS = 8;
const MAX_DEPTH = 3;
const UNREADABLE = "(a value that cannot be read)";

/**
 * Whatever was thrown, as data: never throws itself, whether it is handed `null`, a symbol, a Proxy, an object whose getters throw,
 * or an error whose name or message is no text. At most 200 characters of name and 2,000 of message.
 */
export function shownError(thrown: unknown): ShownError {
  if (!isObject(thrown)) return { name: "Error", message: cut(shownValue(thrown), MAX_MESSAGE) };
  const name = property(thrown, "name");
  const message = property(thrown, "message");
  return {
    name: typeof name === "string" && name !== "" ? cut(name, MAX_NAME) : "Error",
    message: cut(typeof message === "string" ? message : shownValue(message ?? thrown), MAX_MESSAGE),
  };
}

/**
 * The thrown value itself where whoever catches it can read it as an error, else an `Error` that says what it was. LangGraph reads
 * name and message of what a node throws, and would fail at them.
 */
export function soundError(thrown: unknown): Error {
  if (isSound(thrown)) return thrown;
  const { name, message } = shownError(thrown);
  const error = new Error(message);
  return name === "Error" ? error : Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
}

/** A value in a line, for people: as far as it can be read, and bounded. Never throws. */
export function shownValue(value: unknown): string {
  return cut(shown(value, MAX_DEPTH), MAX_MESSAGE);
}

const isObject = (value: unknown): value is object => (typeof value === "object" && value !== null) || typeof value === "function";

/** LangGraph's own signals are objects with text in both places, as errors are. */
function isSound(thrown: unknown): thrown is Error {
  return isObject(thrown) && typeof property(thrown, "name") === "string" && typeof property(thrown, "message") === "string";
}

/** A property as it can be read; undefined where reading it throws. */
function property(owner: object, key: string): unknown {
  try {
    return (owner as Readonly<Record<string, unknown>>)[key];
  } catch {
    return undefined;
  }
}

function shown(value: unknown, depth: number): string {
  try {
    if (typeof value === "string") return depth === MAX_DEPTH ? value : JSON.stringify(cut(value, MAX_MESSAGE));
    if (typeof value === "function") return "a function";
    if (typeof value !== "object" || value === null) return typeof value === "bigint" ? shownBigInt(value) : String(value);
    if (depth === 0) return "…";
    if (Array.isArray(value)) return `[${listed(value.slice(0, MAX_KEYS + 1).map((item) => shown(item, depth - 1)))}]`;
    return `{${listed(firstKeys(value).map((key) => `"${cut(key, MAX_NAME)}":${shown(property(value, key), depth - 1)}`))}}`;
  } catch {
    return UNREADABLE; // a Proxy that throws
  }
}

/** A number of a million digits takes a minute to write. */
const shownBigInt = (value: bigint): string => (value > -(2n ** 256n) && value < 2n ** 256n ? String(value) : "a very large number");

const listed = (parts: readonly string[]): string => [...parts.slice(0, MAX_KEYS), ...(parts.length > MAX_KEYS ? ["…"] : [])].join(",");

/** Not `Object.keys`, which makes a list of all of them. */
function firstKeys(value: object): string[] {
  const keys: string[] = [];
  for (const key in value) {
    if (keys.push(key) > MAX_KEYS) break;
  }
  return keys;
}

/** Cut to whole characters: half of a pair is no text to many databases. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const last = text.charCodeAt(most - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? most - 1 : most);
}
