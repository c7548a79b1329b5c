import { Chunk, CHUNK_KIND, type ChunkKind } from "./chunk.js";
import { INLINE_LIMIT } from "./entry.js";
import type { BoundedCache } from "./bounded-cache.js";

/**
 * Lists and objects as trees of small nodes. Where a node ends is decided by the entry (of a list) or the key (of an object) at its end
 * alone: a change in one place leaves all other nodes as they were, wherever it is, so old and new version share them.
 */
export class NodeWriter {
  constructor(
    private readonly known: BoundedCache<string, KnownNode>,
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
    const addresses: string[] = [];
    for (let start = 0; start < items.length;) {
      const node = this.node(items, marks, start, kind);
      this.chunks.push(node.chunk);
      addresses.push(node.address);
      start += node.items.length;
    }
    return addresses.length === 1 ? (addresses[0] as string) : this.tree(addresses, addresses, upper, upper);
  }

  private node(items: readonly string[], marks: readonly string[], start: number, kind: ChunkKind): KnownNode {
    const key = `${kind}${items[start]}`;
    const known = this.known.get(key);
    const isTop = items.length <= FEW_NODES && (kind === CHUNK_KIND.lists || kind === CHUNK_KIND.records);
    if (known !== undefined && isNext(known, items, start) && (!isTop || known.items.length === items.length)) return known;
    const end = isTop ? items.length : endOf(marks, start);
    const own = items.slice(start, end);
    const text = `[${own.join(",")}]`;
    const chunk = new Chunk(kind, encoder.encode(text));
    const isOpen = isTop || (end === items.length && end - start < MOST_ENTRIES && !endsNode(marks[end - 1] as string)); // not empty
    const node = { items: own, isOpen, chunk, address: JSON.stringify(chunk.hash) };
    this.known.set(key, node, text.length * 3);
    return node;
  }
}

/** A node that was written before. */
export interface KnownNode {
  readonly items: readonly string[];
  /** Ended because there was no more, so that it goes on when there is. */
  readonly isOpen: boolean;
  readonly chunk: Chunk;
  readonly address: string;
}

const MOST_ENTRIES = 24;
/** So few nodes are not divided again: two of which the first happens to end a node would become a tower. */
const FEW_NODES = 8;

// where a node ends follows from its items alone, so the same items make the same node, and nothing has to be hashed
function isNext({ items: own, isOpen }: KnownNode, items: readonly string[], start: number): boolean {
  if (isOpen ? start + own.length !== items.length : start + own.length > items.length) return false;
  for (let index = 0; index < own.length; index += 1) if (own[index] !== items[start + index]) return false;
  return true;
}

function endOf(marks: readonly string[], start: number): number {
  const most = Math.min(marks.length, start + MOST_ENTRIES);
  let end = start + 1;
  while (end < most && !endsNode(marks[end - 1] as string)) end += 1; // from start up
  return end;
}

/** One mark in eight, by a hash of its last characters. */
function endsNode(mark: string): boolean {
  let hash = mark.length;
  for (let index = Math.max(0, mark.length - MARK_LENGTH); index < mark.length; index += 1)
    hash = Math.imul(hash ^ mark.charCodeAt(index), 0x01000193);
  return ((hash ^ (hash >>> 15)) & 7) === 0;
}

const MARK_LENGTH = 10;

function isInline(entry: string): boolean {
  return entry.startsWith("[");
}

function inner(entry: string): string {
  return entry.slice(1, -1);
}

const encoder = new TextEncoder();
