import type { Connection } from "../../database/sqlite.js";
import { rangeOf } from "../namespace.js";
import type { Ranked } from "../ranking.js";

/** An item as the file holds it. */
export interface ItemRow {
  readonly id: number;
  readonly namespace: string;
  readonly key: string;
  readonly value: string;
  readonly created: number;
  readonly updated: number;
  readonly ttl: number | null;
}

/** An item to write, and what finds it. */
export interface NewItem {
  readonly namespace: string;
  readonly key: string;
  readonly value: string;
  readonly ttl: number | null;
  /** Undefined: no full-text search. */
  readonly text: string | undefined;
  readonly vectors: readonly { readonly field: string; readonly bytes: Uint8Array }[];
}

const COLUMNS = "store_item.id, namespace, key, value, created, updated, ttl";
const ALIVE = "(expires IS NULL OR expires > @now)";
const BELOW = `namespace >= @from AND namespace < @to AND ${ALIVE}`;

interface Below {
  readonly from: string;
  readonly to: string;
  readonly now: number;
}

/** The statements of the store. None opens a transaction. */
export class StoreTables {
  private readonly statements;

  constructor(private readonly connection: Connection) {
    const prepare = <Parameters extends unknown[], Row = unknown>(sql: string) => connection.prepare<Parameters, Row>(sql);
    this.statements = {
      get: prepare<[{ namespace: string; key: string; now: number }], ItemRow>(
        `SELECT ${COLUMNS} FROM store_item WHERE namespace = @namespace AND key = @key AND ${ALIVE}`,
      ),
      below: prepare<[Below], ItemRow>(`SELECT ${COLUMNS} FROM store_item WHERE ${BELOW} ORDER BY id`),
      one: prepare<[number], ItemRow>(`SELECT ${COLUMNS} FROM store_item WHERE id = ?`),
      text: prepare<[Below & { query: string }], Ranked>(
        `SELECT store_item.id, -bm25(store_text) AS score FROM store_text JOIN store_item ON store_item.id = store_text.rowid
         WHERE store_text MATCH @query AND ${BELOW} ORDER BY bm25(store_text), store_item.id`,
      ),
      put: prepare<
        [{ namespace: string; key: string; value: string; ttl: number | null; expires: number | null; now: number }],
        { id: number }
      >(
        `INSERT INTO store_item (namespace, key, value, created, updated, ttl, expires) VALUES (@namespace, @key, @value, @now, @now, @ttl, @expires)
         ON CONFLICT DO UPDATE SET value = excluded.value, updated = excluded.updated, ttl = excluded.ttl, expires = excluded.expires RETURNING id`,
      ),
      find: prepare<[string, string], { id: number; expires: number | null }>(
        "SELECT id, expires FROM store_item WHERE namespace = ? AND key = ?",
      ),
      expired: prepare<[number, number], { id: number }>("SELECT id FROM store_item WHERE expires <= ? ORDER BY expires LIMIT ?"),
      remove: prepare<[number]>("DELETE FROM store_item WHERE id = ?"),
      removeText: prepare<[number]>("DELETE FROM store_text WHERE rowid = ?"),
      removeVectors: prepare<[number]>("DELETE FROM store_vector WHERE item = ?"),
      addText: prepare<[number, string]>("INSERT INTO store_text (rowid, text) VALUES (?, ?)"),
      addVector: prepare<[number, string, Uint8Array]>("INSERT INTO store_vector VALUES (?, ?, ?)"),
      mortal: prepare<[]>("SELECT 1 FROM store_item WHERE expires IS NOT NULL LIMIT 1"),
      refresh: prepare<[number, number]>("UPDATE store_item SET expires = ? + ttl WHERE id = ? AND ttl IS NOT NULL"),
      namespaces: prepare<[{ now: number }], { namespace: string }>(
        `SELECT DISTINCT namespace FROM store_item WHERE ${ALIVE} ORDER BY namespace`,
      ),
    };
  }

  get(namespace: string, key: string, now: number): ItemRow | undefined {
    return this.statements.get.get({ namespace, key, now });
  }

  /** Everything below a prefix, oldest first, one at a time. */
  below(prefix: readonly string[], now: number): IterableIterator<ItemRow> {
    return this.statements.below.iterate(range(prefix, now));
  }

  byId(id: number): ItemRow | undefined {
    return this.statements.one.get(id);
  }

  /** Items that hold at least one of the words, best first. */
  withWords(prefix: readonly string[], words: readonly string[], now: number): Ranked[] {
    if (words.length === 0) return [];
    return this.statements.text.all({ ...range(prefix, now), query: words.map((word) => `"${word}"`).join(" OR ") });
  }

  /** All items with vectors, the nearest first; of an item with several the nearest counts. Needs `sqlite-vec`. Exact: every vector is looked at. */
  nearest(prefix: readonly string[], vector: Uint8Array, now: number): Ranked[] {
    return this.connection
      .prepare<[Below & { vector: Uint8Array }], Ranked>(
        `SELECT store_item.id, max(coalesce(1 - vec_distance_cosine(vector, @vector), 0)) AS score
         FROM store_item JOIN store_vector ON item = store_item.id WHERE ${BELOW} GROUP BY store_item.id ORDER BY score DESC, store_item.id`,
      )
      .all({ ...range(prefix, now), vector });
  }

  put(item: NewItem, now: number): void {
    const { namespace, key, value, ttl, text, vectors } = item;
    const old = this.statements.find.get(namespace, key);
    if (old !== undefined && old.expires !== null && old.expires <= now) this.remove(old.id); // what has expired is gone: this is a new item
    else if (old !== undefined) this.unindex(old.id);
    const made = this.statements.put.get({ namespace, key, value, ttl, expires: ttl === null ? null : now + ttl, now });
    const { id } = made as { id: number }; // RETURNING gives a row
    if (text !== undefined && text !== "") this.statements.addText.run(id, text);
    for (const { field, bytes } of vectors) this.statements.addVector.run(id, field, bytes);
  }

  delete(namespace: string, key: string): void {
    const old = this.statements.find.get(namespace, key);
    if (old !== undefined) this.remove(old.id);
  }

  /** Deletes up to `limit` expired items; gives how many. */
  sweep(now: number, limit: number): number {
    const expired = this.statements.expired.all(now, limit);
    for (const { id } of expired) this.remove(id);
    return expired.length;
  }

  /** Whether any item has a time to live. */
  hasTtl(): boolean {
    return this.statements.mortal.get() !== undefined;
  }

  /** Begins the time to live of an item anew. */
  refresh(id: number, now: number): void {
    this.statements.refresh.run(now, id);
  }

  namespaces(now: number): string[] {
    return this.statements.namespaces.all({ now }).map((row) => row.namespace);
  }

  private remove(id: number): void {
    this.unindex(id);
    this.statements.remove.run(id);
  }

  private unindex(id: number): void {
    this.statements.removeText.run(id);
    this.statements.removeVectors.run(id);
  }
}

function range(prefix: readonly string[], now: number): Below {
  const [from, to] = rangeOf(prefix);
  return { from, to, now };
}
