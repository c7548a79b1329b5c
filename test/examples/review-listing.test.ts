import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findRoot } from "../../examples/review/agents/planner.js";
import { nodeFiles, type FileSystem } from "../../examples/review/analysis/file-system.js";
import { Limits, listFiles } from "../../examples/review/analysis/listing.js";
import { plant, temporaryFolder } from "../fixtures/review/project.js";

const limits = (some: Partial<Limits> = {}): Limits => Limits.parse(some);
const denied = Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
const reasonsOf = (listing: { leftOut: readonly { reason: string; count: number }[] }) =>
  Object.fromEntries(listing.leftOut.map(({ reason, count }) => [reason, count]));

describe("the files of a review", () => {
  it("are the text files that git would keep; what is left out is counted by reason", async () => {
    const listing = await listFiles(plant(), limits());
    expect(listing.files).toEqual([
      ".gitignore",
      "deploy.txt",
      "logs/.gitignore",
      "logs/kept.log",
      "package.json",
      "scripts/outside.ts",
      "src/`tick` [x](y) *b*.ts",
      "src/dependency.ts",
      "src/latin.ts",
      "src/line\nbreak.ts",
      "src/quotes-a-token.ts",
      "src/relative.ts",
      "src/syntax.ts",
      "src/tangled.ts",
      "src/wide.ts",
      "src/windows.ts",
      "src/wrong-type.ts",
      "tsconfig.json",
    ]);
    expect(reasonsOf(listing)).toEqual({
      binary: 1,
      "folders of generated or foreign files": 2,
      "ignored by .gitignore": 3,
      "symbolic links, not followed": 2,
    });
  });

  it("follow the ignore files of the repository around the directory, unless they ignore the directory itself", async () => {
    const root = plant({ ".gitignore": "*.tmp\n/made/\n", "part/a.ts": "", "part/b.tmp": "", "made/c.tmp": "", "made/d.ts": "" });
    mkdirSync(join(root, ".git"));
    expect((await listFiles(join(root, "part"), limits())).files).toEqual(["a.ts"]);
    expect((await listFiles(join(root, "made"), limits())).files).toEqual(["c.tmp", "d.ts"]);
  });

  it("near ones come first when there are more than the limit", async () => {
    const root = plant({ "a/deep/1.txt": "", "a/2.txt": "", "z.txt": "", "b.txt": "" });
    const listing = await listFiles(root, limits({ files: 3 }));
    expect(listing.files).toEqual(["a/2.txt", "b.txt", "z.txt"]);
    expect(reasonsOf(listing)).toEqual({ "beyond the limit of 3 files": 1 });
  });

  it("stop at the limits of size, of all sizes, of depth and of names", async () => {
    const root = plant({ "1.txt": "123", "2.txt": "1234567890", "3.txt": "123", "a/b/4.txt": "1" });
    expect(reasonsOf(await listFiles(root, limits({ fileBytes: 5 })))).toEqual({ "larger than 5 bytes": 1 });
    expect(reasonsOf(await listFiles(root, limits({ totalBytes: 6 })))).toEqual({ "beyond the limit of 6 bytes in all": 2 });
    expect(reasonsOf(await listFiles(root, limits({ depth: 1 })))).toEqual({ "deeper than 1 folders": 1 });
    const walked = await listFiles(root, limits({ entries: 2 }));
    expect(walked.files).toEqual(["1.txt", "2.txt"]);
    expect(reasonsOf(walked)).toEqual({ "not looked at: the walk ended after 2 names": 2 });
  });

  it("that cannot be read, and folders that cannot, are left out with the system's reason", async () => {
    const root = plant({ "open.ts": "", "closed.ts": "", "locked/a.ts": "" });
    const files: FileSystem = {
      ...nodeFiles,
      head: (path, bytes) => (path.endsWith("closed.ts") ? Promise.reject(denied) : nodeFiles.head(path, bytes)),
      readdir: (path) => (path.endsWith("locked") ? Promise.reject(denied) : nodeFiles.readdir(path)),
    };
    const listing = await listFiles(root, limits(), { files });
    expect(listing.files).toEqual(["open.ts"]);
    expect(listing.leftOut).toEqual([{ reason: "cannot be read (EACCES)", count: 2, examples: ["closed.ts", "locked/"] }]);
  });

  it("cannot be listed when the directory itself cannot be read", async () => {
    const files: FileSystem = { ...nodeFiles, readdir: () => Promise.reject(denied) };
    await expect(listFiles(temporaryFolder(), limits(), { files })).rejects.toBe(denied);
  });

  it("do not hold the review's own output", async () => {
    const root = plant({ "a.ts": "", "review.md": "", "docs/review.md": "" });
    expect((await listFiles(root, limits(), { except: ["review.md"] })).files).toEqual(["a.ts", "docs/review.md"]);
  });

  it("are not listed any further once the review is stopped", async () => {
    await expect(listFiles(plant(), limits(), { signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
  });
});

describe("the directory of a review", () => {
  it("may be given by a link, and is then the directory behind it", async () => {
    const root = plant({ "a.ts": "" });
    symlinkSync(root, join(root, "..", "link"));
    expect(await findRoot(join(root, "..", "link"))).toEqual({ ok: true, root });
  });

  it("is refused with the reason when it is a file, not there, or behind a dangling link", async () => {
    const root = plant({ "a.ts": "" });
    symlinkSync("nowhere", join(root, "dangling"));
    expect(await findRoot(join(root, "a.ts"))).toMatchObject({ ok: false, problem: expect.stringContaining("is a file") as string });
    expect(await findRoot(join(root, "none"))).toMatchObject({
      ok: false,
      problem: expect.stringContaining("there is no directory") as string,
    });
    expect(await findRoot(join(root, "dangling"))).toMatchObject({ ok: false });
    expect(await findRoot(join(root, "a.ts", "b"))).toMatchObject({ ok: false });
  });
});
