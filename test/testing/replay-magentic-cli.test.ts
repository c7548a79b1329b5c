import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundled } from "../bundled.js";

const ROOT = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "replay-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);
const file = (name: string, content: string | Buffer) => {
  writeFileSync(path(name), content);
  return path(name);
};
const recorded = (name: string) => `test/fixtures/magentic-one/${name}.json`;

let script: string;
beforeAll(async () => {
  script = await bundled("scripts/replay-magentic.ts");
});

/** The script with the arguments of `npm run replay:magentic -- …`. */
const replay = (...args: readonly string[]) =>
  new Promise<{ code: number; out: string; err: string }>((done) => {
    execFile(process.execPath, [script, ...args], { cwd: ROOT, timeout: 30_000 }, (error, out, err) => {
      done({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });

describe("G4 npm run replay:magentic", () => {
  it("is a script of the package", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> };
    expect(scripts["replay:magentic"]).toBe("tsx scripts/replay-magentic.ts");
  });

  it("reports round by round, and writes what it found as JSON", async () => {
    const { code, out, err } = await replay(recorded("51"), recorded("24"), "--json", path("out.json"));
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/ 7 {2}Assistant .* loop, stall, NEW PLAN/);
    expect(out).toContain(
      "32 of 32 ledgers in JSON followed; 16 stalls, 15 loops; new plans after 7, 10; ended by its limits (stalled) after 24, 8 rounds saved",
    );
    expect(JSON.parse(readFileSync(path("out.json"), "utf8"))).toEqual({
      runs: [
        {
          file: recorded("51"),
          rounds: 32,
          ledgers: 32,
          agreed: 32,
          stalls: 16,
          loops: 15,
          replanAt: [7, 10],
          stopAt: 24,
          roundsSaved: 8,
          unused: [],
        },
        {
          file: recorded("24"),
          rounds: 1,
          ledgers: 1,
          agreed: 1,
          stalls: 0,
          loops: 0,
          replanAt: [],
          stopAt: null,
          roundsSaved: 0,
          unused: [],
        },
      ],
    });
  });

  it("says of each bad file what is wrong with it, and replays the others", async () => {
    const bad = {
      [path("missing.json")]: "there is no such file",
      [folder]: "this is a directory; give the files in it",
      [file("empty.json", "")]: "the file is empty",
      [file("blank.json", " \n")]: "The log: it is empty",
      [file("binary.json", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2]))]: "this is a binary file, no JSON text",
      [file("latin.json", Buffer.from([0x7b, 0xe4, 0x7d]))]: "this is a binary file, no JSON text",
      [file("broken.json", '{"history": [')]: "The log: it is not JSON",
      [file("other.json", '{"messages": []}')]: "The log: it has no history",
    };
    const { code, out, err } = await replay(...Object.keys(bad), recorded("6"), "--json", path("mixed.json"));
    expect(code).toBe(1);
    const lines = err.trim().split("\n");
    expect(lines.length).toBe(Object.keys(bad).length);
    for (const [index, [name, why]] of Object.entries(bad).entries()) expect(lines[index]).toContain(`${name}: ${why}`);
    expect(out).toContain("2 of 2 ledgers");
    expect(JSON.parse(readFileSync(path("mixed.json"), "utf8"))).toMatchObject({ runs: [{ file: recorded("6") }] });
  });

  it("a BOM does no harm, and limits can be given", async () => {
    const withBom = file("bom.json", `\uFEFF${readFileSync(join(ROOT, recorded("36")), "utf8")}`);
    const { code, out } = await replay(withBom, "--max-rounds", "5");
    expect(code).toBe(0);
    expect(out).toContain("ended by its limits (rounds) after 5, 18 rounds saved");
  });

  it.each([
    [[], "Give at least one file."],
    [["--nope"], "--nope"],
    [["--json"], "--json"],
    [[recorded("6"), "--max-rounds", "0"], "--max-rounds takes a whole number from 1 up"],
    [[recorded("6"), "--max-stalls", "many"], "--max-stalls takes a whole number from 1 up"],
  ])("wrong arguments %j end with 2 and the help", async (args, why) => {
    const { code, err } = await replay(...args);
    expect(code).toBe(2);
    expect(err).toContain(why);
    expect(err).toContain("npm run replay:magentic -- FILE…");
  });

  it("an OUT that cannot be written is an error", async () => {
    const { code, err } = await replay(recorded("6"), "--json", path("no/such/folder/out.json"));
    expect(code).toBe(1);
    expect(err).toContain("cannot be written");
  });

  it("--help helps", async () => {
    expect(await replay("--help")).toMatchObject({ code: 0, out: expect.stringContaining("--json OUT") as unknown, err: "" });
  });
});
