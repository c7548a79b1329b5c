import { HumanMessage } from "@langchain/core/messages";
import { MessagesAnnotation, StateGraph } from "@langchain/langgraph";
import type { BaseStore } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import { WordEmbeddings } from "./embedding.js";

/** How a store is made for the suite. Every store of ours runs it, and `InMemoryStore`, which says what is right. */
export interface StoreUnderTest {
  readonly name: string;
  readonly open: (index?: { readonly dims: number; readonly embeddings: WordEmbeddings; readonly fields?: string[] }) => BaseStore;
  /** Whether only the parts of a namespace count; for `InMemoryStore` `["a"]` is a prefix of `["ab"]` too. */
  readonly knowsLabels: boolean;
}

const keys = (items: readonly { readonly key: string }[]): string[] => items.map((item) => item.key);

/** A search as InMemoryStore has it, which knows vectors only. */
const meaning = (query: string) => ({ query, ranking: "vector" as const });

/** What LangGraph says of a store. */
export function storeContract({ name, open, knowsLabels }: StoreUnderTest): void {
  describe(`${name} is a store`, () => {
    it("gives what was put, as it was put, and its times; a put again keeps the time of creation", async () => {
      const store = open();
      expect(await store.get(["users"], "ada")).toBeNull();
      const value = { name: "Ada", tags: ["a", "ä", "\u0000"], deep: { yes: true, none: null, n: -1.5 } };
      await store.put(["users", "x"], "ada", value);
      const item = await store.get(["users", "x"], "ada");
      expect(item).toMatchObject({ namespace: ["users", "x"], key: "ada", value });
      expect(item?.createdAt).toBeInstanceOf(Date);
      const created = item?.createdAt.getTime();
      await store.put(["users", "x"], "ada", { name: "Countess" });
      const again = await store.get(["users", "x"], "ada");
      expect(again?.value).toEqual({ name: "Countess" });
      expect(again?.createdAt.getTime()).toBe(created);
      expect(await store.get(["users"], "ada")).toBeNull();
      await store.delete(["users", "x"], "ada");
      await store.delete(["users", "x"], "nobody");
      expect(await store.get(["users", "x"], "ada")).toBeNull();
    });

    it("searches below a prefix, in the order of putting, page by page", async () => {
      const store = open();
      for (let index = 0; index < 25; index += 1) await store.put(["docs", index % 2 === 0 ? "even" : "odd"], `d${index}`, { index });
      await store.put(["other"], "o", { index: -1 });
      expect(await store.search(["docs"])).toHaveLength(10);
      expect(keys(await store.search(["docs", "even"], { limit: 3 }))).toEqual(["d0", "d2", "d4"]);
      expect(keys(await store.search(["docs", "even"], { limit: 3, offset: 11 }))).toEqual(["d22", "d24"]);
      const pages = [0, 10, 20].map(async (offset) => await store.search(["docs"], { offset }));
      expect(new Set(keys((await Promise.all(pages)).flat())).size).toBe(25);
      expect(await store.search([], { limit: 100 })).toHaveLength(26);
      expect(await store.search(["none"])).toEqual([]);
      expect((await store.search(["docs"]))[0]?.score).toBeUndefined();
    });

    it("filters by equality and by operators", async () => {
      const store = open();
      for (const [index, color] of ["red", "green", "red", "blue"].entries()) await store.put(["f"], `k${index}`, { index, color });
      await store.put(["f"], "bare", { color: "red" });
      const found = async (filter: Record<string, unknown>) => keys(await store.search(["f"], { filter })).toSorted();
      expect(await found({ color: "red" })).toEqual(["bare", "k0", "k2"]);
      expect(await found({ color: { $eq: "red" }, index: { $gte: 1 } })).toEqual(["k2"]);
      expect(await found({ color: { $ne: "red" } })).toEqual(["k1", "k3"]);
      expect(await found({ index: { $gt: 0, $lt: 3 } })).toEqual(["k1", "k2"]);
      expect(await found({ index: { $lte: 1 } })).toEqual(["k0", "k1"]);
      expect(await found({ color: "pink" })).toEqual([]);
      expect(keys(await store.search(["f"], { filter: { color: "red" }, limit: 1, offset: 1 }))).toEqual(["k2"]);
    });

    it("lists namespaces by prefix, suffix, wildcard and depth", async () => {
      const store = open();
      const all = [
        ["a", "b", "c"],
        ["a", "b", "d", "e"],
        ["a", "x", "c"],
        ["b", "c"],
        ["b", "y", "c"],
      ];
      for (const namespace of all) await store.put(namespace, "k", { n: 1 });
      expect(await store.listNamespaces()).toEqual(all);
      expect(await store.listNamespaces({ prefix: ["a", "b"] })).toEqual([all[0], all[1]]);
      expect(await store.listNamespaces({ suffix: ["c"] })).toEqual([all[0], all[2], all[3], all[4]]);
      expect(await store.listNamespaces({ prefix: ["a", "*", "c"] })).toEqual([all[0], all[2]]);
      expect(await store.listNamespaces({ suffix: ["*", "c"], prefix: ["b"] })).toEqual([all[3], all[4]]);
      expect(await store.listNamespaces({ maxDepth: 2 })).toEqual([
        ["a", "b"],
        ["a", "x"],
        ["b", "c"],
        ["b", "y"],
      ]);
      expect(await store.listNamespaces({ limit: 2, offset: 1 })).toEqual([all[1], all[2]]);
    });

    it("runs a batch in the order of LangGraph: reads first, then the last put of each key", async () => {
      const store = open();
      await store.put(["b"], "k", { n: 0 });
      const [before, , , found, namespaces] = await store.batch([
        { namespace: ["b"], key: "k" },
        { namespace: ["b"], key: "k", value: { n: 1 } },
        { namespace: ["b"], key: "k", value: { n: 2 } },
        { namespacePrefix: ["b"] },
        { matchConditions: [{ matchType: "prefix", path: ["b"] }], limit: 10, offset: 0 },
      ]);
      expect(namespaces).toEqual([["b"]]);
      expect(found).toHaveLength(1);
      expect(before).toMatchObject({ key: "k" });
      expect((await store.get(["b"], "k"))?.value).toEqual({ n: 2 });
    });

    it("refuses namespaces that LangGraph refuses", async () => {
      const store = open();
      for (const namespace of [[], [""], ["a.b"], ["langgraph", "x"]])
        await expect(store.put(namespace, "k", { n: 1 })).rejects.toMatchObject({ name: "InvalidNamespaceError" });
    });

    it.runIf(knowsLabels)("takes labels as they are: no label is a part of another", async () => {
      const store = open();
      const labels = ["a", "ab", "a:b", 'a"', 'a",', "a\\", "ü", "#", "*"];
      for (const label of labels) await store.put([label, "in"], "k", { label });
      for (const label of labels) expect((await store.search([label], { limit: 100 })).map((item) => item.value["label"])).toEqual([label]);
      expect(await store.listNamespaces({ maxDepth: 1 })).toHaveLength(labels.length);
      expect(await store.search([], { limit: 100 })).toHaveLength(labels.length);
    });

    it("finds by meaning, each item once, with the score of its nearest field", async () => {
      const embeddings = new WordEmbeddings();
      const store = open({ dims: 64, embeddings, fields: ["title", "parts[*].text"] });
      await store.put(["v"], "cats", { title: "cats purr", parts: [{ text: "milk" }, { text: "cats sleep all day" }] });
      await store.put(["v"], "dogs", { title: "dogs bark", parts: [{ text: "bones" }] });
      await store.put(["v"], "hidden", { title: "cats purr" }, false);
      await store.put(["v", "own"], "own", { title: "x", note: "cats purr" }, ["note"]);
      await store.put(["w"], "away", { title: "cats purr" });
      const found = await store.search(["v"], meaning("cats purr"));
      expect(new Set(keys(found).slice(0, 2))).toEqual(new Set(["cats", "own"]));
      expect(keys(found).toSorted()).toEqual(["cats", "dogs", "hidden", "own"]);
      expect(found[0]?.score).toBeCloseTo(1, 5);
      expect(found.find((item) => item.key === "hidden")?.score).toBeUndefined();
      const bones = await store.search(["v"], { ...meaning("bones"), limit: 1 });
      expect(bones.map(({ key, score }) => [key, score?.toFixed(4)])).toEqual([["dogs", "1.0000"]]);
    });

    it("serves a graph", async () => {
      const store = open();
      const graph = new StateGraph(MessagesAnnotation)
        .addNode("remember", async ({ messages }, config) => {
          const before = await config.store?.search(["seen"]);
          await config.store?.put(["seen"], String(before?.length), { text: messages.at(-1)?.text });
          return {};
        })
        .addEdge("__start__", "remember")
        .compile({ store });
      await graph.invoke({ messages: [new HumanMessage("one")] });
      await graph.invoke({ messages: [new HumanMessage("two")] });
      expect((await store.search(["seen"])).map((item) => item.value["text"])).toEqual(["one", "two"]);
    });
  });
}
