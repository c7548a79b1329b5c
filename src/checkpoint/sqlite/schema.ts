import type { SchemaPart } from "../../database/sqlite.js";

/** The tables of the saver. */
export const CHECKPOINT_SCHEMA: SchemaPart = {
  name: "checkpoints",
  migrations: [
    (connection) =>
      connection.exec(`
        -- threads that were copied from each other share a tree, and with it their chunks
        -- numbers of trees are never used twice: memory of what is stored goes by them
        CREATE TABLE tree (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          generation INTEGER NOT NULL DEFAULT 0,
          has_garbage INTEGER NOT NULL DEFAULT 0
        );
        CREATE TABLE thread (
          id INTEGER PRIMARY KEY,
          name TEXT NOT NULL UNIQUE,
          tree INTEGER NOT NULL REFERENCES tree
        );
        CREATE INDEX thread_by_tree ON thread (tree);
        CREATE TABLE chunk (
          id INTEGER PRIMARY KEY,
          tree INTEGER NOT NULL REFERENCES tree,
          hash TEXT NOT NULL,
          kind INTEGER NOT NULL,
          bytes BLOB NOT NULL
        );
        CREATE UNIQUE INDEX chunk_by_hash ON chunk (tree, hash);
        CREATE TABLE checkpoint (
          thread INTEGER NOT NULL REFERENCES thread,
          ns TEXT NOT NULL,
          id TEXT NOT NULL,
          parent TEXT,
          root TEXT,                        -- the checkpoint of the outermost graph that a subgraph's belongs to
          delta INTEGER NOT NULL DEFAULT 0, -- how many ancestors a DeltaChannel may need
          created INTEGER NOT NULL,         -- milliseconds since 1970
          label TEXT,
          body TEXT NOT NULL,
          PRIMARY KEY (thread, ns, id)
        ) WITHOUT ROWID;
        CREATE TABLE pending_write (
          thread INTEGER NOT NULL REFERENCES thread,
          ns TEXT NOT NULL,
          checkpoint TEXT NOT NULL,
          task TEXT NOT NULL,
          position INTEGER NOT NULL,
          sequence INTEGER NOT NULL,
          channel TEXT NOT NULL,
          value TEXT NOT NULL,
          PRIMARY KEY (thread, ns, checkpoint, task, position)
        ) WITHOUT ROWID;
      `),
    // LangGraph says since 1.5 in which order the writes of a step are read: by the path of their task
    (connection) =>
      connection.exec(`
        ALTER TABLE pending_write ADD COLUMN path TEXT NOT NULL DEFAULT '';
        ALTER TABLE pending_write DROP COLUMN sequence;
      `),
    // newest is what was written last, whatever the clock of its writer said; and threads have leases
    (connection) =>
      connection.exec(`
        CREATE TABLE checkpoint_next (
          sequence INTEGER PRIMARY KEY,     -- the order in which they came
          thread INTEGER NOT NULL REFERENCES thread,
          ns TEXT NOT NULL,
          id TEXT NOT NULL,
          parent TEXT,
          root TEXT,                        -- the checkpoint of the outermost graph that a subgraph's belongs to
          delta INTEGER NOT NULL DEFAULT 0, -- how many ancestors a DeltaChannel may need
          created INTEGER NOT NULL,         -- milliseconds since 1970
          label TEXT,
          body TEXT NOT NULL
        );
        INSERT INTO checkpoint_next (thread, ns, id, parent, root, delta, created, label, body)
          SELECT thread, ns, id, parent, root, delta, created, label, body FROM checkpoint ORDER BY id, thread, ns;
        DROP TABLE checkpoint;
        ALTER TABLE checkpoint_next RENAME TO checkpoint;
        CREATE UNIQUE INDEX checkpoint_by_id ON checkpoint (thread, ns, id);
        CREATE INDEX checkpoint_by_line ON checkpoint (thread, ns); -- each line in its sequence
        ALTER TABLE thread ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0; -- of the newest lease
        ALTER TABLE thread ADD COLUMN holder TEXT;
      `),
  ],
};
