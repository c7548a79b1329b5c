import { isWrittenAs, MESSAGE_NAMESPACE, writtenAs, writtenKeys, type WrittenMessage } from "../../langgraph/message.js";
import { messageClassNamed, messageClassOf, type MessageClass } from "./message-class.js";
import { copyPlain, copyTrusted, NOT_PLAIN, samePlain } from "./plain.js";

/**
 * What an object looked like when it was serialized, held by nobody else. Reducers keep message objects, LangGraph gives them ids after
 * the first write, users change them: an object met again is only taken for the stored one when every part that its JSON shows is the same.
 */
export interface Snapshot {
  /** Whether serializing `live` now would give what was stored. */
  matches(live: object): boolean;
  /** A new value, equal to what LangGraph's serializer makes of the stored JSON; undefined when only the serializer can tell. */
  revive(): unknown;
}

/** The snapshot of a message or of plain data; undefined for what cannot be watched, which is then serialized every time. */
export function snapshotOf(value: object): Snapshot | undefined {
  const known = messageClassOf(value);
  if (known !== undefined) return messageSnapshot(value as WrittenMessage, known); // instances of known classes have these parts
  const copy = copyPlain(value);
  return copy === NOT_PLAIN ? undefined : new PlainSnapshot(copy as object, !holdsMarker(copy)); // the copy of an object is one
}

/** The snapshot of a value that stands as JSON; undefined when only LangGraph's serializer can revive it. */
export function snapshotOfJson(text: string): Snapshot | undefined {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null) return { matches: () => false, revive: () => parsed };
  const { lc, type, id, kwargs } = parsed as Readonly<Record<string, unknown>>;
  const known = lc === 1 && type === "constructor" && Array.isArray(id) ? messageClassOfId(id) : undefined;
  // a message begins with its own marker; a quote inside a string is escaped, so this finds keys only
  const isPlain = !text.includes('"lc"', known === undefined ? 0 : 2) && !text.includes("__proto__");
  if (known === undefined) return isPlain || reviveUndefined(parsed, false) ? new PlainSnapshot(parsed, true) : undefined;
  if (typeof kwargs !== "object" || kwargs === null || (!isPlain && !reviveUndefined(kwargs, true))) return undefined;
  const keys = Object.keys(kwargs);
  return keys.every((key) => known.keys.has(key)) ? new MessageSnapshot(known, keys, Object.values(kwargs), true) : undefined;
}

function messageClassOfId(id: readonly unknown[]): MessageClass | undefined {
  const [first, second, name] = id;
  return id.length === 3 && first === MESSAGE_NAMESPACE[0] && second === MESSAGE_NAMESPACE[1] ? messageClassNamed(String(name)) : undefined;
}

/**
 * LangGraph writes undefined as a record of its own; here it becomes undefined again, in place, or, as LangChain's loader has it, no key at
 * all. False when there is something else to revive.
 */
function reviveUndefined(holder: object, drops: boolean): boolean {
  if (!Array.isArray(holder) && ("lc" in holder || Object.hasOwn(holder, "__proto__"))) return false;
  for (const [key, value] of Object.entries(holder)) {
    if (typeof value !== "object" || value === null) continue;
    if ("lc" in value && value.lc === 2 && "type" in value && value.type === "undefined") {
      if (drops && Array.isArray(holder)) return false;
      if (drops) Reflect.deleteProperty(holder, key);
      else Reflect.set(holder, key, undefined);
    } else if (!reviveUndefined(value as object, drops)) return false; // neither null nor a primitive: an object
  }
  return true;
}

class PlainSnapshot implements Snapshot {
  constructor(
    private readonly kept: object,
    private readonly isRevivable: boolean,
  ) {}

  matches(live: object): boolean {
    return samePlain(live, this.kept);
  }

  revive(): unknown {
    return this.isRevivable ? copyTrusted(this.kept) : undefined;
  }
}

function messageSnapshot(message: WrittenMessage, known: MessageClass): Snapshot | undefined {
  if (!isWrittenAs(message, known.prototype)) return undefined;
  const keys = Object.keys(writtenKeys(message));
  const values: unknown[] = [];
  for (const key of keys) {
    const copy = copyPlain(writtenAs(message, key));
    if (copy === NOT_PLAIN) return undefined;
    values.push(copy);
  }
  return new MessageSnapshot(known, keys, values, keys.every((key) => known.keys.has(key)) && !values.some(holdsMarker));
}

class MessageSnapshot implements Snapshot {
  constructor(
    private readonly known: MessageClass,
    private readonly keys: readonly string[],
    private readonly values: readonly unknown[],
    private readonly isRevivable: boolean,
  ) {}

  matches(live: object): boolean {
    const message = live as WrittenMessage; // isWrittenAs looks before any part is read
    if (!isWrittenAs(message, this.known.prototype)) return false;
    let position = 0;
    const written = writtenKeys(message);
    for (const key in written) {
      if (!Object.hasOwn(written, key)) return false;
      // the constructor adds empty kwargs of its own: an object revived from this snapshot may have more keys than the JSON had
      if (position >= this.keys.length ? !isEmpty(writtenAs(message, key)) : key !== this.keys[position]) return false;
      if (position < this.keys.length && !samePlain(writtenAs(message, key), this.values[position])) return false;
      position += 1;
    }
    return position >= this.keys.length;
  }

  revive(): unknown {
    if (!this.isRevivable) return undefined;
    const fields: Record<string, unknown> = {};
    for (let index = 0; index < this.keys.length; index += 1) {
      const value = this.values[index];
      if (value !== undefined) fields[this.keys[index] as string] = copyTrusted(value); // below the length
    }
    return this.known.create(fields);
  }
}

function isEmpty(value: unknown): boolean {
  if (value === undefined) return true;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** Whether LangGraph's or LangChain's serializer would treat the value, or a part of it, in a way of its own. */
function holdsMarker(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some(holdsMarker);
  if ("lc" in value || Object.hasOwn(value, "__proto__")) return true;
  return Object.values(value).some(holdsMarker);
}
