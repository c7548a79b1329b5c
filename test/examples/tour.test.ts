import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { SECTIONS } from "../../examples/tour/sections/index.js";
import { readProject } from "../../examples/tour/project.js";
import { bundled } from "../bundled.js";
import { tour } from "../../examples/tour/tour.js";
import { plant, temporaryFolder } from "../fixtures/review/project.js";

/** What a tour writes. */
async function written(path: string, names = Object.keys(SECTIONS)): Promise<{ readonly text: string; readonly failed: number }> {
  let text = "";
  const screen = { write: (part: string) => (text += part) };
  const sections = names.flatMap((name) => SECTIONS[name] ?? []);
  return { failed: await tour({ path, sections, screen, colours: false }), text };
}

let script: string;
beforeAll(async () => {
  script = await bundled("examples/tour/cli.ts");
});
const run = (...args: string[]) => spawnSync(process.execPath, [script, ...args], { encoding: "utf8", timeout: 30_000 });

describe("F10 npm run tour", () => {
  it("has a section for every pattern of the package", () => {
    const patterns = readdirSync("graphs", { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join("graphs", entry.name), "utf8"))
      .flatMap((source) =>
        [...source.matchAll(/^export function (\w+)<[\s\S]*?\n?\): (?:Orchestration|Pipeline)</gm)].map(([, name]) => name),
      );
    expect(patterns.length).toBeGreaterThan(5);
    expect(Object.keys(SECTIONS)).toEqual(expect.arrayContaining(patterns.filter((name) => name !== "strategies")));
  });

  it("shows each pattern's picture, who works, and what came of it, on the files it is given", async () => {
    const root = plant();
    const { text, failed } = await written(root);
    expect(failed).toBe(0);
    const project = await readProject(root);
    for (const make of Object.values(SECTIONS)) {
      const { pattern, orchestration } = make(project);
      expect(text).toContain(` · ${pattern}: `);
      for (const line of orchestration.toMermaid().trim().split("\n")) expect(text).toContain(line);
    }
    expect(text.match(/ {2}✓ \d+ transitions in/g)).toHaveLength(Object.keys(SECTIONS).length);
    expect(text).toContain(`${project.files.length} files`);
  });

  it("fits a directory with a single file", async () => {
    const { failed } = await written(plant({ "only.md": "# Hello\nwords and words\n" }));
    expect(failed).toBe(0);
  });

  it("says what is wrong with a directory or a name, and ends with 1", () => {
    const nowhere = run(join(temporaryFolder(), "nowhere"));
    expect([nowhere.status, nowhere.stderr]).toEqual([1, expect.stringContaining("does not exist. Give the tour a directory")]);
    const unknown = run("--only", "swarm,quorum");
    expect([unknown.status, unknown.stderr]).toEqual([1, expect.stringContaining('no pattern "quorum"; there are sequential')]);
    const empty = run(temporaryFolder());
    expect([empty.status, empty.stderr]).toEqual([1, expect.stringContaining("holds no text file")]);
    expect(run("--help").stdout).toContain("every pattern at work");
  });
});
