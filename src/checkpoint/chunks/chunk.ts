/** How the bytes of a chunk are read. The numbers stand in files: never renumber. */
export const CHUNK_KIND = {
  /** One value in the JSON of LangGraph's serializer. */
  json: 0,
  /** One `Uint8Array`, as it is. */
  bytes: 1,
  /** References: a node of a list or of an object that was split. */
  node: 2,
  /** One value of a serializer with types of its own: `type`, a zero byte, the bytes. */
  typed: 3,
} as const;

/** One of {@link CHUNK_KIND}. */
export type ChunkKind = (typeof CHUNK_KIND)[keyof typeof CHUNK_KIND];

/** A chunk as it stands in the file. */
export interface StoredChunk {
  readonly id: number;
  readonly kind: ChunkKind;
  readonly bytes: Uint8Array;
}

/** A value no longer than this many characters of JSON stands in the row or node that uses it; a longer one is a chunk. */
export const INLINE_LIMIT = 100;
