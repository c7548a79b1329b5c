import { StorageFailedError } from "../../base/errors.js";
import type { Serializer } from "./capture.js";
import { addressOf, Chunk, CHUNK_KIND, type StoredChunk } from "./chunk.js";
import type { Entry } from "./entry.js";
import { itemOf, itemOfChunk, Node, type Item } from "./items.js";
import type { KnownValues } from "./known-values.js";
import { Leaf, splitTyped } from "./leaf.js";
import { snapshotOf } from "./snapshot.js";

/** A reading that yields the addresses it needs, and goes on when it is given their chunks, in any order. Knows no database. */
export type Gathering<Result> = Generator<readonly string[], Result, Iterable<StoredChunk>>;

/** A tree as one transaction found it. */
export interface TreeAt {
  readonly tree: number;
  readonly generation: number;
  readonly era: number;
}

/** Reads entries back into values: {@link gather} everything in one transaction, then {@link holder} by value after it. */
export class Reviver {
  private readonly found = new Map<string, Item>();
  private readonly waiting: Promise<void>[] = [];

  constructor(
    private readonly serializer: Serializer,
    private readonly known: KnownValues,
    private readonly place: TreeAt,
  ) {}

  /** Reads what `entries` need and is not known. Yields addresses, level by level of the trees, and is given their chunks. */
  *gather(entries: readonly Entry[]): Gathering<Item[]> {
    return yield* this.gatherItems(entries.map(itemOf));
  }

  /** Reads only these keys of an object, where it has them. An object in several nodes is read whole: most of it is known already. */
  *gatherKeys(entry: Entry, keys: ReadonlySet<string>): Gathering<Map<string, Item>> {
    const root = typeof entry === "string" ? (yield* this.gather([entry]))[0] : itemOf(entry);
    const found = [...this.pairs(root)].filter(([key]) => keys.has(key));
    const items = yield* this.gatherItems(found.map(([, item]) => item));
    return new Map(found.map(([key], index) => [key, items[index] as Item])); // one item for each found
  }

  /** A list of one: the value of an item. It is complete when {@link settle} has ended. */
  holder(item: Item): readonly [unknown] {
    const holder: [unknown] = [undefined];
    this.build(item, holder, 0, []);
    return holder;
  }

  async settle(): Promise<void> {
    await Promise.all(this.waiting);
  }

  private *gatherItems(roots: readonly (Item | string)[]): Gathering<Item[]> {
    let missing = new Set<string>();
    for (const root of roots) this.visit(root, missing);
    while (missing.size > 0) {
      const next = new Set<string>();
      for (const chunk of yield [...missing]) {
        missing.delete(chunk.hash);
        const item = this.read(chunk);
        this.found.set(chunk.hash, item);
        this.visitParts(item, next);
      }
      const [lost] = missing;
      if (lost !== undefined) throw new StorageFailedError("damaged", `the content under ${lost} is missing`);
      for (const hash of next) if (this.found.has(hash)) next.delete(hash); // came in the same level
      missing = next;
    }
    return roots.map((root) => this.at(root));
  }

  private visit(item: Item | string, missing: Set<string>): void {
    if (typeof item !== "string") this.visitParts(item, missing);
    else if (!this.found.has(item)) {
      const known = this.known.read.get(item);
      if (known === undefined) missing.add(item);
      else {
        this.found.set(item, known);
        this.visitParts(known, missing);
      }
    }
  }

  private visitParts(item: Item, missing: Set<string>): void {
    if (item instanceof Node && !item.isWhole) for (const part of item.items) this.visit(part, missing);
  }

  private read(stored: StoredChunk): Item {
    if (addressOf(stored.kind, stored.bytes) !== stored.hash)
      throw new StorageFailedError("damaged", `the content under ${stored.hash} is not what was written`);
    const chunk = new Chunk(stored.kind, stored.bytes, stored.hash);
    chunk.stored(this.place.tree, this.place.generation, this.place.era);
    const item = itemOfChunk(chunk);
    this.known.read.set(stored.hash, item, weightOf(chunk));
    return item;
  }

  private at(item: Item | string): Item {
    return typeof item === "string" ? (this.found.get(item) as Item) : item; // gatherItems has found every address
  }

