import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startReview } from "../fixtures/review/process.js";
import { plant, temporaryFolder, TOKEN, TSCONFIG } from "../fixtures/review/project.js";
import { runs, SOAK } from "../runs.js";

/** Where a review of its own keeps what it writes. */
function places() {
  const folder = temporaryFolder();
  const out = join(folder, "out");
  const store = join(folder, "store", "review.sqlite");
  return { folder, out, store, flags: ["--out", out, "--store", store], report: () => readFileSync(join(out, "review.md"), "utf8") };
}

/** Enough files for a review that can be stopped in its middle; each has an error and two warnings. */
const manyFiles = (count: number): Record<string, string> => ({
  "tsconfig.json": TSCONFIG,
  ...Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `src/file-${String(index).padStart(3, "0")}.ts`,
      `export const wrong: number = "${index}";\nexport function same(one: number) { debugger; return one !== one; }\n`,
    ]),
  ),
});

/** The batches a run printed, by where they came from: `compiler 4`. */
function batches(output: string) {
  const lines = [...output.matchAll(/(\w+) +batch (\d+) of \d+: (from the checkpoint|\d+ files? analysed)/g)];
  const of = (isStored: boolean): string[] =>
    lines.filter(([, , , source]) => (source === "from the checkpoint") === isStored).map(([, agent, batch]) => `${agent} ${batch}`);
  return { analysed: of(false), stored: of(true) };
}

const agentOf = (batch: string): string => batch.split(" ", 1).join();

/** What was analysed although it was stored. A reviewer's last batch before a kill may have been told before it was stored. */
const again = (stored: readonly string[], analysed: readonly string[]): string[] => analysed.filter((batch) => stored.includes(batch));

