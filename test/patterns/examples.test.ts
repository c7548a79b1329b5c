import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Orchestration } from "../../index.js";
import { patternContract, type ContractOptions } from "../../testing/index.js";
import { SOAK } from "../runs.js";

/** What the contract has to know of an example, by file. */
const OPTIONS: Readonly<Record<string, ContractOptions>> = {
  "examples/05-statechart.ts": { payloads: { CLAIM: [{ amount: 40 }, { amount: 400 }] } },
  "graphs/studio/qa-gated.ts": { payloads: { VERDICT: [true, false].map((met) => ({ items: [{ id: "x", met, evidence: "x" }] })) } },
};

/** What contract.test.ts tries with every pattern, and takes half of the time: of the examples it is tried in the long form only. */
const LONG = /^(an event that is illegal|a run that dies|what was stored of a run that died)/;

/** Every module of the folders that exports an orchestration: examples as `orchestration`, those for Studio as `graph`. */
const root = join(import.meta.dirname, "../..");
const files = ["examples", "graphs/studio"].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((file) => file.endsWith(".ts") && file !== "run.ts")
    .map((file) => `${folder}/${file}`),
);
const found = await Promise.all(
  files.map(async (file) => {
    const { orchestration, graph } = (await import(join(root, file))) as { orchestration?: Orchestration; graph?: Orchestration };
    return { file, orchestration: orchestration ?? graph };
  }),
);
const subjects = found.flatMap(({ file, orchestration }) => (orchestration === undefined ? [] : [{ file, orchestration }]));

describe.each(subjects)("the orchestration of $file", ({ file, orchestration }) => {
  for (const check of patternContract(orchestration, OPTIONS[file])) if (SOAK || !LONG.test(check.title)) it(check.title, check.run);
});

it("finds the examples and the graphs for Studio", () => {
  const names = subjects.map((subject) => subject.file);
  expect(names).toEqual(expect.arrayContaining(["examples/01-hello.ts", "graphs/studio/loop.ts", ...Object.keys(OPTIONS)]));
});
