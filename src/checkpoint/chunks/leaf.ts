import { CHUNK_KIND, INLINE_LIMIT, type ChunkKind } from "./chunk.js";
import type { Snapshot } from "./snapshot.js";

/** One value, serialized whole. It knows where it is stored, so that it is neither serialized nor looked up again. */
export class Leaf {
  /** Its JSON when that is short enough to stand where it is used; it then has no chunk. */
  inline: string | undefined;
  /** Its bytes; dropped once they are stored, unless nothing else could bring them back. */
  bytes: Uint8Array | undefined;
  kind: ChunkKind = CHUNK_KIND.json;
  /** Where it is stored: chunk `id` of a tree, seen there under this generation. A tree of 0 is nowhere. */
  tree = 0;
  generation = -1;
  id = 0;
  /** Settles when the serializer has given the bytes. */
  filling: Promise<void> | undefined;
  /** Drops the bytes when {@link snapshot} can bring them back. */
  private rebuilds = false;

  constructor(readonly snapshot?: Snapshot) {}

  fill(kind: ChunkKind, bytes: Uint8Array): void {
    this.kind = kind;
    this.filling = undefined;
    if (kind === CHUNK_KIND.json && bytes.length <= INLINE_LIMIT) this.inline = decoder.decode(bytes);
    else this.bytes = bytes;
  }

  /** The chunk is in the file; from now on its id stands for it. */
  stored(tree: number, generation: number, id: number): void {
    this.tree = tree;
    this.generation = generation;
    this.id = id;
    this.rebuilds ||= this.snapshot?.rebuild() !== undefined;
    if (this.rebuilds) this.bytes = undefined;
  }
}

const decoder = new TextDecoder();

/** A leaf of text that is JSON already. */
export function inlineLeaf(json: string, snapshot?: Snapshot): Leaf {
  const leaf = new Leaf(snapshot);
  leaf.inline = json;
  return leaf;
}
