import { setImmediate as nextTurn } from "node:timers/promises";
import {
  BaseStore,
  type GetOperation,
  type Item,
  type Operation,
  type OperationResults,
  type SearchItem,
  type SearchOperation,
} from "@langchain/langgraph-checkpoint";
import { systemClock, type Clock } from "../../base/clock.js";
import { InvalidRequestError } from "../../base/errors.js";
import {
  anything,
  each,
  either,
  flag,
  kindOf,
  maybe,
  number,
  oneOf,
  record,
  readForm,
  requireForm,
  shape,
  something,
  text,
} from "../../base/form.js";
import { guarded } from "../../database/failure.js";
import { Transactions } from "../../database/transactions.js";
import { FILE_OPTIONS, openFile, type Connection, type FileOptions } from "../../database/sqlite.js";
import { matchesFilter } from "../filter.js";
import { assertNamespace, decodeNamespace, encodeNamespace, matchesPath } from "../namespace.js";
import { told, type StoreGetOptions, type StorePutOptions, type StoreSearchOptions, type Told } from "../operation.js";
import { fuse, type Ranked } from "../ranking.js";
import { WHOLE } from "../texts.js";
import { newItems, type Indexing } from "./index-text.js";
import { STORE_SCHEMA } from "./schema.js";
import { StoreTables, type ItemRow } from "./tables.js";
import { prepareVectors, vectorBytes, type VectorIndex } from "./vectors.js";

/** Options of a {@link SqliteStore}. */
export interface SqliteStoreOptions extends FileOptions {
  /** Search by meaning. Default: none, and `sqlite-vec` is not needed. */
  readonly index?: VectorIndex;
  /** Field paths that full-text search looks into; default `["$"]`, all strings and numbers of a value. False: no full-text search. */
  readonly text?: readonly string[] | false;
  readonly ttl?: {
    /** Milliseconds that an item lives after it was put, unless the put says otherwise. Default: for ever. */
    readonly defaultMilliseconds?: number;
    /** Whether get and search begin the time of what they return anew. Default true. */
    readonly refreshOnRead?: boolean;
  };
  /** Where the time comes from. Default: the machine's clock. */
  readonly clock?: Clock;
}

const OPTIONS = shape<SqliteStoreOptions>({
  ...FILE_OPTIONS,
  index: maybe(shape<VectorIndex>({ dims: number, embeddings: something, fields: maybe(each(text)) })),
  text: maybe(
    either(
      Array.isArray,
      each(text),
      kindOf("a list of field paths, or false", (value) => value === false),
    ),
  ),
  ttl: maybe(shape<NonNullable<SqliteStoreOptions["ttl"]>>({ defaultMilliseconds: maybe(number), refreshOnRead: maybe(flag) })),
  clock: maybe(record),
});
const GET = shape<StoreGetOptions>({ refreshTtl: maybe(flag) });
const PUT = shape<StorePutOptions>({ ttl: maybe(anything) });

type Search = Extract<Told, { kind: "search" }>["operation"];
type List = Extract<Told, { kind: "list" }>["operation"];
type Put = Extract<Told, { kind: "put" }>["operation"];

type SearchOptions = Omit<Search, "namespacePrefix"> & StoreSearchOptions;
const SEARCH = shape<SearchOptions>({
  filter: maybe(anything),
  limit: maybe(anything),
  offset: maybe(anything),
  query: maybe(anything),
  refreshTtl: maybe(flag),
  ranking: maybe(oneOf("hybrid", "vector", "text")),
});

const LIMIT = 10;
/** Expired items that a write deletes on its way, so that a store nobody sweeps does not grow without end. */
const SWEPT_PER_WRITE = 100;
const SWEPT_AT_ONCE = 1000;
const MOST_WORDS = 64;

/**
 * A LangGraph store on SQLite: what agents remember beyond a thread. A batch is one transaction; its reads see what was there before it.
 * Several processes may use one file, also the one of a `SqliteCheckpointer`. What it promises: `docs/persistence.md`.
 */
export class SqliteStore extends BaseStore {
  private readonly connection: Connection;
  private readonly transactions: Transactions;
  private readonly tables: StoreTables;
  private readonly indexing: Indexing;
  private readonly refreshOnRead: boolean;
  private readonly clock: Clock;

