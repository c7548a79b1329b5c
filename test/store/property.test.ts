import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InMemoryStore, type Item, type MatchCondition, type Operation } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { SqliteStore } from "../../src/sqlite/index.js";
import { runs } from "../runs.js";

const folder = mkdtempSync(join(tmpdir(), "phasegraph-store-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

// labels of one letter: to InMemoryStore ["a"] is a prefix of ["ab"] too
const label = fc.constantFrom("a", "b", "c");
const namespace = fc.array(label, { minLength: 1, maxLength: 4 });
const path = fc.array(fc.constantFrom("a", "b", "c", "*"), { minLength: 1, maxLength: 3 });
const key = fc.constantFrom("k", "l", "ä m", "", "__proto__");
const scalar = fc.oneof(fc.constantFrom<unknown>(0, 1, 2, -3.5, "x", "2", "", true, false, null), fc.string({ maxLength: 5 }));
const value = fc
  .record({ n: fc.integer({ min: -2, max: 3 }), s: scalar, rest: fc.jsonValue({ maxDepth: 3 }) }, { requiredKeys: ["n"] })
  .map((made) => JSON.parse(JSON.stringify(made)) as Record<string, unknown>); // JSON knows no -0
const condition = fc.oneof(
  scalar,
  fc.dictionary(fc.constantFrom("$eq", "$ne", "$gt", "$gte", "$lt", "$lte"), fc.oneof(fc.integer({ min: -2, max: 3 }), scalar), {
    minKeys: 1,
    maxKeys: 2,
  }),
);
const filter = fc.dictionary(fc.constantFrom("n", "s", "none"), condition, { maxKeys: 2 });
const match: fc.Arbitrary<MatchCondition> = fc.record({ matchType: fc.constantFrom("prefix", "suffix"), path });

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ namespace, key, value }) },
  { weight: 2, arbitrary: fc.record({ namespace, key, value: fc.constant(null) }) },
  { weight: 2, arbitrary: fc.record({ namespace, key }) },
  { weight: 3, arbitrary: fc.record({ namespacePrefix: fc.array(label, { maxLength: 3 }), filter, limit: fc.constant(1000) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      matchConditions: fc.array(match, { maxLength: 2 }),
      maxDepth: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
      limit: fc.integer({ min: 0, max: 6 }),
      offset: fc.nat(3),
    }) as fc.Arbitrary<Operation>, // an undefined depth is as good as none
  },
);
const program = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.array(operation, { minLength: 1, maxLength: 6 }) },
    { weight: 1, arbitrary: fc.constant("reopen" as const) },
  ),
  {
    minLength: 1,
    maxLength: 25,
  },
);

/** An answer without what may differ: times, and the order of a search, which InMemoryStore gives namespace by namespace. */
function plain(result: unknown): unknown {
  const item = ({ namespace: of, key: name, value: held }: Item) => ({ namespace: of, key: name, value: held });
  if (Array.isArray(result) && result.every((entry) => Array.isArray(entry))) return result;
  if (Array.isArray(result))
    return (result as Item[])
      .map(item)
      .toSorted((a, b) => (JSON.stringify([a.namespace, a.key]) < JSON.stringify([b.namespace, b.key]) ? -1 : 1));
  return result === null || result === undefined ? null : item(result as Item); // a get gives nothing else
}

/** InMemoryStore gives its own item, which a put of the same batch then changes: not to be copied. */
function withoutAliases(batch: readonly Operation[]): Operation[] {
  const nameOf = (one: Operation) => ("key" in one ? JSON.stringify([one.namespace, one.key]) : "");
  const put = new Set(batch.filter((one) => "value" in one).map(nameOf));
  return batch.filter((one) => !("key" in one) || "value" in one || !put.has(nameOf(one)));
}

/** InMemoryStore remembers namespaces whose last item is gone. */
function forgetEmpty(memory: InMemoryStore): void {
  const { data } = memory as unknown as { data: Map<string, Map<string, Item>> }; // private, but there
  for (const [name, items] of data) if (items.size === 0) data.delete(name);
}

describe("a store on SQLite", () => {
  it("answers as InMemoryStore does, after any program of batches and reopenings", async () => {
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        const file = join(folder, `${(files += 1)}.db`);
        const memory = new InMemoryStore();
        let store = new SqliteStore(file);
        for (const step of steps) {
          if (step === "reopen") {
            store.close();
            store = new SqliteStore(file);
            continue;
          }
          const batch = withoutAliases(step);
          const expected = (await memory.batch(structuredClone(batch))).map((result) => plain(structuredClone(result)));
          forgetEmpty(memory);
          expect((await store.batch(batch)).map(plain)).toEqual(expected);
        }
        const everything: Operation[] = [{ namespacePrefix: [], limit: 1000 }];
        expect((await store.batch(everything)).map(plain)).toEqual((await memory.batch(everything)).map(plain));
        const pages: Item[] = [];
        for (
          let page = await store.search([], { limit: 3 });
          page.length > 0;
          page = await store.search([], { limit: 3, offset: pages.length })
        )
          pages.push(...page);
        expect(plain(pages)).toEqual(plain(await store.search([], { limit: 1000 })));
        store.close();
      }),
      { numRuns: runs(30, 150) },
    );
  });
});
