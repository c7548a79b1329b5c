import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

const here = (path: string): string => resolve(import.meta.dirname, path);

export default defineConfig({
  resolve: {
    alias: [
      { find: /^phasegraph$/, replacement: here("index.ts") },
      { find: /^phasegraph\/statechart$/, replacement: here("src/statechart/index.ts") },
      { find: /^phasegraph\/sqlite$/, replacement: here("src/sqlite/index.ts") },
      { find: /^phasegraph\/testing$/, replacement: here("testing/index.ts") },
    ],
  },
  test: {
    include: [process.env["INSTALLS"] === undefined ? "test/**/*.test.ts" : "test/**/*.installs.ts"],
    setupFiles: ["test/setup.ts"],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    coverage: { provider: "v8", include: ["src/**", "nodes/**", "graphs/*.ts", "testing/**"], thresholds: { lines: 90, branches: 85 } },
  },
});
