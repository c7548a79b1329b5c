import type { SchemaPart } from "../../database/sqlite.js";

/** The tables of the store. */
export const STORE_SCHEMA: SchemaPart = {
  name: "store",
  migrations: [
    (connection) =>
      void connection.exec(`
        CREATE TABLE store_item (
          id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice: what stands under an old number is gone
          namespace TEXT NOT NULL,              -- each label as JSON, followed by a comma
          key TEXT NOT NULL,
          value TEXT NOT NULL,                  -- JSON
          created INTEGER NOT NULL,             -- milliseconds since 1970
          updated INTEGER NOT NULL,
          ttl INTEGER,                          -- milliseconds; NULL lives for ever
          expires INTEGER                       -- milliseconds since 1970
        );
        CREATE UNIQUE INDEX store_item_by_key ON store_item (namespace, key);
        CREATE INDEX store_item_by_expiry ON store_item (expires) WHERE expires IS NOT NULL;
        CREATE VIRTUAL TABLE store_text USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2'); -- rowid: the item
        CREATE TABLE store_vector (
          item INTEGER NOT NULL,
          field TEXT NOT NULL,
          vector BLOB NOT NULL,                 -- 32-bit floats, as sqlite-vec reads them
          PRIMARY KEY (item, field)
        );
        CREATE TABLE store_setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
      `),
  ],
};
