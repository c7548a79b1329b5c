import { statSync } from "node:fs";
import { resolve } from "node:path";
import { PhasegraphError, StorageFailedError } from "../base/errors.js";
import { storageFailure } from "./failure.js";
import { assertVersion, type Connection, type FileOptions, type SchemaPart } from "./sqlite.js";

/** How long a lock is waited for, unless the options say otherwise. */
export const BUSY_TIMEOUT = 5000;
/** Pauses between two tries, in milliseconds: doubled from the first to the last. */
const [SHORTEST_PAUSE, LONGEST_PAUSE] = [1, 50];

/**
 * The transactions of one connection. SQLite's own wait for a lock would stop the event loop; here whoever finds the file locked tries
 * again after a pause, writes one after the other, while reads and everything else in the process go on.
 */
export class Transactions {
  /** Counts how often another connection was seen to have written: what is remembered of the file is of one era. */
  era = 0;
  private readonly patience: number;
  private readonly dataVersion;
  private readonly path: string;
  private readonly identity: string | undefined;
  private seen: number | undefined;
  private queued = 0;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly connection: Connection,
    private readonly part: SchemaPart,
    { busyTimeout = BUSY_TIMEOUT }: FileOptions = {},
  ) {
    this.patience = busyTimeout;
    this.dataVersion = connection.prepare<[], number>("PRAGMA data_version").pluck();
    this.path = resolve(connection.name);
    this.identity = connection.memory ? undefined : identityOf(this.path);
    connection.pragma("busy_timeout = 0");
  }

  /** One transaction that reads: what it sees is of one moment, whatever other processes do. */
  async read<Result>(work: () => Result): Promise<Result> {
    return await this.insist("deferred", work, performance.now() + this.patience);
  }

  /** One transaction that may write. Writes of a connection keep their order. @throws StorageFailedError `"locked"` after one deadline */
  async write<Result>(work: () => Result): Promise<Result> {
    const deadline = performance.now() + this.patience;
    if (this.queued === 0) {
      const done = this.attempt("immediate", work);
      if ("result" in done) return done.result;
    }
    this.queued += 1;
    const turn = this.last.then(async () => await this.insist("immediate", work, deadline));
    this.last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.queued -= 1;
    }
  }

  private async insist<Result>(kind: "deferred" | "immediate", work: () => Result, deadline: number): Promise<Result> {
    for (let pause = SHORTEST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      const done = this.attempt(kind, work);
      if ("result" in done) return done.result;
      const left = deadline - performance.now();
      if (left <= 0) throw done.locked;
      await new Promise((wake) => void setTimeout(wake, Math.min(pause, left)));
    }
  }

  private attempt<Result>(kind: "deferred" | "immediate", work: () => Result): { result: Result } | { locked: StorageFailedError } {
    try {
      const transaction = this.connection.transaction(() => {
        this.look();
        return work();
      });
      return { result: transaction[kind]() };
    } catch (error) {
      const failure = storageFailure(error);
      if (PhasegraphError.is(failure) && failure.code === "STORAGE_FAILED" && failure.failure === "locked") return { locked: failure };
      throw failure;
    }
  }

  /** Notices what others did to the file: it is asked inside each transaction, and costs two looks. */
  private look(): void {
    if (this.identity !== undefined && identityOf(this.path) !== this.identity)
      throw new StorageFailedError("unavailable", `"${this.path}" was deleted or replaced while it was open; open it again`);
    const version = this.dataVersion.get();
    if (version === this.seen) return;
    if (this.seen !== undefined) assertVersion(this.connection, this.part);
    this.seen = version;
    this.era += 1;
  }
}

/** Which file stands under a path; undefined for none. */
function identityOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
}
