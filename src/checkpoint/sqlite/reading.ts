import type { Gathering } from "../chunks/reviver.js";
import type { CheckpointTables } from "./tables.js";

/** Runs a gathering to its end, each step one query. Call it inside the transaction that read the rows. */
export function gathered<Result>(gathering: Gathering<Result>, tables: CheckpointTables, tree: number): Result {
  let step = gathering.next();
  while (step.done !== true) step = gathering.next(tables.chunks(tree, step.value));
  return step.value;
}