  /**
   * `file` is a path, `":memory:"`, or an open connection, which {@link close} then closes.
   * @throws StorageFailedError when the file is damaged, locked or of another program; CheckpointVersionError when it is too new;
   * InvalidRequestError when there is an `index`, and `sqlite-vec` is missing or the file holds vectors of another length.
   */
  constructor(file: string | Connection, given: SqliteStoreOptions = {}) {
    const options = readForm("SqliteStore", given, OPTIONS);
    super();
    const { index, text = [WHOLE], ttl = {}, clock = systemClock } = options;
    this.connection = openFile(file, STORE_SCHEMA, options);
    try {
      if (index !== undefined) guarded(() => prepareVectors(this.connection, index));
    } catch (error) {
      this.connection.close();
      throw error;
    }
    this.transactions = new Transactions(this.connection, STORE_SCHEMA, options);
    this.tables = new StoreTables(this.connection);
    this.indexing = { vectors: index, text, ttl: ttl.defaultMilliseconds ?? null };
    this.refreshOnRead = ttl.refreshOnRead ?? true;
    this.clock = clock;
  }

  /** Closes the file. Everything acknowledged is in it. */
  close(): void {
    this.connection.close();
  }

  override stop(): void {
    this.close();
  }

  override async get(namespace: string[], key: string, options: StoreGetOptions = {}): Promise<Item | null> {
    requireForm("get()", options, GET);
    const [item] = await this.batch<[GetOperation]>([{ namespace, key, ...options }]);
    return item;
  }

  override async search(namespacePrefix: string[], options: SearchOptions = {}): Promise<SearchItem[]> {
    requireForm("search()", options, SEARCH);
    const [items] = await this.batch<[SearchOperation]>([{ namespacePrefix, ...options }]);
    return items;
  }

  override async put(
    namespace: string[],
    key: string,
    value: Record<string, unknown>,
    index?: false | string[],
    options: StorePutOptions = {},
  ): Promise<void> {
    assertNamespace(namespace);
    requireForm("put()", options, PUT);
    await this.batch([{ namespace, key, value, ...(index === undefined ? {} : { index }), ...options }]);
  }

  override async batch<Op extends Operation[]>(operations: Op): Promise<OperationResults<Op>> {
    const all = operations.map(told);
    const puts = new Map<string, Put>();
    for (const { kind, operation } of all)
      if (kind === "put") puts.set(`${encodeNamespace(operation.namespace)}${operation.key}`, operation);
    const last = [...puts.values()];
    const written = await newItems(
      last.filter(({ value }) => value !== null),
      this.indexing,
    );
    const vectors = await this.queryVectors(all);
    const now = this.clock.now();
    const isRefreshing = all.some((each) => this.refreshes(each)) && (await this.transactions.read(() => this.tables.hasTtl()));
    const work = () => {
      const results = all.map((each) => this.read(each, vectors, now, isRefreshing));
      for (const { namespace, key, value } of last) if (value === null) this.tables.delete(encodeNamespace(namespace), key);
      for (const item of written) this.tables.put(item, now);
      if (last.length > 0) this.tables.sweep(now, SWEPT_PER_WRITE);
      return results as OperationResults<Op>; // each is of the kind of its operation
    };
    return await (last.length > 0 || isRefreshing ? this.transactions.write(work) : this.transactions.read(work));
  }

  /** Deletes every expired item, in short transactions; others run in between. Gives how many. */
  async sweep(): Promise<number> {
    let total = 0;
    for (let swept = SWEPT_AT_ONCE; swept === SWEPT_AT_ONCE; total += swept) {
      swept = await this.transactions.write(() => this.tables.sweep(this.clock.now(), SWEPT_AT_ONCE));
      await nextTurn();
    }
    return total;
  }

  private refreshes(each: Told): boolean {
    return (each.kind === "get" || each.kind === "search") && (each.operation.refreshTtl ?? this.refreshOnRead);
  }

  private read(each: Told, vectors: ReadonlyMap<string, Uint8Array>, now: number, isRefreshing: boolean): unknown {
    const touch = (row: ItemRow): void => {
      if (isRefreshing && row.ttl !== null && this.refreshes(each)) this.tables.refresh(row.id, now);
    };
    switch (each.kind) {
      case "get": {
        const row = this.tables.get(encodeNamespace(each.operation.namespace), each.operation.key, now);
        if (row !== undefined) touch(row);
        return row === undefined ? null : itemOf(row);
      }
      case "search": {
        const found = this.found(each.operation, vectors, now);
        for (const { row } of found) touch(row);
        return found.map(({ row, score }): SearchItem => (score === undefined ? itemOf(row) : { ...itemOf(row), score }));
      }
      case "list":
        return this.namespaces(each.operation, now);
      case "put":
        return undefined;
    }
  }

