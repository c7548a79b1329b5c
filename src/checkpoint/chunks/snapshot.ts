import { MESSAGE_NAMESPACE, messageClassOf, type MessageClass } from "./message-class.js";
import { copyPlain, NOT_PLAIN, samePlain } from "./plain.js";

/**
 * What an object looked like when it was serialized, held by nobody else. Reducers keep message objects, LangGraph gives them ids after
 * the first write, users change them: an object met again is only taken for the stored one when every part that its JSON shows is the same.
 */
export interface Snapshot {
  /** Whether serializing `live` now would give what was stored. */
  matches(live: object): boolean;
  /** A value whose JSON is the stored one; undefined when only the bytes themselves can tell. */
  rebuild(): unknown;
}

/** The snapshot of a message or of plain data; undefined for what cannot be watched, which is then serialized every time. */
export function snapshotOf(value: object): Snapshot | undefined {
  const known = messageClassOf(value);
  if (known !== undefined) return messageSnapshot(value as MessageLike, known);
  const copy = copyPlain(value);
  return copy === NOT_PLAIN ? undefined : new PlainSnapshot(copy);
}

/** The snapshot of plain data that is already private to the caller: it is kept, not copied. */
export function plainSnapshot(owned: unknown): Snapshot {
  return new PlainSnapshot(owned);
}

class PlainSnapshot implements Snapshot {
  constructor(private readonly kept: unknown) {}

  matches(live: object): boolean {
    return samePlain(live, this.kept);
  }

  rebuild(): unknown {
    return this.kept;
  }
}

/** The parts of a LangChain message that `toJSON` reads. */
interface MessageLike {
  readonly [key: string]: unknown;
  readonly lc_kwargs: Record<string, unknown>;
  readonly lc_namespace: readonly string[];
}

// toJSON writes the keys of lc_kwargs, each with the value of the property of that name when there is one
function written(message: MessageLike, key: string): unknown {
  return key in message ? message[key] : message.lc_kwargs[key];
}

function isOrdinary(message: MessageLike, known: MessageClass): boolean {
  return (
    Object.getPrototypeOf(message) === known.prototype &&
    message["lc_serializable"] === true &&
    message["toJSON"] === (known.prototype as MessageLike)["toJSON"] &&
    message["constructor"] === (known.prototype as MessageLike)["constructor"] &&
    typeof message.lc_kwargs === "object" &&
    message.lc_kwargs !== null &&
    message.lc_namespace.length === 2 &&
    message.lc_namespace[0] === MESSAGE_NAMESPACE[0] &&
    message.lc_namespace[1] === MESSAGE_NAMESPACE[1]
  );
}

function messageSnapshot(message: MessageLike, known: MessageClass): Snapshot | undefined {
  if (!isOrdinary(message, known)) return undefined;
  const keys = Object.keys(message.lc_kwargs);
  const values: unknown[] = [];
  for (const key of keys) {
    const copy = copyPlain(written(message, key));
    if (copy === NOT_PLAIN) return undefined;
    values.push(copy);
  }
  return new MessageSnapshot(known, keys, values);
}

class MessageSnapshot implements Snapshot {
  constructor(
    private readonly known: MessageClass,
    private readonly keys: readonly string[],
    private readonly values: readonly unknown[],
  ) {}

  matches(live: object): boolean {
    const message = live as MessageLike;
    if (!isOrdinary(message, this.known)) return false;
    const keys = Object.keys(message.lc_kwargs);
    if (keys.length !== this.keys.length) return false;
    for (let index = 0; index < keys.length; index += 1) {
      const key = keys[index] as string;
      if (key !== this.keys[index] || !samePlain(written(message, key), this.values[index])) return false;
    }
    return true;
  }

  rebuild(): unknown {
    if (!this.keys.every((key) => this.known.keys.has(key)) || this.values.some(holdsMarker)) return undefined;
    const kwargs = Object.fromEntries(this.keys.map((key, index) => [key, this.values[index]]));
    return { lc: 1, type: "constructor", id: [...MESSAGE_NAMESPACE, this.known.name], kwargs };
  }
}

// LangChain escapes plain objects with an "lc" key while it writes a message; a rebuilt one would not be
function holdsMarker(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return (!Array.isArray(value) && "lc" in value) || Object.values(value).some(holdsMarker);
}
