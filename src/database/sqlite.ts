import Sqlite from "better-sqlite3";
import { CheckpointVersionError, StorageFailedError } from "../base/errors.js";
import { maybe, number, oneOf, type Form } from "../base/form.js";
import { guarded } from "./failure.js";

/** An open connection of better-sqlite3. */
export type Connection = Sqlite.Database;

/** How a file is opened. */
export interface FileOptions {
  /**
   * When SQLite waits for the disk. `"normal"` (default): a killed process loses nothing that was acknowledged; a power cut may lose the
   * last steps, whole ones. `"full"`: a power cut loses nothing either, for one disk flush a step.
   */
  readonly synchronous?: "normal" | "full";
  /** How long a read or a write waits for a lock that another process holds, in milliseconds. Default 5000. Everything else goes on. */
  readonly busyTimeout?: number;
}

/** What every class that opens a file takes. */
export const FILE_OPTIONS: Form<FileOptions> = { synchronous: maybe(oneOf("normal", "full")), busyTimeout: maybe(number) };

/** One change of the schema. Never edit one that was released: add another. */
export type Migration = (connection: Connection) => void;

/** What uses a file: its tables, and their history. The version of a part is the number of its migrations. */
export interface SchemaPart {
  readonly name: string;
  readonly migrations: readonly Migration[];
}

// "phgr": tells our files from other SQLite files
const APPLICATION_ID = 0x70_68_67_72;

/**
 * Opens or creates a file and brings `part` to its newest version.
 * @throws StorageFailedError for a file that is damaged, locked, or not ours; a foreign file is left as it is.
 * @throws CheckpointVersionError for a file of a later version.
 */
export function openFile(file: string | Connection, part: SchemaPart, options: FileOptions = {}): Connection {
  return guarded(() => {
    if (typeof file !== "string") return prepared(file, part, options);
    const connection = new Sqlite(file, { timeout: options.busyTimeout ?? 5000 });
    try {
      return prepared(connection, part, options);
    } catch (error) {
      connection.close();
      throw error;
    }
  });
}

function prepared(connection: Connection, part: SchemaPart, options: FileOptions): Connection {
  if (!isOurs(connection)) claim(connection);
  useWal(connection);
  connection.pragma(`synchronous = ${options.synchronous === "full" ? "FULL" : "NORMAL"}`);
  if (versionOf(connection, part) !== part.migrations.length) connection.transaction(() => migrate(connection, part)).immediate();
  return connection;
}

function isOurs(connection: Connection): boolean {
  return connection.pragma("application_id", { simple: true }) === APPLICATION_ID;
}

function claim(connection: Connection): void {
  if (connection.prepare("SELECT 1 FROM sqlite_master").get() === undefined && !connection.readonly)
    connection.pragma("auto_vacuum = INCREMENTAL");
  connection
    .transaction(() => {
      if (isOurs(connection)) return; // another process was faster
      if (connection.prepare("SELECT 1 FROM sqlite_master").get() !== undefined)
        throw new StorageFailedError("foreign", `"${connection.name}" holds tables of another program`);
      connection.exec("CREATE TABLE schema_version (part TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID");
      connection.pragma(`application_id = ${APPLICATION_ID}`);
    })
    .immediate();
}

function useWal(connection: Connection): void {
  if (connection.memory || connection.pragma("journal_mode", { simple: true }) === "wal") return;
  connection.pragma("journal_mode = WAL");
}

function versionOf(connection: Connection, part: SchemaPart): number {
  const row = connection.prepare<[string], { version: number }>("SELECT version FROM schema_version WHERE part = ?").get(part.name);
  const version = row?.version ?? 0;
  if (version > part.migrations.length) throw new CheckpointVersionError(connection.name, version, part.migrations.length);
  return version;
}

/** An open file is still of the version it was opened as. @throws CheckpointVersionError when another program has raised it. */
export function assertVersion(connection: Connection, part: SchemaPart): void {
  const version = isOurs(connection) ? versionOf(connection, part) : undefined;
  if (version !== part.migrations.length)
    throw new StorageFailedError("unavailable", `another file was put in place of "${connection.name}" while it was open; open it again`);
}

function migrate(connection: Connection, part: SchemaPart): void {
  for (const migration of part.migrations.slice(versionOf(connection, part))) migration(connection);
  connection
    .prepare("INSERT INTO schema_version VALUES (?, ?) ON CONFLICT DO UPDATE SET version = excluded.version")
    .run(part.name, part.migrations.length);
}