  private found(search: Search, vectors: ReadonlyMap<string, Uint8Array>, now: number): { row: ItemRow; score: number | undefined }[] {
    const { limit = LIMIT, offset = 0, filter = {} } = search;
    const found: { row: ItemRow; score: number | undefined }[] = [];
    let skipped = 0;
    if (limit === 0) return found;
    for (const { row, score } of this.candidates(search, vectors, now)) {
      // only an object is put
      if (!matchesFilter(JSON.parse(row.value) as Record<string, unknown>, filter)) continue;
      if (skipped < offset) skipped += 1;
      else if (found.push({ row, score }) === limit) break;
    }
    return found;
  }

  private *candidates(
    search: Search,
    vectors: ReadonlyMap<string, Uint8Array>,
    now: number,
  ): Generator<{ row: ItemRow; score: number | undefined }> {
    const { namespacePrefix: prefix, query } = search;
    if (query === undefined || query === "") {
      for (const row of this.tables.below(prefix, now)) yield { row, score: undefined };
      return;
    }
    const ranked = this.ranked(search, query, vectors.get(query), now);
    for (const { id, score } of ranked) {
      const row = this.tables.byId(id);
      if (row !== undefined) yield { row, score };
    }
    if (this.rankingOf(search) !== "vector") return;
    const seen = new Set(ranked.map(({ id }) => id));
    for (const row of this.tables.below(prefix, now)) if (!seen.has(row.id)) yield { row, score: undefined }; // as InMemoryStore does
  }

  private ranked(search: Search, query: string, vector: Uint8Array | undefined, now: number): Ranked[] {
    const { namespacePrefix: prefix } = search;
    const ranking = this.rankingOf(search);
    const words = (query.match(/[\p{L}\p{N}\p{M}]+/gu) ?? []).slice(0, MOST_WORDS);
    if (ranking === "text" || vector === undefined) return this.tables.withWords(prefix, words, now);
    const nearest = this.tables.nearest(prefix, vector, now);
    return ranking === "vector" ? nearest : fuse([nearest, this.tables.withWords(prefix, words, now)]);
  }

  private rankingOf({ ranking }: Search): "hybrid" | "vector" | "text" {
    return ranking ?? (this.indexing.vectors === undefined ? "text" : "hybrid");
  }

  private async queryVectors(all: readonly Told[]): Promise<ReadonlyMap<string, Uint8Array>> {
    const index = this.indexing.vectors;
    const queries = new Set<string>();
    for (const { kind, operation } of all) {
      if (kind !== "search") continue;
      const { query, ranking } = operation;
      if (index === undefined && ranking !== undefined && ranking !== "text")
        throw new InvalidRequestError(
          "search.ranking",
          `it is "${ranking}", and the store has no vector index`,
          '"text", or a store with index',
        );
      if (index !== undefined && query !== undefined && query !== "" && ranking !== "text") queries.add(query);
    }
    if (index === undefined) return new Map();
    return new Map(
      await Promise.all(
        [...queries].map(async (query) => [query, vectorBytes(await index.embeddings.embedQuery(query), index.dims)] as const),
      ),
    );
  }

  private namespaces({ matchConditions = [], maxDepth, limit, offset }: List, now: number): string[][] {
    const all = this.tables.namespaces(now).map(decodeNamespace);
    const matching = all.filter((namespace) => matchConditions.every((condition) => matchesPath(namespace, condition)));
    const cut = new Map(
      matching.map((namespace) => namespace.slice(0, maxDepth)).map((namespace) => [encodeNamespace(namespace), namespace]),
    );
    return [...cut.values()].toSorted(compareNamespaces).slice(offset, limit === undefined ? undefined : offset + limit);
  }
}

function compareNamespaces(one: readonly string[], other: readonly string[]): number {
  return one.join(":").localeCompare(other.join(":"));
}

function itemOf({ namespace, key, value, created, updated }: ItemRow): Item {
  return {
    value: JSON.parse(value) as Item["value"], // only an object is put
    key,
    namespace: decodeNamespace(namespace),
    createdAt: new Date(created),
    updatedAt: new Date(updated),
  };
}
