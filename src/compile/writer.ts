import { LeaseLostError, InvalidRequestError, RunConflictError } from "../base/errors.js";
import { isPlainObject } from "../base/json.js";
import { passenger } from "../langgraph/passenger.js";

/**
 * Who may write a thread, as `configurable.lease`. Whoever hands out threads to processes raises the epoch each time a thread goes to
 * another: from then on a saver of ours refuses what still comes under an older one.
 */
export interface Lease {
  /** A whole number from 0 up. The newest counts. */
  readonly epoch: number;
  /** Tells two holders of one epoch apart: the first that writes has it. */
  readonly holder?: string;
}

/** The lease of a config; undefined when it has none. @throws InvalidRequestError when it is of another form. */
export function leaseOf(config: { readonly configurable?: object | undefined }): Lease | undefined {
  const lease: unknown = (config.configurable as Readonly<Record<string, unknown>> | undefined)?.["lease"];
  if (lease === undefined || lease === null) return undefined;
  const { epoch, holder } = isPlainObject(lease) ? lease : {};
  const isEpoch = Number.isSafeInteger(epoch) && (epoch as number) >= 0; // a safe integer is a number
  if (!isEpoch || (holder !== undefined && typeof holder !== "string"))
    throw new InvalidRequestError("configurable.lease", "it is no lease", "{ epoch: a whole number from 0 up, holder?: a text }");
  return holder === undefined ? { epoch: epoch as number } : { epoch: epoch as number, holder };
}

/** @throws LeaseLostError when `lease` is not, or no longer, the newest of the thread. */
export function assertNewest(thread: string, lease: Lease, newest: { readonly epoch: number; readonly holder: string | null }): void {
  const isAnothers = newest.epoch === lease.epoch && newest.holder !== null && newest.holder !== (lease.holder ?? newest.holder);
  if (lease.epoch < newest.epoch || isAnothers) throw new LeaseLostError(thread, lease.epoch, newest.epoch);
}

/** A line of checkpoints: a namespace of a thread. */
export interface Line {
  readonly thread: string;
  readonly ns: string;
}

/**
 * One run, or one edit, as a saver sees it: the newest checkpoint of each line as the run saw it first, and as it wrote it since. A
 * saver that finds another one there when it writes has met a second writer. It compares the head and not the parent, so forks and
 * replays of old checkpoints are as free as ever.
 */
export class Writer {
  /** Why this run may write no more; set once. */
  lost: Error | undefined;
  private readonly savers = new WeakMap<object, Map<string, string | null>>();

  /** Called by a saver that reads or has written; what was seen first counts, until this run writes itself. */
  saw(saver: object, line: Line, head: string | null): void {
    const heads = this.heads(saver);
    if (!heads.has(keyOf(line))) heads.set(keyOf(line), head);
  }

  /** Called by a saver when a checkpoint of this run is the newest of its line. */
  wrote(saver: object, line: Line, head: string): void {
    this.heads(saver).set(keyOf(line), head);
  }

  /** Whether the newest checkpoint of this line is known, so that a saver need not look. */
  knows(saver: object, line: Line): boolean {
    return this.heads(saver).has(keyOf(line));
  }

  /** @throws RunConflictError when another has written this line since. */
  assertHead(saver: object, line: Line, head: string | null): void {
    const expected = this.heads(saver).get(keyOf(line));
    // retention may take the last checkpoint of a nested graph, never that of the thread itself
    if (expected === undefined || expected === head || (head === null && line.ns !== "")) return;
    throw this.lose(new RunConflictError(line.thread, "another writer has gone on with it since this run began"));
  }

  /** Notes why the run is over; gives it back. */
  lose<Cause extends Error>(cause: Cause): Cause {
    this.lost ??= cause;
    return cause;
  }

  private heads(saver: object): Map<string, string | null> {
    const known = this.savers.get(saver);
    if (known !== undefined) return known;
    const made = new Map<string, string | null>();
    this.savers.set(saver, made);
    return made;
  }
}

/** The writer of a run, from the door of its graph to the saver. */
export const WRITER = passenger<Writer>("writer");

const keyOf = ({ thread, ns }: Line): string => `${thread}\0${ns}`;
