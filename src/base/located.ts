import { PhasegraphError } from "./errors.js";

/** Who was at work where something failed. */
export interface Place {
  readonly agent: string;
  readonly phase: string;
  /** Stands for this very turn. */
  readonly turn: object;
  /** The turn of the team around, in which this one is done. */
  readonly around: object | undefined;
}

const KEYS = ["agent", "phase", "within"] as const;

interface Known {
  readonly message: string;
  readonly agent: string;
  /** The phases, outermost first. */
  readonly path: readonly string[];
  readonly around: object | undefined;
  /** Which of its properties are ours: those that the error had are its own. */
  readonly keys: readonly (typeof KEYS)[number][];
}

const known = new WeakMap<object, Known>();

/**
 * The error, which says from now on whose it is: `agent` and `phase` of the innermost turn it ended, and `within`, the phases around
 * that, outermost first. It stays the error that was thrown, with its class, status and code; the message of one that is not ours
 * names the place at its end, because that is all that LangGraph keeps and servers send. Thrown again in each team around, it learns
 * the way; thrown anew by another turn, it tells of that one. What cannot be written to stands behind an error that can.
 */
export function located<E extends object>(error: E, place: Place): E {
  try {
    return told(error, place);
  } catch {
    return error; // a Proxy whose traps throw
  }
}

function told<E extends object>(error: E, { agent, phase, turn, around }: Place): E {
  const before = known.get(error);
  const inside = before?.around === turn ? before : undefined;
  const path = [phase, ...(inside?.path ?? [])];
  const target = Object.isExtensible(error) ? error : (Object.create(error) as E); // the same class, the same properties
  const now: Known = {
    message: before?.message ?? (error as { readonly message: string }).message, // sound
    agent: inside?.agent ?? agent,
    path,
    around,
    keys: before?.keys ?? KEYS.filter((key) => !(key in error)),
  };
  const within = path.slice(0, -1);
  const values = { agent: now.agent, phase: path.at(-1), within: within.length === 0 ? undefined : within };
  for (const key of now.keys) if (values[key] !== undefined || key in target) put(target, key, values[key], true);
  if (!PhasegraphError.is(error)) put(target, "message", `${now.message} [agent "${now.agent}", phase "${path.join("/")}"]`, false);
  known.set(target, now);
  return target;
}

/** Where a property cannot be written the error is told without it. */
function put(target: object, key: string, value: unknown, enumerable: boolean): void {
  try {
    Object.defineProperty(target, key, { value, enumerable, configurable: true, writable: true });
  } catch {
    // its own property, and not to be changed
  }
}
