import { Chunk, CHUNK_KIND } from "./chunk.js";
import { INLINE_LIMIT } from "./entry.js";
import type { Snapshot } from "./snapshot.js";

/** One value that is serialized whole: how it stands where it is used, and the chunk it needs when that is an address. */
export class Leaf {
  constructor(
    readonly entry: string,
    readonly chunk?: Chunk,
    /** How the value is recognised, and made again without the serializer. */
    readonly snapshot?: Snapshot,
  ) {}
}

/** A leaf that is itself in a row or in a node: `json` is plain and short. */
export function inlineLeaf(json: string): Leaf {
  return new Leaf(`[${json}]`);
}

/** The leaf of what a serializer gave. `isOpen` allows it to stand inline: never for a serializer that, say, encrypts. */
export function leafOf(type: string, bytes: Uint8Array, isOpen: boolean, snapshot?: Snapshot, limit = INLINE_LIMIT): Leaf {
  if (isOpen && type === "json") {
    if (bytes.length <= limit - 2) {
      const text = decoder.decode(bytes);
      if (isPlainJson(text)) return new Leaf(`[${text}]`, undefined, snapshot);
    }
    return chunkLeaf(new Chunk(CHUNK_KIND.json, bytes), snapshot);
  }
  return chunkLeaf(new Chunk(CHUNK_KIND.typed, typedBytes(type, bytes)), snapshot);
}

/** The leaf of a chunk that stands in a database. */
export function chunkLeaf(chunk: Chunk, snapshot?: Snapshot): Leaf {
  return new Leaf(JSON.stringify(chunk.hash), chunk, snapshot);
}

/** The two halves of a `typed` chunk. The value is a copy: it may be given to the caller, and a chunk never changes. */
export function splitTyped(bytes: Uint8Array): readonly [type: string, value: Uint8Array] {
  const end = bytes.indexOf(0);
  return [decoder.decode(bytes.subarray(0, end)), new Uint8Array(bytes.subarray(end + 1))];
}

function typedBytes(type: string, bytes: Uint8Array): Uint8Array {
  const head = encoder.encode(`${type}\0`);
  const joined = new Uint8Array(head.length + bytes.length);
  joined.set(head);
  joined.set(bytes, head.length);
  return joined;
}

// no record of a serializer, and nothing JSON.parse and a copy would treat differently
function isPlainJson(text: string): boolean {
  return text !== "" && !text.includes('"lc"') && !text.includes("__proto__");
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
