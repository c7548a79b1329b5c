import { hash } from "node:crypto";

/** How the bytes of a chunk are read. The numbers stand in files: never renumber. */
export const CHUNK_KIND = {
  /** One value in the JSON of LangGraph's serializer. */
  json: 0,
  /** One value of any serializer: its type, a zero byte, its bytes. */
  typed: 1,
  /** A JSON array of entries: a piece of a list. */
  list: 2,
  /** A JSON array of addresses of `list` or `lists` chunks, one after the other. */
  lists: 3,
  /** A JSON array of keys and entries in turn: a piece of an object. */
  record: 4,
  /** A JSON array of addresses of `record` or `records` chunks, one after the other. */
  records: 5,
} as const;

/** One of {@link CHUNK_KIND}. */
export type ChunkKind = (typeof CHUNK_KIND)[keyof typeof CHUNK_KIND];

/** A chunk under its address. Two chunks of one address are the same, in every process and every database. */
export interface StoredChunk {
  readonly hash: string;
  readonly kind: ChunkKind;
  readonly bytes: Uint8Array;
}

/** A chunk in memory. It knows where it is already stored, so that it is not offered to the database again. */
export class Chunk implements StoredChunk {
  readonly hash: string;
  /** Stored in this tree, as long as the tree is of this generation, and the file of this era. A tree of 0 is nowhere. */
  private tree = 0;
  private generation = -1;
  private era = -1;

  constructor(
    readonly kind: ChunkKind,
    readonly bytes: Uint8Array,
    hash?: string,
  ) {
    this.hash = hash ?? addressOf(kind, bytes);
  }

  /** `era`: see `Transactions`; what another connection has done since may be anything, also a backup put back. */
  isStored(tree: number, generation: number, era: number): boolean {
    return this.tree === tree && this.generation === generation && this.era === era;
  }

  /** Call it when the transaction that stored the chunk has ended well, not before. */
  stored(tree: number, generation: number, era: number): void {
    this.tree = tree;
    this.generation = generation;
    this.era = era;
  }
}

const ADDRESS_LENGTH = 22;

/** The address of a content: its kind, and 126 bits of SHA-256 in base64url; 22 characters. */
export function addressOf(kind: ChunkKind, bytes: Uint8Array): string {
  return `${kind}${hash("sha256", bytes, "base64url")}`.slice(0, ADDRESS_LENGTH);
}
