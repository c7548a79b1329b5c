import { Chunk, CHUNK_KIND, type ChunkKind } from "./chunk.js";
import { INLINE_LIMIT } from "./entry.js";
import type { BoundedCache } from "./bounded-cache.js";

/**
 * Lists and objects as trees of small nodes. Where a node ends is decided by the entry (of a list) or the key (of an object) at its end
 * alone: a change in one place leaves all other nodes as they were, wherever it is, so old and new version share them.
 */
export class NodeWriter {
  constructor(
    private readonly known: BoundedCache<string, Chunk>,
    private readonly chunks: Chunk[],
  ) {}

  list(entries: readonly string[]): string {
    if (entries.every(isInline)) {
      const text = `[[${entries.map(inner).join(",")}]]`;
      if (text.length <= INLINE_LIMIT) return text;
    }
    const total = entries.reduce((sum, entry) => sum + entry.length + 1, 0);
    if (total + 6 <= INLINE_LIMIT) return `{"l":[${entries.join(",")}]}`;
    return this.tree(entries, entries, CHUNK_KIND.list, CHUNK_KIND.lists);
  }

  record(keys: readonly string[], entries: readonly string[], limit = INLINE_LIMIT): string {
    const names = keys.map((key) => JSON.stringify(key));
    if (entries.every(isInline)) {
      const text = `[{${entries.map((entry, index) => `${names[index]}:${inner(entry)}`).join(",")}}]`;
      if (text.length <= limit && !text.includes('"lc"')) return text;
    }
    const pairs = entries.map((entry, index) => `${names[index]},${entry}`);
    const text = `{"r":[${pairs.join(",")}]}`;
    return text.length <= limit ? text : this.tree(pairs, names, CHUNK_KIND.record, CHUNK_KIND.records);
  }

  private tree(items: readonly string[], marks: readonly string[], kind: ChunkKind, upper: ChunkKind): string {
    const nodes = groups(items, marks).map((group) => this.node(kind, `[${group}]`));
    const [only] = nodes;
    const addresses = nodes.map((node) => JSON.stringify(node.hash));
    return only !== undefined && nodes.length === 1 ? JSON.stringify(only.hash) : this.tree(addresses, addresses, upper, upper);
  }

  private node(kind: ChunkKind, text: string): Chunk {
    const key = `${kind}${text}`;
    let node = this.known.get(key);
    if (node === undefined) {
      node = new Chunk(kind, encoder.encode(text));
      this.known.set(key, node, text.length * 2);
    }
    this.chunks.push(node);
    return node;
  }
}

const MOST_ENTRIES = 64;

function groups(items: readonly string[], marks: readonly string[]): string[] {
  const joined: string[] = [];
  let start = 0;
  for (let index = 0; index < items.length; index += 1) {
    const isFull = index - start >= MOST_ENTRIES - 1;
    if (!isFull && index < items.length - 1 && !endsNode(marks[index] as string)) continue; // one mark for each item
    joined.push(items.slice(start, index + 1).join(","));
    start = index + 1;
  }
  return joined;
}

/** One mark in sixteen, by a hash of its last characters. */
function endsNode(mark: string): boolean {
  let hash = mark.length;
  for (let index = Math.max(0, mark.length - MARK_LENGTH); index < mark.length; index += 1)
    hash = Math.imul(hash ^ mark.charCodeAt(index), 0x01000193);
  return ((hash ^ (hash >>> 15)) & 15) === 0;
}

const MARK_LENGTH = 10;

function isInline(entry: string): boolean {
  return entry.startsWith("[");
}

function inner(entry: string): string {
  return entry.slice(1, -1);
}

const encoder = new TextEncoder();
