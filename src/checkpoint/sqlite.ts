export { SqliteCheckpointer, type SqliteCheckpointerOptions } from "./sqlite/checkpointer.js";
