import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Compiler } from "../../examples/review/analysis/compiler.js";
import { findComplexity } from "../../examples/review/analysis/complexity.js";
import type { Analysed } from "../../examples/review/analysis/finding.js";
import { BECAUSE_UNRESOLVED, DOUBT, Projects, SYNTAX_ONLY, UNRESOLVED } from "../../examples/review/analysis/projects.js";
import { isCode } from "../../examples/review/analysis/languages.js";
import { decode } from "../../examples/review/analysis/read-text.js";
import { findSecrets, maskSecrets } from "../../examples/review/analysis/secrets.js";
import { plant, PLANTED, TOKEN } from "../fixtures/review/project.js";

const CODE = Object.keys(PLANTED).filter((path) => /^(src|scripts)/.test(path) && isCode(path));
const placesOf = (analysed: Analysed) => analysed.findings.map(({ file, line, rule }) => `${file}:${line} ${rule}`);

describe("the compiler", () => {
  it("reports wrong types, wrong syntax and missing files of the project", () => {
    const root = plant();
    const analysed = new Projects(root, CODE).diagnose(CODE);
    expect(placesOf(analysed)).toEqual(
      expect.arrayContaining([
        "src/wrong-type.ts:1 TS2322",
        "src/syntax.ts:1 TS1134",
        "src/relative.ts:1 TS2307",
        "src/quotes-a-token.ts:1 TS2322",
      ]),
    );
    expect(new Set(analysed.findings.map((one) => one.file))).toEqual(
      new Set(["src/wrong-type.ts", "src/syntax.ts", "src/relative.ts", "src/quotes-a-token.ts"]),
    );
    expect(analysed.findings.every((one) => one.severity === "error" && one.reviewer === "compiler")).toBe(true);
  });

  it("does not hold packages that are not installed against the code, but says how many messages it left out", () => {
    const { findings, skipped } = new Projects(plant(), CODE).diagnose(["src/dependency.ts"]);
    expect(findings).toEqual([]);
    expect(skipped).toEqual({ [UNRESOLVED]: 1, [BECAUSE_UNRESOLVED]: 1 });
  });

  it("only warns of types that hang on packages that are not installed, also from afar", () => {
    const files = {
      "a.ts": 'import { one } from "no-such-package";\nexport const a = one as string;\nexport const wrong: number = a;\n',
      "b.ts": 'import { a } from "./a.ts";\nexport const b: number = a;\n',
      "c.ts": 'export const c: number = "c";\n',
    };
    const { findings } = new Projects(plant(files), Object.keys(files)).diagnose(Object.keys(files));
    expect(findings.map(({ file, line, severity, advice }) => [file, line, severity, advice])).toEqual([
      ["a.ts", 3, "warning", DOUBT],
      ["b.ts", 2, "warning", DOUBT],
      ["c.ts", 1, "error", undefined],
    ]);
  });

  it("knows modules that a declaration names, as those of Node and of bundlers", () => {
    const files = {
      "tsconfig.json": "{}",
      "modules.d.ts":
        'declare module "made:up" { export const one: string; }\ndeclare module "*.svg" { const path: string; export default path; }\n',
      "a.ts": 'import { one } from "made:up";\nexport const a: number = one;\n',
      "b.ts": 'import path from "pictures/b.svg";\nexport const b: number = path;\n',
    };
    const { findings, skipped } = new Projects(plant(files), Object.keys(files)).diagnose(["a.ts", "b.ts"]);
    expect(findings.map(({ file, line, severity }) => [file, line, severity])).toEqual([
      ["a.ts", 2, "error"],
      ["b.ts", 2, "error"],
    ]);
    expect(skipped).toEqual({});
  });

  it("uses the tsconfig of the repository for a directory in it", () => {
    const files = { "tsconfig.json": '{ "compilerOptions": { "strict": true } }', "part/a.ts": "export const read = (one) => one;\n" };
    const root = plant(files);
    expect(placesOf(new Projects(join(root, "part"), ["a.ts"]).diagnose(["a.ts"]))).toEqual([]);
    mkdirSync(join(root, ".git"));
    expect(placesOf(new Projects(join(root, "part"), ["a.ts"]).diagnose(["a.ts"]))).toEqual(["a.ts:1 TS7006"]);
  });

  it("checks files of no tsconfig for syntax only, and says so", () => {
    const { findings, skipped } = new Projects(plant(), CODE).diagnose(["scripts/outside.ts"]);
    expect(findings).toEqual([]);
    expect(skipped).toEqual({ [SYNTAX_ONLY]: 1 });
  });

  it("checks types also where there is no tsconfig at all, and builds one program for all batches", () => {
    const files = { "a.ts": 'export const a: number = "one";\n', "b.ts": 'import { a } from "./a.ts";\nexport const b: string = a;\n' };
    const built: (string | undefined)[] = [];
    const projects = new Projects(plant(files), ["a.ts", "b.ts"], (config) => built.push(config));
    expect([...placesOf(projects.diagnose(["a.ts"])), ...placesOf(projects.diagnose(["b.ts"]))]).toEqual([
      "a.ts:1 TS2322",
      "b.ts:2 TS2322",
    ]);
    expect(built).toEqual([undefined]);
  });

  it("uses the tsconfig nearest to each file", () => {
    const wrong = "export const read = (one) => one;\n";
    const root = plant({
      "tsconfig.json": "{}",
      "a.ts": wrong,
      "strict/tsconfig.json": '{ "compilerOptions": { "strict": true } }',
      "strict/b.ts": wrong,
    });
    expect(placesOf(new Projects(root, ["a.ts", "strict/b.ts"]).diagnose(["a.ts", "strict/b.ts"]))).toEqual(["strict/b.ts:1 TS7006"]);
  });

  it("builds a program once although files of other projects come between", () => {
    const files = { "tsconfig.json": "{}", "a.ts": "", "b/tsconfig.json": "{}", "b/b.ts": "", "c.ts": "" };
    const built: (string | undefined)[] = [];
    const code = ["a.ts", "b/b.ts", "c.ts"];
    const projects = new Projects(plant(files), code, (config) => built.push(config));
    for (const file of code) projects.diagnose([file]);
    expect(built).toEqual(["tsconfig.json", "b/tsconfig.json"]);
  });

  it("reports a tsconfig that is broken, and still checks the files", () => {
    const root = plant({
      "tsconfig.json": '{ "extends": "./none.json", "compilerOptions": { "strict": 1 } }',
      "a.ts": "export const = 1;\n",
    });
    const places = placesOf(new Projects(root, ["a.ts"]).diagnose(["a.ts"]));
    expect(places).toEqual(expect.arrayContaining(["a.ts:1 TS1134"]));
    expect(places.filter((place) => place.startsWith("tsconfig.json")).length).toBeGreaterThan(0);
  });

  it("says which files are gone since they were listed", () => {
    const root = plant({ "a.ts": "" });
    rmSync(join(root, "a.ts"));
    expect(new Projects(root, ["a.ts"]).diagnose(["a.ts"])).toEqual({ findings: [], skipped: { "files that cannot be read any more": 1 } });
  });

  it("answers from a thread of its own with the same findings, and can be stopped", async () => {
    const root = plant();
    const compiler = new Compiler(root, CODE, () => undefined);
    expect(await compiler.diagnose(["src/wrong-type.ts"])).toEqual(new Projects(root, CODE).diagnose(["src/wrong-type.ts"]));
    const stop = new AbortController();
    const asked = compiler.diagnose(CODE, stop.signal);
    stop.abort();
    await expect(asked).rejects.toThrow("stopped");
    await compiler.close();
  });
});

