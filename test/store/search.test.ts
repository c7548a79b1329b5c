import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, describe, expect, it } from "vitest";
import { PhasegraphError } from "../../src/base/errors.js";
import { SqliteStore } from "../../src/sqlite/index.js";
import { WordEmbeddings } from "./embedding.js";

const folder = mkdtempSync(join(tmpdir(), "phasegraph-search-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const keys = (items: readonly { readonly key: string }[]): string[] => items.map((item) => item.key);

describe("full-text search", () => {
  async function library(text?: readonly string[] | false) {
    const store = new SqliteStore(":memory:", text === undefined ? {} : { text });
    await store.put(["books"], "whale", { title: "Moby Dick", text: "Call me Ishmael. A whale, a white whale!" });
    await store.put(["books"], "sea", {
      title: "The Sea",
      text: "One whale is seen once in all this long tale of waves and weather and harbours",
    });
    await store.put(["books"], "bees", { title: "Bees", text: "Honey", deep: [{ note: "Über Bienen" }], year: 1998 });
    await store.put(["films"], "jaws", { title: "Jaws", text: "no whale" });
    return store;
  }

  it("finds words wherever they stand, the best first, and nothing that has none of them", async () => {
    const store = await library();
    const found = await store.search(["books"], { query: "whale" });
    expect(keys(found)).toEqual(["whale", "sea"]);
    expect(found[0]?.score).toBeGreaterThan(found[1]?.score ?? Number.NaN);
    expect(keys(await store.search([], { query: "whale", limit: 10 }))).toHaveLength(3);
    expect(keys(await store.search(["books"], { query: "uber bienen" }))).toEqual(["bees"]);
    expect(keys(await store.search(["books"], { query: "1998" }))).toEqual(["bees"]);
    expect(keys(await store.search(["books"], { query: "honey or ISHMAEL?" })).toSorted()).toEqual(["bees", "whale"]);
    expect(keys(await store.search(["books"], { query: "whale", filter: { title: "The Sea" } }))).toEqual(["sea"]);
    expect(keys(await store.search(["books"], { query: "whale", limit: 1, offset: 1 }))).toEqual(["sea"]);
    expect(await store.search(["books"], { query: "title" })).toEqual([]); // the name of a field is no text
  });

  it("takes any query as words, never as a query language", async () => {
    const store = await library();
    for (const query of ['"', "whale AND NOT (", 'text: "whale', "NEAR(whale, 2", "*", "-- ;", "whale*", "\u0000", "' OR 1=1"])
      expect(keys(await store.search(["books"], { query })).toSorted()).toEqual(/whale/.test(query) ? ["sea", "whale"] : []);
  });

  it("follows changes: what was replaced, deleted or not to be indexed is not found", async () => {
    const store = await library();
    await store.put(["books"], "whale", { text: "a trout" });
    await store.delete(["books"], "sea");
    await store.put(["films"], "jaws", { text: "no whale" }, false);
    await store.put(["films"], "free", { text: "whale", secret: "password" }, ["text"]);
    expect(keys(await store.search([], { query: "whale trout password" }))).toHaveLength(2);
    expect(keys(await store.search([], { query: "password" }))).toEqual([]);
  });

  it("looks into the fields it is told, or into none", async () => {
    const some = await library(["title", "deep[*].note"]);
    expect(keys(await some.search(["books"], { query: "whale" }))).toEqual([]);
    expect(keys(await some.search(["books"], { query: "bienen sea" })).toSorted()).toEqual(["bees", "sea"]);
    const none = await library(false);
    expect(await none.search(["books"], { query: "whale" })).toEqual([]);
  });
});

describe("search by meaning", () => {
  it("joins meaning and words by their places: what both lists hold high comes first", async () => {
    const embeddings = new WordEmbeddings();
    const store = new SqliteStore(":memory:", { index: { dims: 64, embeddings, fields: ["summary"] }, text: ["text"] });
    await store.put(["n"], "both", { summary: "alpha zebra", text: "gamma alpha" });
    await store.put(["n"], "meaning", { summary: "alpha", text: "nothing" });
    await store.put(["n"], "words", { summary: "unrelated", text: "alpha alpha" });
    const found = await store.search(["n"], { query: "alpha" });
    // places: by meaning 1 meaning, 2 both, 3 words; by words 1 words, 2 both
    expect(found.map(({ key, score }) => [key, score])).toEqual([
      ["words", 1 / 63 + 1 / 61],
      ["both", 1 / 62 + 1 / 62],
      ["meaning", 1 / 61],
    ]);
    expect(keys(await store.search(["n"], { query: "alpha", ranking: "vector" }))).toEqual(["meaning", "both", "words"]);
    expect(keys(await store.search(["n"], { query: "alpha", ranking: "text" }))).toEqual(["words", "both"]);
  });

  it("gives the nearest of many exactly, below the prefix and through the filter", async () => {
    const embeddings = new WordEmbeddings();
    const store = new SqliteStore(":memory:", { index: { dims: 64, embeddings } });
    const words = ["red", "green", "blue", "round", "square", "large", "small"];
    const texts = Array.from({ length: 200 }, (_, index) =>
      [index, index * 3, index * 5 + 1].map((n) => words[n % words.length]).join(" "),
    );
    await store.batch(
      texts.map((text, index) => ({ namespace: ["s", index % 2 === 0 ? "even" : "odd"], key: String(index), value: { text, index } })),
    );
    expect(embeddings.calls).toBe(1); // a batch is embedded at once
    const [wanted, ...all] = await embeddings.embedDocuments([
      "red round large",
      ...texts.map((text, index) => JSON.stringify({ text, index }, undefined, 2)),
    ]);
    const cosine = (a: readonly number[], b: readonly number[]) =>
      a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0) / (Math.hypot(...a) * Math.hypot(...b));
    const expected = all
      .map((vector, index) => ({ index, score: cosine(wanted ?? [], vector) }))
      .filter(({ index }) => index % 2 === 0 && index >= 50)
      .toSorted((a, b) => b.score - a.score);
    const found = await store.search(["s", "even"], {
      query: "red round large",
      ranking: "vector",
      filter: { index: { $gte: 50 } },
      limit: 20,
    });
    expect(found.map(({ score }) => score?.toFixed(4))).toEqual(expected.slice(0, 20).map(({ score }) => score.toFixed(4)));
  });

  it("forgets the vectors of what was replaced or deleted", async () => {
    const store = new SqliteStore(":memory:", { index: { dims: 64, embeddings: new WordEmbeddings(), fields: ["parts[*]"] } });
    await store.put(["n"], "k", { parts: ["one", "two", "three"] });
    await store.put(["n"], "k", { parts: ["four"] });
    expect((await store.search(["n"], { query: "three", ranking: "vector" }))[0]?.score).toBe(0);
    await store.delete(["n"], "k");
    await store.put(["n"], "k", { parts: ["five"] }, false);
    expect((await store.search(["n"], { query: "four", ranking: "vector" }))[0]?.score).toBeUndefined();
  });

  it("says what is wrong: vectors of another length, a ranking without an index", async () => {
    const file = join(folder, "dims.db");
    new SqliteStore(file, { index: { dims: 64, embeddings: new WordEmbeddings() } }).close();
    expect(() => new SqliteStore(file, { index: { dims: 32, embeddings: new WordEmbeddings(32) } })).toThrow(
      "the file holds vectors of 64",
    );
    const wrong = new SqliteStore(file, { index: { dims: 64, embeddings: new WordEmbeddings(16) } });
    await expect(wrong.put(["n"], "k", { text: "x" })).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      problem: "a vector of 16 numbers was given",
    });
    expect(await wrong.get(["n"], "k")).toBeNull();
    wrong.close();
    const plain = new SqliteStore(":memory:");
    await expect(plain.search(["n"], { query: "x", ranking: "vector" })).rejects.toMatchObject({ code: "INVALID_REQUEST" });
  });

  it(
    "without the package sqlite-vec all but vectors works, and an index is refused with what to install",
    { timeout: 30_000 },
    async () => {
      // a folder whose node_modules has better-sqlite3 and nothing else
      const bare = join(folder, "bare");
      mkdirSync(join(bare, "node_modules"), { recursive: true });
      for (const name of ["better-sqlite3", "bindings", "file-uri-to-path"])
        symlinkSync(realpathSync(join("node_modules", name)), join(bare, "node_modules", name));
      const script = join(bare, "script.mjs");
      const contents = `
      import { SqliteStore } from "./src/sqlite/index.js";
      const store = new SqliteStore(":memory:");
      await store.put(["n"], "k", { text: "found" });
      const found = await store.search(["n"], { query: "found" });
      let refusal;
      try { new SqliteStore(":memory:", { index: { dims: 3, embeddings: {} } }); } catch (error) { refusal = error; }
      console.log(JSON.stringify([found.length, refusal?.code, refusal?.message]));`;
      await build({
        stdin: { contents, resolveDir: process.cwd(), loader: "ts" },
        outfile: script,
        bundle: true,
        external: ["better-sqlite3", "sqlite-vec"],
        platform: "node",
        format: "esm",
        banner: { js: 'import { createRequire as make } from "node:module"; const require = make(import.meta.url);' },
      });
      const [found, code, message] = JSON.parse(
        execFileSync(process.execPath, ["--preserve-symlinks", script], { encoding: "utf8", cwd: bare }),
      ) as unknown[];
      expect([found, code]).toEqual([1, "INVALID_REQUEST"]);
      expect(message).toMatch(/sqlite-vec, which cannot be loaded.*expected npm install sqlite-vec/s);
      expect(PhasegraphError.is(message)).toBe(false);
    },
  );
});
