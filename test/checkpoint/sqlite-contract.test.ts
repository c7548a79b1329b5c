import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemorySaver } from "@langchain/langgraph";
import { afterAll } from "vitest";
import { SqliteCheckpointer, type SqliteCheckpointerOptions } from "../../src/sqlite/index.js";
import { saverContract } from "./contract.js";
import { mirrorSerializer } from "./mirror-serializer.js";

const folder = mkdtempSync(join(tmpdir(), "phasegraph-contract-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const fileOf = new WeakMap<object, string>();

function sqlite(name: string, options: SqliteCheckpointerOptions) {
  const at = (file: string): SqliteCheckpointer => {
    const saver = SqliteCheckpointer.fromFile(file, options);
    fileOf.set(saver, file);
    return saver;
  };
  saverContract({
    name,
    open: () => at(join(folder, `${(files += 1)}.db`)),
    reopen: (saver) => {
      (saver as SqliteCheckpointer).close();
      return at(fileOf.get(saver) ?? "");
    },
    close: (saver) => (saver as SqliteCheckpointer).close(),
  });
}

saverContract({ name: "MemorySaver", open: () => new MemorySaver(), reopen: (saver) => saver, close: () => undefined });
sqlite("SqliteCheckpointer", {});
sqlite("SqliteCheckpointer without memory", { cacheBytes: 0 });
sqlite("SqliteCheckpointer with a serializer of the user's", { serde: mirrorSerializer() });