describe("the search for secrets", () => {
  it("finds tokens in any text, UTF-16 included, with line and column, and never repeats them", async () => {
    const analysed = await findSecrets(plant(), ["deploy.txt", "src/wide.ts", "package.json", "gone.txt"]);
    expect(analysed.findings.map(({ file, line, column, severity }) => [file, line, column, severity])).toEqual([
      ["deploy.txt", 2, 7, "error"],
      ["src/wide.ts", 1, 23, "error"],
    ]);
    expect(JSON.stringify(analysed)).not.toContain(TOKEN);
    expect(analysed.skipped).toEqual({ "files that cannot be read any more (ENOENT)": 1 });
  });

  it("masks a secret in a text that is to be shown, and leaves the rest", async () => {
    expect(await maskSecrets(`Type '"${TOKEN}"' is wrong.`)).toBe(`Type '"${"*".repeat(TOKEN.length)}"' is wrong.`);
    expect(await maskSecrets("nothing to hide")).toBe("nothing to hide");
  });
});

describe("the search for secrets in oddly named files", () => {
  it("goes by the name's plain characters", async () => {
    const files = { "a\nb||c.ts": `"${TOKEN}"`, "x/.npmrc": `//registry.npmjs.org/:_authToken=npm_${"a1B2c3D4e5F6".repeat(3)}\n` };
    const { findings } = await findSecrets(plant(files), Object.keys(files));
    expect(new Set(findings.map((one) => one.file))).toEqual(new Set(Object.keys(files)));
  });
});

describe("the lint of complexity", () => {
  it("finds complex functions and doubtful code, whatever the files are called", async () => {
    const files = ["src/tangled.ts", "src/windows.ts", "src/line\nbreak.ts", "src/`tick` [x](y) *b*.ts", "src/wrong-type.ts"];
    const { findings, skipped } = await findComplexity(plant(), files);
    expect(findings.map(({ file, line, rule }) => [file, line, rule]).sort()).toEqual(
      [
        ["src/`tick` [x](y) *b*.ts", 1, "eslint(no-debugger)"],
        ["src/line\nbreak.ts", 1, "eslint(no-debugger)"],
        ["src/tangled.ts", 1, "eslint(complexity)"],
        ["src/windows.ts", 2, "eslint(no-debugger)"],
      ].sort(),
    );
    expect(skipped).toEqual({});
  });

  it("leaves syntax errors to the compiler, and says what it could not read", async () => {
    const { findings, skipped } = await findComplexity(plant(), ["src/syntax.ts", "src/latin.ts", "src/wide.ts", "src/gone.ts"]);
    expect(findings).toEqual([]);
    expect(skipped).toEqual({
      "files in another encoding than UTF-8, not linted": 2,
      "files with syntax errors, not linted": 1,
      "files that are gone": 1,
    });
  });
});

describe("reading text", () => {
  it("takes UTF-8, UTF-16 by its mark, and anything else as Latin-1", () => {
    expect(decode(Buffer.from("\u00e9", "utf8"))).toBe("\u00e9");
    expect(decode(Buffer.from("\ufeff\u00e9", "utf16le"))).toBe("\u00e9");
    expect(decode(Uint8Array.from([0xfe, 0xff, 0x00, 0xe9]))).toBe("\u00e9");
    expect(decode(Uint8Array.from([0xe9]))).toBe("\u00e9");
  });
});
