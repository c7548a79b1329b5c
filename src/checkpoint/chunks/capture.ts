import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import type { Chunk } from "./chunk.js";
import type { Known, KnownValues } from "./known-values.js";
import { inlineLeaf, Leaf, leafOf } from "./leaf.js";
import { NodeWriter } from "./nodes.js";
import { snapshotOf } from "./snapshot.js";
import { assertReadable, assertWhole } from "./readable.js";
import { splitsList, splitsRecord } from "./split.js";

/** A value that was taken apart. */
interface Branch {
  readonly source: object;
  /** Undefined for a list. */
  readonly keys: readonly string[] | undefined;
  readonly parts: Part[];
}

type Part = Leaf | Branch | Known;

/** What the saver's serializer is, and whether what it writes may be shown in nodes and rows. */
export interface Serializer {
  readonly protocol: SerializerProtocol;
  /** False for a serializer of the user's: it may encrypt, so every value goes through it and nothing is looked into. */
  readonly isOpen: boolean;
}

/**
 * Takes values as they are at this moment, and turns them into entries and chunks. In three steps, so that nothing can change between:
 * {@link take} everything without waiting, {@link settle} the serializer, then ask for each {@link entry}.
 */
export class Capture {
  /** Every chunk that the entries asked for so far need. */
  readonly chunks: Chunk[] = [];
  private readonly roots: Part[] = [];
  private readonly waiting: Promise<void>[] = [];
  private readonly nodes: NodeWriter;

  constructor(
    private readonly serializer: Serializer,
    private readonly known: KnownValues,
  ) {
    this.nodes = new NodeWriter(known.nodes, this.chunks);
  }

  /**
   * Takes a value; the number asks for its entry later. `isUnchanged` trusts a list or object met before to be as it was. With a
   * `limit` the value is not taken apart, and stands inline up to that many characters.
   */
  take(value: unknown, isUnchanged = false, limit?: number): number {
    const index = this.roots.push(PENDING) - 1;
    const same = isUnchanged && isObject(value) ? this.known.containers.get(value) : undefined;
    if (same !== undefined) this.roots[index] = same;
    else if (limit !== undefined && !isLong(value, limit)) this.wait(this.serialized(value, limit), this.roots, index);
    else this.place(value, 0, this.roots, index);
    return index;
  }

  async settle(): Promise<void> {
    await Promise.all(this.waiting);
  }

  entry(index: number): string {
    const root = this.roots[index] as Part; // given by take
    const start = this.chunks.length;
    const entry = this.write(root);
    if ("parts" in root) this.known.containers.set(root.source, { entry, chunks: this.chunks.slice(start) });
    return entry;
  }

  /** The entry of an object whose values were taken one by one. It stands inline up to `limit` characters. */
  record(keys: readonly string[], indexes: readonly number[], limit: number): string {
    return this.nodes.record(
      keys,
      indexes.map((index) => this.entry(index)),
      limit,
    );
  }

  private place(value: unknown, depth: number, parts: Part[], index: number): void {
    const part = this.part(value, depth);
    if (part instanceof Promise) this.wait(part, parts, index);
    else parts[index] = part;
  }

  private wait(leaf: Promise<Leaf>, parts: Part[], index: number): void {
    this.waiting.push(leaf.then((part) => void (parts[index] = part)));
  }

  private part(value: unknown, depth: number): Part | Promise<Leaf> {
    if (isObject(value)) {
      const leaf = this.known.objects.get(value);
      if (leaf?.snapshot?.matches(value) === true) return leaf;
      if (Array.isArray(value) && splitsList(value, depth)) return this.list(value, depth);
      if (this.serializer.isOpen && !Array.isArray(value) && splitsRecord(value, depth)) return this.entries(value, depth);
      return this.object(value);
    }
    // JSON leaves these out of objects, and writes null for them in lists
    if (typeof value === "function" || typeof value === "symbol") return inlineLeaf("null");
    if (typeof value === "string") return this.known.strings.get(value) ?? this.text(value);
    if (!this.serializer.isOpen || value === undefined || typeof value === "bigint") return this.serialized(value);
    return inlineLeaf(JSON.stringify(value));
  }

  private list(source: readonly unknown[], depth: number): Branch {
    const parts: Part[] = [];
    for (let index = 0; index < source.length; index += 1) this.place(source[index], depth + 1, parts, index);
    return { source, keys: undefined, parts };
  }

  private entries(source: object, depth: number): Branch {
    const entries = Object.entries(source).filter(([, value]) => typeof value !== "function" && typeof value !== "symbol");
    const parts: Part[] = [];
    for (const [index, [, value]] of entries.entries()) this.place(value, depth + 1, parts, index);
    return { source, keys: entries.map(([key]) => key), parts };
  }

  private async object(value: object): Promise<Leaf> {
    const snapshot = snapshotOf(value);
    const [type, bytes] = await this.serializer.protocol.dumpsTyped(value);
    if (this.serializer.isOpen && snapshot === undefined) {
      assertReadable(value, type, bytes);
      assertWhole(value, type, bytes);
    }
    const leaf = leafOf(type, bytes, this.serializer.isOpen, snapshot);
    if (snapshot !== undefined) this.known.objects.set(value, leaf);
    return leaf;
  }

  private async text(value: string): Promise<Leaf> {
    const leaf = await this.serialized(value);
    if (leaf.chunk !== undefined) this.known.strings.set(value, leaf, value.length * 3);
    return leaf;
  }

  private async serialized(value: unknown, limit?: number): Promise<Leaf> {
    const [type, bytes] = await this.serializer.protocol.dumpsTyped(value);
    if (this.serializer.isOpen && value !== undefined) assertReadable(value, type, bytes);
    return leafOf(type, bytes, this.serializer.isOpen, undefined, limit);
  }

  private write(part: Part): string {
    if (part instanceof Leaf) {
      if (part.chunk !== undefined) this.chunks.push(part.chunk);
      return part.entry;
    }
    if ("chunks" in part) {
      for (const chunk of part.chunks) this.chunks.push(chunk);
      return part.entry;
    }
    const entries = part.parts.map((child) => this.write(child));
    return part.keys === undefined ? this.nodes.list(entries) : this.nodes.record(part.keys, entries);
  }
}

/** Holds the place of a leaf until the serializer has given it. */
const PENDING = inlineLeaf("null");

// an object of many keys is taken apart without serializing it first
function isLong(value: unknown, limit: number): boolean {
  return isObject(value) && Object.keys(value).length > limit / 20;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
