import { InvalidRequestError } from "../../base/errors.js";

/** What LangGraph's serializer writes, as a text of its own, in place of a value it cannot write. */
const GIVEN_UP = '"[unable to serialize, circular reference is too complex to analyze]"';
/** What it writes in place of a reference to something around it. */
const CIRCULAR = '"[Circular]"';
const MOST_PARTS = 100_000;

/**
 * Refuses what the serializer wrote but nobody could read back as it was. It gives no error itself: a BigInt in one message takes the
 * whole message with it, and the thread can never be read again. `bytes` is what it made of `value`.
 * @throws InvalidRequestError
 */
export function assertReadable(value: unknown, type: string, bytes: Uint8Array): void {
  if (type !== "json" || typeof value === "string") return;
  if (bytes.length === 0) throw refusal("it is nothing in JSON");
  if (bytes.length === GIVEN_UP.length && decoder.decode(bytes) === GIVEN_UP)
    throw refusal(oddityIn(value) ?? "LangGraph's serializer cannot write it");
}

/** The same for a value that is more than plain data, where a part can be lost inside what was written well. @throws InvalidRequestError */
export function assertWhole(value: object, type: string, bytes: Uint8Array): void {
  if (type !== "json" || !decoder.decode(bytes).includes(CIRCULAR)) return;
  const oddity = oddityIn(value);
  if (oddity !== undefined) throw refusal(oddity);
}

function refusal(problem: string): InvalidRequestError {
  return new InvalidRequestError("A value of the state", problem, "what JSON can hold, messages, Map, Set, Error, RegExp or bytes");
}

/** The first BigInt or reference to itself, and where it stands. */
function oddityIn(root: unknown): string | undefined {
  let left = MOST_PARTS;
  const around = new Set<object>();
  const look = (value: unknown, path: string): string | undefined => {
    if (typeof value === "bigint") return `${path} is a BigInt`;
    if (typeof value !== "object" || value === null || (left -= 1) < 0) return undefined;
    if (around.has(value)) return `${path} refers to something around it`;
    around.add(value);
    const parts: Iterable<readonly [unknown, unknown]> =
      value instanceof Map ? value : value instanceof Set ? [...value].entries() : Object.entries(value);
    for (const [key, part] of parts) {
      const found = look(part, `${path}.${String(key)}`);
      if (found !== undefined) return found;
    }
    around.delete(value);
    return undefined;
  };
  return look(root, "it");
}

const decoder = new TextDecoder();
