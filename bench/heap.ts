import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { median } from "./contest.js";

const CAP_MILLISECONDS = 300_000;

/** Megabytes of heap that 10,000 handoffs leave behind, each time in a process of its own. */
export async function heapGrowth(rounds: number): Promise<number> {
  const all: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const args = ["--expose-gc", "--import", "tsx", resolve("bench/heap-child.ts")];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: CAP_MILLISECONDS });
    all.push((JSON.parse(stdout) as { readonly megabytes: number }).megabytes);
  }
  return median(all);
}
