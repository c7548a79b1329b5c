import type { RunnableConfig } from "@langchain/core/runnables";
import type { BaseCheckpointSaver } from "@langchain/langgraph";
import { atCheckpoint, parentOf } from "../langgraph/config.js";
import { passenger } from "../langgraph/passenger.js";

/**
 * The checkpoints that led to where a run stands. Those it makes itself may not be stored yet, so it notes them; those before it are
 * looked up as far as they are asked for.
 */
export class Origin {
  private readonly made = new Set<string>();
  private readonly before: string[];

  /** `base`: the checkpoint the run began at; else it is the first that is noted. */
  constructor(base: string | undefined) {
    this.before = base === undefined ? [] : [base];
  }

  /** Notes a checkpoint that the run has come to. */
  reached(checkpoint: string | undefined): void {
    if (checkpoint === undefined) return;
    if (this.before.length === 0) this.before.push(checkpoint);
    this.made.add(checkpoint);
  }

  /** Whether a checkpoint led here. `graph` names the run's graph in the saver. */
  async holds(checkpoint: string | undefined, saver: BaseCheckpointSaver, graph: RunnableConfig): Promise<boolean> {
    if (checkpoint === undefined) return false;
    if (this.made.has(checkpoint)) return true;
    // ids grow with time, so none that is older than the one asked for can have it behind it
    for (let last = this.before.at(-1); last !== undefined && last > checkpoint; last = this.before.at(-1)) {
      const tuple = await saver.getTuple(atCheckpoint(graph, last));
      const parent = tuple === undefined ? undefined : parentOf(tuple);
      if (parent === undefined) break;
      this.before.push(parent);
    }
    return this.before.includes(checkpoint);
  }
}

/** The origin of the run around a node. */
export const ORIGIN = passenger<Origin>("origin");
