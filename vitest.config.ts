import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { defineConfig } from "vitest/config";

const here = (path: string): string => resolve(import.meta.dirname, path);

/** Test files that have a short and a long form, see test/runs.ts: the suite of `--mode soak`. */
const withLongForm = (): string[] =>
  readdirSync(here("test"), { recursive: true, encoding: "utf8" })
    .map((file) => join("test", file))
    .filter((file) => file.endsWith(".test.ts") && /from "[./]+runs\.js"/.test(readFileSync(here(file), "utf8")));

export default defineConfig(({ mode }) => {
  const isSoak = mode === "soak";
  const suites: Readonly<Record<string, readonly string[]>> = { soak: isSoak ? withLongForm() : [], installs: ["test/**/*.installs.ts"] };
  return {
    resolve: {
      alias: [
        { find: /^phasegraph$/, replacement: here("index.ts") },
        { find: /^phasegraph\/statechart$/, replacement: here("src/statechart/index.ts") },
        { find: /^phasegraph\/sqlite$/, replacement: here("src/sqlite/index.ts") },
        { find: /^phasegraph\/testing$/, replacement: here("testing/index.ts") },
      ],
    },
    test: {
      include: [...(suites[mode] ?? ["test/**/*.test.ts"])],
      env: { SOAK: isSoak ? "1" : "" },
      setupFiles: ["test/setup.ts"],
      maxWorkers: 2, // on two cores as well, where the default is one
      isolate: false, // LangGraph and LangChain load for seconds; files share them, and nothing else: no module here has state
      execArgv: ["--max-old-space-size=3072"], // of a worker: a run that never ends fails instead of taking the whole memory
      testTimeout: isSoak ? 300_000 : 30_000,
      hookTimeout: 60_000,
      coverage: { provider: "v8", include: ["src/**", "nodes/**", "graphs/*.ts", "testing/**"], thresholds: { lines: 90, branches: 85 } },
    },
  };
});
