import type { RunnableConfig } from "@langchain/core/runnables";
import { RunConflictError } from "../base/errors.js";
import { saverOf, threadOf } from "../langgraph/config.js";
import type { Run, RunOptions } from "../langgraph/graph.js";
import { leaseOf, Writer, WRITER, type Lease } from "./writer.js";

/** A saver that can be told whose a thread is before anything is written; ours can. */
interface Fencing {
  takeLease(threadId: string, lease: Lease): Promise<void>;
}

/** What is on a thread now. */
interface Holder {
  /** Whether it was told to stop: whoever comes next waits for its end instead of being refused. */
  readonly isStopping: boolean;
  readonly ended: Promise<void>;
  /** Somebody waits for the thread: it is brought to its end also when nobody reads it any more. */
  abandon(): void;
}

/** Of each saver, what is on its threads. It has to be one for the whole process: several graphs share a saver. */
const busy = new WeakMap<object, Map<string, Holder>>();

/** So many turns of the event loop are given to a run that has nothing left to do but to be read. */
const PATIENCE = 3;

/** A thread of a saver. */
export interface Place {
  readonly saver: object;
  readonly thread: string;
}

/** Where a run or an edit writes; undefined when it does not. The first config that names a thread counts. */
export function placeOf(saver: unknown, ...configs: readonly (RunnableConfig | undefined)[]): Place | undefined {
  const used: unknown = saverOf(configs[0]) ?? saver;
  const thread = configs.map(threadOf).find((named) => named !== undefined && named !== null && named !== "");
  if (typeof used !== "object" || used === null || thread === undefined) return undefined;
  return { saver: used, thread: String(thread) };
}

/** Runs `work` as the only writer of its thread. @throws RunConflictError before anything is written when there is one. */
export async function* runAlone(place: Place | undefined, config: RunOptions, work: (config: RunOptions) => Run): Run {
  if (place === undefined) return yield* work(config);
  const writer = new Writer();
  const run = new HeldRun(work(WRITER.with(config, writer)), config.signal, () => release(place, run));
  await take(place, run);
  const reader = {};
  unread.register(reader, run, reader);
  try {
    await openLease(place, config);
    for (let piece = await run.next(); piece.done !== true; piece = await run.next()) yield piece.value;
  } catch (error) {
    throw writer.lost ?? error; // whatever LangGraph made of it
  } finally {
    unread.unregister(reader);
    await run.stop();
  }
}

/** Edits the state as the only writer of its thread; an edit that a run makes of its own thread is part of the run. */
export async function editAlone<T, C extends RunnableConfig>(
  place: Place | undefined,
  config: C,
  work: (config: C) => Promise<T>,
): Promise<T> {
  if (place === undefined || WRITER.of(config) instanceof Writer) return await work(config);
  const { promise: ended, resolve: end } = settled();
  const edit: Holder = { isStopping: false, ended, abandon: () => undefined };
  await take(place, edit);
  try {
    await openLease(place, config);
    return await work(WRITER.with(config, new Writer()));
  } finally {
    release(place, edit);
    end();
  }
}

/** Runs whose readers are gone without a word. */
const unread = new FinalizationRegistry<Holder>((run) => run.abandon());

async function take({ saver, thread }: Place, next: Holder): Promise<void> {
  const threads = busy.get(saver) ?? new Map<string, Holder>();
  busy.set(saver, threads);
  for (let holder = threads.get(thread); holder !== undefined; holder = threads.get(thread)) {
    holder.abandon();
    if (holder.isStopping) await holder.ended;
    else if (!(await endsAtOnce(holder))) throw new RunConflictError(thread, "a run or an edit is on it now");
  }
  threads.set(thread, next);
}

function release({ saver, thread }: Place, holder: Holder): void {
  const threads = busy.get(saver);
  if (threads?.get(thread) === holder) threads.delete(thread);
}

async function endsAtOnce(holder: Holder): Promise<boolean> {
  let isEnded = false;
  const ended = holder.ended.then(() => (isEnded = true));
  for (let turn = 0; turn < PATIENCE && !isEnded; turn += 1)
    await Promise.race([ended, new Promise((resolve) => void setTimeout(resolve, 0))]);
  return isEnded;
}

async function openLease({ saver, thread }: Place, config: RunnableConfig): Promise<void> {
  const lease = leaseOf(config);
  if (lease !== undefined && "takeLease" in saver) await (saver as Fencing).takeLease(thread, lease);
}

/**
 * A run as its reader pulls it. One that is left unread goes on all the same, inside LangGraph, but nobody would learn of its end, and
 * its thread would be shut for ever: so whoever wants the thread next reads the rest, and keeps it for a reader who comes back.
 */
class HeldRun implements Holder {
  readonly ended: Promise<void>;
  private readonly settle: () => void;
  private readonly rest: IteratorResult<never, unknown>[] = [];
  private failure: { readonly error: unknown } | undefined;
  private isPulled = true;
  private isRead = false;
  private isWanted = false;
  private isOver = false;
  private wake = (): void => undefined;

  constructor(
    private readonly source: Run,
    private readonly signal: AbortSignal | undefined,
    private readonly release: () => void,
  ) {
    ({ promise: this.ended, resolve: this.settle } = settled());
  }

  get isStopping(): boolean {
    return this.signal?.aborted === true || this.isOver;
  }

  async next(): Promise<IteratorResult<never, unknown>> {
    this.isPulled = true;
    try {
      return this.isRead ? await this.kept() : await this.source.next();
    } finally {
      this.isPulled = false;
      if (this.isWanted) this.abandon(); // its reader may take this piece and never ask for another
    }
  }

  abandon(): void {
    this.isWanted = true;
    if (this.isPulled || this.isRead) return;
    this.isRead = true;
    void this.read();
  }

  /** When the reader has come to the end, or has gone. */
  async stop(): Promise<void> {
    this.isOver = true;
    try {
      await this.source.return(undefined);
    } finally {
      this.end();
    }
  }

  private end(): void {
    this.release();
    this.settle();
  }

  private async read(): Promise<void> {
    try {
      let piece: IteratorResult<never, unknown>;
      do {
        piece = await this.source.next();
        this.rest.push(piece);
        this.wake();
      } while (piece.done !== true);
    } catch (error) {
      this.failure = { error };
      this.wake();
    }
    this.end();
  }

  private async kept(): Promise<IteratorResult<never, unknown>> {
    for (;;) {
      const piece = this.rest.shift();
      if (piece !== undefined) return piece;
      if (this.failure !== undefined) throw this.failure.error;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}

function settled(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