describe("npm run demo", () => {
  it("reviews a directory without a key: tells who works on what, and leaves the report and a picture", async () => {
    const { out, store, flags, report } = places();
    const root = plant();
    const { code, output } = await startReview([root, ...flags]).ended;
    expect(code, output).toBe(0);
    for (const line of [
      /agents +plain functions/,
      /planner +project: 18 files/,
      /compiler +takes over from planner/,
      /secrets +batch 1 of 1: 18 files analysed; 3 errors/,
      /editor +takes over from (?=.*secrets)(?=.*compiler)(?=.*complexity)/,
      /qa +Approved/,
      /18 files reviewed: 8 errors, 4 warnings/,
    ]) {
      expect(output).toMatch(line);
    }
    const markdown = report();
    for (const text of [
      "plain functions",
      "`deploy.txt:2:7`",
      "`src/wrong-type.ts:1:14`",
      "`src/line\\nbreak.ts:1:1`",
      "`` src/`tick` [x](y) *b*.ts:1:1 ``",
      "eslint(complexity)",
      "1 binary (image.png)",
      "1 compiler messages about imports that are not installed",
      "Approved in round 1",
      "```mermaid",
    ]) {
      expect(markdown).toContain(text);
    }
    expect(readFileSync(join(out, "review.mmd"), "utf8")).toMatch(/planner[\s\S]*editor[\s\S]*qa/);
    expect(readdirSync(out).sort()).toEqual(["review.md", "review.mmd"]);
    const stored = readdirSync(join(store, "..")).map((file) => readFileSync(join(store, "..", file), "latin1"));
    for (const text of [output, markdown, ...stored]) expect(text.includes(TOKEN)).toBe(false);

    rmSync(join(out, "review.md"));
    const again = await startReview([root, ...flags]).ended;
    expect(again.code).toBe(0);
    expect(again.output).toContain("This review is finished");
    expect(again.output).toContain(join(out, "review.md"));
    expect(batches(again.output)).toEqual({ analysed: [], stored: [] });
    expect(report()).toBe(markdown);

    writeFileSync(join(root, "deploy.txt"), "clean\n");
    const fresh = await startReview([root, ...flags, "--fresh"]).ended;
    expect(fresh.output).toContain("18 files reviewed: 7 errors, 4 warnings");
    expect(report()).not.toContain("deploy.txt");
  }, 90_000);

  it("goes on after kill -9 where it stopped, analyses nothing again, and ends with the report of an undisturbed run", async () => {
    const root = plant(manyFiles(runs(20, 60)));
    const quiet = places();
    const undisturbed = startReview([root, ...quiet.flags, "--batch", "3"]);
    const hit = places();
    const args = [root, ...hit.flags, "--batch", "3", "--thread", "hit"];
    let acknowledged: string[] = [];
    for (const line of ["complexity  batch 2 ", "compiler    batch 3 "].slice(0, runs(1, 2))) {
      const run = startReview(args);
      await run.saw(line);
      process.kill(-(run.child.pid ?? 0), "SIGKILL");
      const { signal, output } = await run.ended;
      expect(signal).toBe("SIGKILL");
      const { analysed } = batches(output);
      expect(again(acknowledged, analysed)).toEqual([]);
      acknowledged = [
        ...acknowledged,
        ...analysed.filter((one, index) => analysed.slice(index + 1).some((later) => agentOf(later) === agentOf(one))),
      ];
    }
    const last = await startReview(args).ended;
    expect(last.code, last.output).toBe(0);
    expect(last.output).toMatch(/resumed where it stopped; done before: .*planner/);
    const after = batches(last.output);
    expect(again(acknowledged, after.analysed)).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(runs(1, 2));
    expect(after.stored.length).toBeGreaterThan(0);
    expect(after.analysed.length).toBeGreaterThan(0);
    expect((await undisturbed.ended).code).toBe(0);
    expect(hit.report()).toBe(quiet.report());
    if (SOAK) expect(hit.report()).toContain("Approved in round 2"); // 180 findings are more than a first draft lists
  }, 90_000);

  it("stops on Ctrl-C with the command to go on, which works", async () => {
    const { flags, report } = places();
    const args = [plant(manyFiles(20)), ...flags, "--batch", "2", "--thread", "my review"];
    const run = startReview(args);
    await run.saw("secrets     batch 2 ");
    run.child.kill("SIGINT");
    const stopped = await run.ended;
    expect(stopped.code, stopped.output).toBe(130);
    expect(stopped.output).toContain("Stopped. What was done is kept; go on with: npm run demo --");
    expect(stopped.output).toContain("--thread 'my review'");
    const { code, output } = await startReview(args).ended;
    expect(code, output).toBe(0);
    expect(output).toContain("resumed");
    expect(report()).toContain("Approved");
  }, 90_000);

  it("says what is wrong with a directory, and leaves nothing behind", async () => {
    const { folder, out, store, flags } = places();
    const root = plant({ "a.ts": "", "empty/keep/.gitignore": "*\n", "binary/a.bin": Uint8Array.from([0, 1]) });
    rmSync(join(root, "empty", "keep"), { recursive: true });
    mkdirSync(join(root, "empty"), { recursive: true });
    const cases = [
      [join(root, "none"), "there is no directory"],
      [join(root, "a.ts"), "is a file"],
      [join(root, "empty"), "is empty"],
      [join(root, "binary"), "1 binary (a.bin)"],
    ] as const;
    await Promise.all(
      cases.map(async ([path, problem], index) => {
        const { code, output } = await startReview([path, ...flags, "--store", `${store}-${index}`]).ended;
        expect([code, output]).toEqual([1, expect.stringContaining(problem)]);
      }),
    );
    expect(existsSync(out)).toBe(false);
    expect(readdirSync(folder)).toEqual(["store"]);
    expect(readdirSync(join(folder, "store")).some((file) => file.endsWith("-0") || file.endsWith("-1"))).toBe(false);
  }, 90_000);

  it("explains itself, and its exit codes", async () => {
    const [help, wrong] = await Promise.all([startReview(["--help"]).ended, startReview([".", "--rounds", "none"]).ended]);
    expect(help.code).toBe(0);
    for (const word of ["--thread", "--fresh", "--max-files", "OPENAI_API_KEY", "Exit code"]) expect(help.output).toContain(word);
    expect([wrong.code, wrong.output]).toEqual([1, expect.stringContaining("whole number")]);
  });
});
