export { SqliteCheckpointer, type PruneOptions, type Pruned, type SqliteCheckpointerOptions } from "../checkpoint/sqlite/checkpointer.js";
export type { RetentionRules } from "../checkpoint/retention.js";
export type { StorageStatistics } from "../checkpoint/sqlite/statistics.js";
export type { FileOptions } from "../database/sqlite.js";
export { SqliteStore, type SqliteStoreOptions } from "../store/sqlite/store.js";
export type { VectorIndex } from "../store/sqlite/vectors.js";
export type { Ranking, StoreGetOptions, StorePutOptions, StoreSearchOptions } from "../store/operation.js";
export type { Lease } from "../compile/writer.js";
