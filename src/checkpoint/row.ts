import type { Entry } from "./chunks/entry.js";

/** What names a checkpoint. */
export interface Place {
  readonly thread: string;
  readonly ns: string;
  readonly id: string;
}

/** A checkpoint as a database holds it. */
export interface CheckpointRow extends Place {
  readonly parent: string | null;
  /** The checkpoint of the outermost graph that this one, of a subgraph, belongs to. */
  readonly root: string | null;
  /** How many ancestors must stay so that its `DeltaChannel`s can be rebuilt. */
  readonly delta: number;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** {@link Body} as JSON. */
  readonly body: string;
}

/** A pending write as a database holds it, without its checkpoint. */
export interface WriteRow {
  /** Where its task stands in the step; writes are read in this order. Empty for what no task wrote, and before LangGraph 1.5. */
  readonly path: string;
  readonly task: string;
  /** Its place among the writes of the task; special channels have negative places of their own. */
  readonly position: number;
  readonly channel: string;
  /** Its {@link Entry} as JSON. */
  readonly value: string;
}

/** What a checkpoint's row holds beside its keys: small facts, and entries for everything else. */
export interface Body {
  readonly v: number;
  readonly ts: string;
  readonly values: Entry;
  readonly versions: Entry;
  readonly seen: Entry;
  readonly metadata: Entry;
}
