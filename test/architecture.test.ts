import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { describe, expect, test } from "vitest";

/** First match wins. A file may import files of its own rank's folder and of any lower rank. */
const RANKS: readonly (readonly [rank: number, folder: string])[] = [
  [0, "src/base/"],
  [0.7, "src/voting/"],
  [0.5, "src/langgraph/"],
  [1, "src/statechart/"],
  [2, "src/agent/"],
  [2.5, "src/handoff/"],
  [3, "src/state/"],
  [4, "src/compile/"],
  [4, "src/database/"],
  [4.5, "src/checkpoint/"],
  [4.5, "src/store/"],
  [5, "src/sqlite/"],
  [5, "src/registry/"],
  [5, "src/planning/"],
  [5, "src/ledger/"],
  [5, "src/bus/"],
  [5, "src/resilience/"],
  [5, "src/telemetry/"],
  [5, "src/memory/"],
  [6, "src/"],
  [7, "nodes/"],
  [14, "graphs/studio/"],
  [8, "graphs/"],
  [9, "app/wire/"],
  [10, "app/client/"],
  [10, "app/runtime/"],
  [11, "app/server/"],
  [11, "app/dashboard/"],
  [12, "app/cli/"],
  [12, "app/workers/"],
  [9, "testing/"],
  [13, "examples/"],
];
/** Extra bans where rank alone is not enough. */
const NEVER: readonly (readonly [from: string, to: string])[] = [
  ["app/client/", "src/compile/"],
  ["app/client/", "nodes/"],
  ["app/client/", "graphs/"],
  ["app/dashboard/", "app/runtime/"],
  ["app/dashboard/", "nodes/"],
  ["app/dashboard/", "graphs/"],
  ["app/dashboard/", "src/compile/"],
];
/** A package is imported only behind these doors. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  xstate: ["src/statechart/", "nodes/executor/", "graphs/", "testing/"],
  "@langchain/langgraph": ["src/langgraph/", "src/state/", "src/compile/", "nodes/", "graphs/", "testing/", "app/runtime/", "app/server/"],
  "better-sqlite3": ["src/database/", "src/checkpoint/", "src/store/"],
  "sqlite-vec": ["src/store/"],
  langchain: ["nodes/"],
  hono: ["app/server/"],
  "@hono/": ["app/server/"],
  react: ["app/dashboard/"],
  commander: ["app/cli/"],
  cockatiel: ["src/resilience/"],
  pino: ["app/"],
  "prom-client": ["app/server/"],
  "node:": ["src/checkpoint/", "src/database/", "src/store/", "nodes/", "app/", "testing/"],
};
const MAX_LINES = 400;

const files = ["src", "nodes", "graphs", "testing", "app", "examples"]
  .filter((d) => existsSync(d))
  .flatMap((layer) =>
    readdirSync(layer, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.tsx?$/.test(name) && !name.includes("node_modules"))
      .map((name) => posix.join(layer, name.replaceAll("\\", "/"))),
  );
const placed = (path: string) => RANKS.find(([, folder]) => path.startsWith(folder));
const source = new Map(files.map((file) => [file, readFileSync(file, "utf8")]));
const specifiers = (file: string) =>
  [...(source.get(file) ?? "").matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']/g)].map((match) => match[1] ?? "");
const targets = (file: string) =>
  specifiers(file)
    .filter((s) => s.startsWith("."))
    .map((s) => join(dirname(file), s).replaceAll("\\", "/").replace(/\.js$/, ".ts"))
    .map((t) => (source.has(t) ? t : `${t}x`))
    .filter((t) => source.has(t));

describe.each(files)("%s", (file) => {
  test("has a place, and imports only its own folder or a lower rank", () => {
    const [rank, folder] = placed(file) ?? [NaN, ""];
    expect(folder, "not in any ranked folder").not.toBe("");
    const wrong = targets(file).filter((target) => {
      const [targetRank, targetFolder] = placed(target) ?? [Infinity, ""];
      return (targetFolder !== folder && targetRank >= rank) || NEVER.some(([from, to]) => file.startsWith(from) && target.startsWith(to));
    });
    expect(wrong).toEqual([]);
  });
  test("reaches outside packages through their door", () => {
    const wrong = specifiers(file).filter((s) =>
      Object.entries(DOORS).some(
        ([pkg, doors]) =>
          (s === pkg || s.startsWith(pkg.endsWith(":") || pkg.endsWith("/") ? pkg : `${pkg}/`)) &&
          !doors.some((door) => file.startsWith(door)) &&
          !file.startsWith("examples/"),
      ),
    );
    expect(wrong).toEqual([]);
  });
  test(`says one thing: at most ${MAX_LINES} lines, no drawer name`, () => {
    expect((source.get(file) ?? "").split("\n").length).toBeLessThanOrEqual(MAX_LINES);
    expect(file).not.toMatch(/(?:^|\/)(?:utils?|helpers?|common|misc|types|constants)(?:\/|\.tsx?$)/);
  });
});

test("what is inside LangGraph and LangChain is known in one folder only", () => {
  const inside = /__pregel_|lc_kwargs|_streamIterator|_prepareStateSnapshot|executionInfo|core\/singletons/;
  const knowing = files.filter((file) => !file.startsWith("src/langgraph/") && inside.test(source.get(file) ?? ""));
  expect(knowing).toEqual([]);
});

test("no import cycles, type imports included", () => {
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const target of targets(file)) {
      const cycle = walk(target, [...path, file]);
      if (cycle.length > 0) return cycle;
    }
    done.add(file);
    return [];
  };
  for (const file of files) expect(walk(file, []).join(" → ")).toBe("");
});
