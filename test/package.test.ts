import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import vm from "node:vm";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pack, type Packed } from "./packed.js";

const home = mkdtempSync(join(tmpdir(), "phasegraph-package-"));
let packed: Packed;

interface Declared {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** What every browser and edge runtime has. */
const OF_THE_WEB = `AbortController AbortSignal Blob DOMException Event EventTarget FormData Headers ReadableStream Request Response
  TextDecoder TextEncoder TransformStream URL URLSearchParams WritableStream atob btoa clearInterval clearTimeout console crypto fetch
  performance queueMicrotask setInterval setTimeout structuredClone`.split(/\s+/);

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
    packed = pack(home);
  }, 300_000);
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
    expect(packed.files.length).toBeLessThan(560);
    expect(packed.size).toBeLessThan(450_000);
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

  it("imports nothing that it does not declare", () => {
    const folder = join(userWith("declared", []), "node_modules/phasegraph");
    const { dependencies = {}, peerDependencies = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Declared;
    const declared = new Set(Object.keys({ ...dependencies, ...peerDependencies }));
    const undeclared = readdirSync(join(folder, "dist"), { recursive: true, encoding: "utf8" })
      .filter((file) => /\.(js|d\.ts)$/.test(file))
      .flatMap((file) => {
        const text = readFileSync(join(folder, "dist", file), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
        const names = [...text.matchAll(/(?:from|import\()\s*"((?:@[^/"]+\/)?[^./"][^/"]*)/g)].map(([, name = ""]) => name);
        const packages = names.filter((name) => /^(?:@[a-z0-9-]+\/)?[a-z0-9._-]+$/i.test(name)); // not words of a comment or a type
        return packages.filter((name) => !declared.has(name)).map((name) => `${name} in ${file}`);
      });
    expect(undeclared).toEqual([]);
  });

  it("its main door bundles for browsers and runs where there is nothing of Node", async () => {
    const folder = userWith("site", ["@langchain", "xstate", "zod"]);
    const contents = `
      import { agent, handoff, parallel, sequential, swarm } from "phasegraph";
      const says = (id) => agent({ id, run: () => id });
      const desk = swarm({ name: "desk", agents: [agent({ id: "a", run: () => handoff("b") }), agent({ id: "b", run: () => "hello" })] });
      const both = parallel({ name: "both", branches: [says("x"), sequential({ name: "yard", agents: [says("y")] })] });
      const spoken = async (team) => (await team.compile().invoke({ messages: [{ role: "user", content: "hi" }] })).messages.map(({ text }) => text);
      globalThis.result = Promise.all([spoken(desk), spoken(both)]);`;
    const options = { bundle: true, platform: "browser", format: "iife", write: false, logLevel: "silent" } as const;
    const { outputFiles } = await build({ ...options, stdin: { contents, resolveDir: folder } });
    const context = vm.createContext(Object.fromEntries(OF_THE_WEB.map((name) => [name, (globalThis as Record<string, unknown>)[name]])));
    vm.runInContext(outputFiles[0]?.text ?? "", context);
    expect(await (context["result"] as Promise<string[][]>)).toEqual([
      ["hi", "hello"],
      ["hi", "x", "y"],
    ]);
  });

  it("names its versions exactly for development", () => {
    const { devDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as { devDependencies: Record<string, string> };
    expect(Object.entries(devDependencies).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});
