import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { chances, SEED } from "../runs.js";

/**
 * After how many milliseconds each kill of a lane falls. Together the lanes' kills are spread over a run of `milliseconds`: one falls,
 * by chance, in each equal part of it.
 */
export function momentsOf(lane: number, lanes: number, kills: number, milliseconds: number): number[] {
  const chance = chances(SEED + lane);
  const parts = Array.from({ length: kills }, (_, part) => part).filter((part) => part % lanes === lane);
  return parts.map((part) => ((part + chance()) / kills) * milliseconds);
}

/** Where a process keeps its threads, and tells what it carries out. */
export interface Lane {
  readonly kind: string;
  readonly file: string;
  readonly log: string;
}

type Line = { readonly begins: number } | { readonly ends: number; readonly state: unknown };

/** Runs threads from `first` to `last` in a process of its own, which is killed `after` milliseconds of work; tells what it printed. */
export async function work(
  bundle: string,
  { kind, file, log }: Lane,
  first: number,
  last: number,
  after?: number,
): Promise<{ states: Map<number, unknown>; stoppedIn: number }> {
  const child = spawn(process.execPath, [bundle, kind, file, log, String(first), String(last)], { stdio: ["ignore", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  const states = new Map<number, unknown>();
  let stoppedIn = first;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const closed = once(child, "close");
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as Line;
    if ("ends" in line) states.set(line.ends, line.state);
    else {
      stoppedIn = line.begins;
      if (after !== undefined) timer ??= setTimeout(() => child.kill("SIGKILL"), after);
    }
  }
  const [code, signal] = (await closed) as [number | null, string | null];
  clearTimeout(timer);
  if (code !== 0 && signal !== "SIGKILL") throw new Error(`The child ended with ${code}:\n${complaints}`);
  return { states, stoppedIn };
}