  /** Puts the items of a node in place of their addresses; the node then counts in the cache for what it holds. */
  private link(node: Node): void {
    if (node.isWhole) return;
    let weight = 0;
    let isWhole = true;
    for (let index = 0; index < node.items.length; index += 1) {
      const item = this.at(node.items[index] as Item | string); // below the length
      node.items[index] = item;
      if (item instanceof Node) this.link(item);
      isWhole &&= item instanceof Leaf || item.isWhole;
      weight += item.chunk === undefined ? 0 : weightOf(item.chunk);
    }
    node.isWhole = isWhole;
    if (node.chunk !== undefined) this.known.read.set(node.chunk.hash, node, weightOf(node.chunk) + weight);
  }

  private *pairs(part: Item | string | undefined): Generator<readonly [key: string, item: Item | string]> {
    const item = part === undefined ? undefined : this.at(part);
    if (item instanceof Leaf) {
      const value = item.snapshot?.revive();
      if (typeof value === "object" && value !== null) for (const [key, entry] of Object.entries(value)) yield [key, itemOf([entry])];
    } else if (item?.shape === "record") {
      for (const [index, entry] of item.items.entries()) yield [item.keys?.[index] as string, entry]; // a key for each entry
    } else {
      for (const piece of item?.items ?? []) yield* this.pairs(piece);
    }
  }

  private build(item: Item, holder: Holder, key: number | string, chunks: Chunk[]): void {
    if (item instanceof Leaf) {
      if (item.chunk !== undefined) chunks.push(item.chunk);
      this.leaf(item, holder, key);
      return;
    }
    this.link(item);
    const own: Chunk[] = [];
    const value = item.shape === "list" || item.shape === "lists" ? this.list(item, [], own) : this.record(item, {}, own);
    // met again unchanged, it needs no second look
    if (item.chunk !== undefined) this.known.containers.set(value, { entry: JSON.stringify(item.chunk.hash), chunks: own });
    for (const chunk of own) chunks.push(chunk);
    put(holder, key, value);
  }

  private list(node: Node, list: unknown[], chunks: Chunk[]): unknown[] {
    if (node.chunk !== undefined) chunks.push(node.chunk);
    for (const part of node.items) {
      const item = this.at(part);
      if (node.shape === "lists") this.list(item as Node, list, chunks); // an upper node names nodes only
      else this.build(item, list, list.push(undefined) - 1, chunks);
    }
    return list;
  }

  private record(node: Node, record: Record<string, unknown>, chunks: Chunk[]): Record<string, unknown> {
    if (node.chunk !== undefined) chunks.push(node.chunk);
    for (const [index, part] of node.items.entries()) {
      const item = this.at(part);
      if (node.shape === "records") this.record(item as Node, record, chunks); // an upper node names nodes only
      else {
        const key = node.keys?.[index] as string; // a key for each entry
        record[key] = undefined;
        this.build(item, record, key, chunks);
      }
    }
    return record;
  }

  private leaf(leaf: Leaf, holder: Holder, key: number | string): void {
    const value = leaf.snapshot?.revive();
    if (value !== undefined) {
      if (typeof value === "object" && value !== null) this.known.objects.set(value, leaf);
      put(holder, key, value);
    } else {
      this.waiting.push(this.serialized(leaf).then((loaded) => put(holder, key, loaded)));
    }
  }

  private async serialized(leaf: Leaf): Promise<unknown> {
    const chunk = leaf.chunk;
    if (chunk === undefined) return await this.serializer.protocol.loadsTyped("json", leaf.entry.slice(1, -1));
    const [type, bytes] = chunk.kind === CHUNK_KIND.json ? ["json", chunk.bytes] : splitTyped(chunk.bytes);
    const value: unknown = await this.serializer.protocol.loadsTyped(type, bytes);
    if (typeof value === "object" && value !== null && !this.serializer.isOpen) {
      const snapshot = snapshotOf(value);
      if (snapshot !== undefined) this.known.objects.set(value, new Leaf(leaf.entry, chunk, snapshot));
    }
    return value;
  }
}

type Holder = unknown[] | Record<string, unknown>;

function put(holder: Holder, key: number | string, value: unknown): void {
  (holder as Record<number | string, unknown>)[key] = value; // the key fits the holder it was made for
}

/** About what a chunk and what was parsed of it take in memory. */
function weightOf(chunk: Chunk): number {
  return chunk.bytes.length * 3 + 100;
}
