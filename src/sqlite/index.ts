export { SqliteCheckpointer, type SqliteCheckpointerOptions } from "../checkpoint/sqlite/checkpointer.js";
