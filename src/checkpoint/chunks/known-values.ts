import { BoundedCache } from "./bounded-cache.js";
import type { Chunk } from "./chunk.js";
import type { Leaf } from "./leaf.js";
import type { Item } from "./items.js";
import type { KnownNode } from "./nodes.js";
import { stamp } from "./stamp.js";

/** What stands for a list or an object that was written or read before: its entry, and every chunk below it. */
export interface Known {
  readonly entry: string;
  readonly chunks: readonly Chunk[];
}

/** Everything a saver remembers of values it has written or read; all of it can be forgotten at any time. */
export class KnownValues {
  /** Objects that are alive somewhere, and the leaf each was last seen as. */
  readonly objects = stamp<Leaf>();
  /** Lists and objects that were split, as they were last seen. */
  readonly containers = new WeakMap<object, Known>();
  /** Leaves of long strings. */
  readonly strings: BoundedCache<string, Leaf>;
  /** Nodes by their kind and first entry. */
  readonly nodes: BoundedCache<string, KnownNode>;
  /** Whatever was read, by address. */
  readonly read: BoundedCache<string, Item>;

  constructor(bytes: number) {
    this.strings = new BoundedCache(bytes / 4);
    this.nodes = new BoundedCache(bytes / 4);
    this.read = new BoundedCache(bytes / 2);
  }
}
