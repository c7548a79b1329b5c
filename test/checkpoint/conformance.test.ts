import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deltaChannelHistoryTests, specTest } from "@langchain/langgraph-checkpoint-validation";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { SqliteCheckpointer } from "../../src/sqlite/index.js";

// LangGraph's suite takes these from the global scope
Object.assign(globalThis, { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it });

const folder = mkdtempSync(join(tmpdir(), "phasegraph-conformance-"));
let files = 0;

const initializer = {
  checkpointerName: "phasegraph/sqlite",
  createCheckpointer: () => SqliteCheckpointer.fromFile(join(folder, `${(files += 1)}.db`)),
  destroyCheckpointer: (saver: SqliteCheckpointer) => saver.close(),
  afterAll: () => rmSync(folder, { recursive: true, force: true }),
};

specTest(initializer);
deltaChannelHistoryTests(initializer);
