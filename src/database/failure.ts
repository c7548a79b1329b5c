import { PhasegraphError, StorageFailedError, type StorageFailure } from "../base/errors.js";

/** Runs `work`; what SQLite says of a file, a disk or a lock becomes a {@link StorageFailedError}. */
export function guarded<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw storageFailure(error);
  }
}

/** The typed error for what better-sqlite3 threw; anything else is given back as it is. */
export function storageFailure(error: unknown): unknown {
  if (PhasegraphError.is(error) || !(error instanceof Error)) return error;
  if (error instanceof SyntaxError) return new StorageFailedError("damaged", `a row is not readable (${error.message})`, { cause: error });
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  const failure = code === undefined ? ofMessage(error) : ofCode(code);
  return failure === undefined ? error : new StorageFailedError(failure, error.message, { cause: error });
}

/** What each primary result code of SQLite means for the caller. */
const FAILURES: readonly (readonly [prefix: string, failure: StorageFailure])[] = [
  ["SQLITE_CORRUPT", "damaged"],
  ["SQLITE_NOTADB", "foreign"],
  ["SQLITE_FULL", "full"],
  ["SQLITE_BUSY", "locked"],
  ["SQLITE_LOCKED", "locked"],
  ["SQLITE_READONLY", "read-only"],
  ["SQLITE_PERM", "read-only"],
  ["SQLITE_IOERR", "unavailable"],
  ["SQLITE_CANTOPEN", "unavailable"],
  ["SQLITE_PROTOCOL", "locked"],
];

function ofCode(code: string): StorageFailure | undefined {
  return FAILURES.find(([prefix]) => code === prefix || code.startsWith(`${prefix}_`))?.[1];
}

// better-sqlite3 reports its own two cases as TypeErrors without a code
function ofMessage(error: Error): StorageFailure | undefined {
  if (error.message === "The database connection is not open") return "closed";
  return error.message.startsWith("Cannot open database") ? "unavailable" : undefined;
}
