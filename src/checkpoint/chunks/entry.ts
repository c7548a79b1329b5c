import { CHUNK_KIND, type StoredChunk } from "./chunk.js";

/**
 * How a value stands in a row or in a node: the address of its chunk, or, when short, the value itself.
 * `"<address>"` · `[plain JSON]` · `{"l":[entry, …]}` a list · `{"r":[key, entry, …]}` an object
 */
export type Entry = string | readonly [unknown] | { readonly l: readonly Entry[] } | { readonly r: readonly (string | Entry)[] };

/** An entry no longer than this many characters stands where it is used; a longer one is a chunk. */
export const INLINE_LIMIT = 120;

/** Calls `visit` with every address that `entry` itself names. */
export function eachAddress(entry: Entry, visit: (hash: string) => void): void {
  if (typeof entry === "string") visit(entry);
  else if ("l" in entry) for (const child of entry.l) eachAddress(child, visit);
  else if ("r" in entry) for (let index = 1; index < entry.r.length; index += 2) eachAddress(entry.r[index] as Entry, visit);
}

/** Calls `visit` with every address that a chunk names; leaves name none. */
export function eachChild(chunk: StoredChunk, visit: (hash: string) => void): void {
  if (chunk.kind !== CHUNK_KIND.json && chunk.kind !== CHUNK_KIND.typed) for (const entry of entriesOf(chunk)) eachAddress(entry, visit);
}

/** The entries of a node, without the keys. The parsed JSON is trusted: the address was checked when the chunk was read. */
export function entriesOf(chunk: StoredChunk): readonly Entry[] {
  const parsed = JSON.parse(decoder.decode(chunk.bytes)) as Entry[];
  return chunk.kind === CHUNK_KIND.record ? parsed.filter((_, index) => index % 2 === 1) : parsed;
}

const decoder = new TextDecoder();
