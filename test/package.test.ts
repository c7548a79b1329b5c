import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const home = mkdtempSync(join(tmpdir(), "phasegraph-package-"));
interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}
let packed: Packed;

/** A folder with the packed package and some of its peers, as a user would have it. */
function userWith(name: string, peers: readonly string[]): string {
  const folder = join(home, name);
  mkdirSync(join(folder, "node_modules/phasegraph"), { recursive: true });
  execFileSync("tar", ["-xzf", join(home, packed.filename), "--strip-components=1", "-C", join(folder, "node_modules/phasegraph")]);
  for (const peer of peers) {
    mkdirSync(dirname(join(folder, "node_modules", peer)), { recursive: true });
    symlinkSync(resolve("node_modules", peer), join(folder, "node_modules", peer));
  }
  return folder;
}

const run = (folder: string, script: string): string =>
  execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: folder,
    encoding: "utf8",
    timeout: 30_000,
    stdio: ["ignore", "pipe", "pipe"],
  });

describe("the package as it is published", () => {
  beforeAll(() => {
    const answer = execFileSync("npm", ["pack", "--json", "--silent", "--pack-destination", home], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [first] = JSON.parse(answer.slice(answer.indexOf("[\n"))) as Packed[];
    if (first === undefined) throw new Error(`npm pack said: ${answer}`);
    packed = first;
  }, 120_000);
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it("holds what is built, and no sources, tests or maps", () => {
    const paths = packed.files.map((file) => file.path);
    expect(paths).toEqual(
      expect.arrayContaining(["dist/index.js", "dist/index.d.ts", "dist/src/statechart/index.js", "README.md", "LICENSE"]),
    );
    expect(paths.filter((path) => !/^(dist\/.*\.(js|d\.ts)|README\.md|LICENSE|CHANGELOG\.md|package\.json)$/.test(path))).toEqual([]);
    expect(paths.filter((path) => /test\/|examples|bench|studio/.test(path))).toEqual([]);
  });

  it("stays within its budget of files and bytes", () => {
    expect(packed.files.length).toBeLessThan(400);
    expect(packed.size).toBeLessThan(400_000);
    expect(packed.unpackedSize).toBeLessThan(1_600_000);
  });

  it("runs by its public name", () => {
    const folder = userWith("app", ["@langchain", "xstate", "zod", "better-sqlite3", "langchain"]);
    const script = `
      import { agent, handoff, swarm } from "phasegraph";
      const desk = swarm({ name: "desk", agents: [agent({ id: "a", run: () => handoff("b") }), agent({ id: "b", run: () => "hello" })] });
      const state = await desk.compile().invoke({ messages: [{ role: "user", content: "hi" }] });
      console.log(state.messages.at(-1).text);`;
    expect(run(folder, script).trim()).toBe("hello");
    expect(run(folder, `const { scriptedModel } = await import("phasegraph/testing"); console.log(typeof scriptedModel);`).trim()).toBe(
      "function",
    );
  });

  it("checks and draws machines without LangGraph being there", () => {
    const folder = userWith("ci", ["xstate", "zod"]);
    const script = `
      import { createMachine } from "xstate";
      import { verifyMachine, drawMachine } from "phasegraph/statechart";
      const machine = createMachine({ id: "m", initial: "a", states: { a: { on: { DONE: "end" } }, lost: {}, end: { type: "final" } } });
      console.log(verifyMachine(machine).findings.map((finding) => finding.code).join(), drawMachine(machine).split("\\n")[0]);`;
    expect(run(folder, script).trim()).toBe("UNREACHABLE_STATE flowchart TD");
  });

  it("has no any in its public types", () => {
    const folder = join(userWith("types", []), "node_modules/phasegraph/dist");
    const declarations = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".d.ts"));
    const found = declarations.flatMap((file) =>
      readFileSync(join(folder, file), "utf8")
        .replace(/\/\*[\s\S]*?\*\//g, "")
        .split("\n")
        .filter((line) => /\bany\b/.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    );
    expect(found).toEqual([]);
  });

  it("names its versions exactly for development", () => {
    const { devDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as { devDependencies: Record<string, string> };
    expect(Object.entries(devDependencies).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});
