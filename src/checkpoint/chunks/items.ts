import { StorageFailedError } from "../../base/errors.js";
import { CHUNK_KIND, type Chunk } from "./chunk.js";
import type { Entry } from "./entry.js";
import { chunkLeaf, Leaf } from "./leaf.js";
import { snapshotOfJson } from "./snapshot.js";

/** A list, an object, or a piece of one. */
export class Node {
  /** Set when every part, down to the leaves, is an item here: then nothing below needs to be looked for again. */
  isWhole = false;

  constructor(
    readonly shape: "list" | "record" | "lists" | "records",
    /** Values of a list or object; pieces of it, when it is one of `lists` or `records`. An address becomes its item once that is known. */
    readonly items: (Item | string)[],
    /** Of an object: one for each item. */
    readonly keys: readonly string[] | undefined,
    /** Undefined for what stands inline. */
    readonly chunk: Chunk | undefined,
  ) {}
}

/** An entry that was read: a value that is whole, or a node whose parts stand under the addresses it names. */
export type Item = Leaf | Node;

/** The item of a chunk, its own parts not yet known. */
export function itemOfChunk(chunk: Chunk): Item {
  if (chunk.kind === CHUNK_KIND.typed) return chunkLeaf(chunk);
  const text = decoder.decode(chunk.bytes);
  switch (chunk.kind) {
    case CHUNK_KIND.json:
      return chunkLeaf(chunk, snapshotOfJson(text));
    case CHUNK_KIND.list:
      return listOf(JSON.parse(text) as Entry[], chunk); // the address was right, so this is what was written
    case CHUNK_KIND.record:
      return recordOf(JSON.parse(text) as (string | Entry)[], chunk);
    case CHUNK_KIND.lists:
      return new Node("lists", JSON.parse(text) as string[], undefined, chunk);
    case CHUNK_KIND.records:
      return new Node("records", JSON.parse(text) as string[], undefined, chunk);
    default:
      throw new StorageFailedError("damaged", `the content under ${chunk.hash} is of an unknown kind`);
  }
}

/** The item of an entry, or the address it is. */
export function itemOf(entry: Entry): Item | string {
  if (typeof entry === "string") return entry;
  if ("l" in entry) return listOf(entry.l);
  if ("r" in entry) return recordOf(entry.r);
  const text = JSON.stringify(entry);
  return new Leaf(text, undefined, snapshotOfJson(text.slice(1, -1)));
}

function listOf(entries: readonly Entry[], chunk?: Chunk): Node {
  return new Node("list", entries.map(itemOf), undefined, chunk);
}

function recordOf(pairs: readonly (string | Entry)[], chunk?: Chunk): Node {
  const keys: string[] = [];
  const items: (Item | string)[] = [];
  for (let index = 0; index < pairs.length; index += 2) {
    keys.push(pairs[index] as string); // key and entry in turn
    items.push(itemOf(pairs[index + 1] as Entry));
  }
  return new Node("record", items, keys, chunk);
}

const decoder = new TextDecoder();
