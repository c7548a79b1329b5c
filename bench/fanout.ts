import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { median } from "./contest.js";

/** What a fan-out took in a process of its own. */
export interface FanOut {
  readonly milliseconds: number;
  readonly rssMb: number;
}

const CAP_MILLISECONDS = 60_000;
const run = promisify(execFile);

/** One measurement; the cap itself when it takes longer. */
async function once(args: readonly string[]): Promise<FanOut> {
  try {
    const { stdout } = await run(process.execPath, ["--import", "tsx", resolve("bench/fanout-child.ts"), ...args], {
      timeout: CAP_MILLISECONDS,
    });
    return JSON.parse(stdout) as FanOut;
  } catch (error) {
    if ((error as { readonly killed?: boolean }).killed === true) return { milliseconds: CAP_MILLISECONDS, rssMb: Number.NaN };
    throw error;
  }
}

/** Medians of a few processes. */
export async function fanOut(rounds: number, ...args: readonly string[]): Promise<FanOut> {
  const all: FanOut[] = [];
  for (let round = 0; round < rounds; round += 1) all.push(await once(args));
  return { milliseconds: median(all.map((one) => one.milliseconds)), rssMb: median(all.map((one) => one.rssMb)) };
}
