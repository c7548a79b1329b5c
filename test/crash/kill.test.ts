import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BaseMessage } from "@langchain/core/messages";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runs, SEED, SOAK } from "../runs.js";
import { openSaver, SAVERS } from "./savers.js";
import { bundled } from "../bundled.js";
import { momentsOf, work, type Lane } from "./victim.js";

const KILLS = runs(3, 50);
/** Two at a time: a child spends most of its life loading modules. */
const LANES = runs(1, 2);
let bundle: string;
const folder = mkdtempSync(join(tmpdir(), "phasegraph-crash-"));

beforeAll(async () => {
  bundle = await bundled("test/crash/child.ts");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Execution {
  readonly thread: string;
  readonly call: string;
  readonly key: string;
}

const executions = (log: string): Execution[] =>
  (existsSync(log) ? readFileSync(log, "utf8") : "") // killed before its first tool call, a process has written nothing
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"))
    .map(([thread = "", call = "", key = ""]) => ({ thread, call, key }));

/** The tool calls whose results are stored beside the thread's newest checkpoint: the model will read them, so they are over. */
async function storedResults({ kind, file }: Lane, thread: string): Promise<string[]> {
  const saver = openSaver(kind, file);
  const tuple = await saver.getTuple({ configurable: { thread_id: thread } });
  saver.close();
  return (tuple?.pendingWrites ?? []).flatMap(([, channel, value]) => {
    const said = channel === "__return__" ? ((value as { said?: readonly BaseMessage[] } | null)?.said ?? []) : [];
    return said.map(({ text }) => text).filter((text) => /^(debit|credit) \d+$/.test(text));
  });
}

const timesRun = (log: string, thread: string, call: string): number =>
  executions(log).filter((execution) => execution.thread === thread && execution.call === call).length;

/** Kills and starts again, after so many milliseconds of work each time, and tells where each kill fell. */
async function torture(lane: Lane, moments: readonly number[], expected: unknown): Promise<{ points: number[]; stored: number }> {
  const points: number[] = [];
  let stored = 0;
  let next = 0;
  for (const [index, after] of moments.entries()) {
    const { states, stoppedIn } = await work(bundle, lane, next, next + 99, after);
    for (const state of states.values()) expect(state).toEqual(expected);
    const thread = `run-${stoppedIn}`;
    points.push(executions(lane.log).filter((execution) => execution.thread === thread).length);
    const acknowledged = (await storedResults(lane, thread)).map((call) => ({ call, times: timesRun(lane.log, thread, call) }));
    stored += acknowledged.length;
    for (const { times } of acknowledged) expect(times).toBeGreaterThan(0);
    next = stoppedIn;
    if (index === moments.length - 1 || acknowledged.length > 0) {
      const finished = await work(bundle, lane, next, next);
      expect(finished.states.get(next)).toEqual(expected);
      for (const { call, times } of acknowledged) expect([call, timesRun(lane.log, thread, call)]).toEqual([call, times]);
      next += 1;
    }
  }
  return { points, stored };
}

describe.each(Object.keys(SAVERS))(`A4 kill -9 in the middle of a run of 30 steps, stored by the %s saver (seed ${SEED})`, (kind) => {
  it(
    `${KILLS} times over, ends in the state of an undisturbed run, and no tool runs again once its result is stored`,
    async () => {
      const lanes = Array.from({ length: LANES }, (_, index) => {
        return { kind, file: join(folder, `${kind}-${index}.db`), log: join(folder, `${kind}-${index}.log`) };
      });
      const quiet = { kind, file: join(folder, `${kind}-quiet.db`), log: join(folder, `${kind}-quiet.log`) };
      const started = performance.now();
      const { states } = await work(bundle, quiet, 0, 2);
      const milliseconds = (performance.now() - started) / 3;
      const expected = states.get(0);
      expect(expected).toMatchObject({
        done: true,
        value: "(end)",
        refusals: 0,
        round: 15,
        usage: { steps: 30, modelCalls: 30, toolCalls: 30 },
      });
      expect([states.get(1), states.get(2)]).toEqual([expected, expected]);

      const tortured = await Promise.all(lanes.map((lane, index) => torture(lane, momentsOf(index, LANES, KILLS, milliseconds), expected)));
      for (const { log } of lanes) {
        const byCall = new Map<string, Execution[]>();
        for (const one of executions(log))
          byCall.set(`${one.thread} ${one.call}`, [...(byCall.get(`${one.thread} ${one.call}`) ?? []), one]);
        for (const same of byCall.values()) expect(new Set(same.map((one) => one.key)).size).toBe(1); // a service that knows the key does it once
      }
      const points = tortured.flatMap((lane) => lane.points).sort((one, other) => one - other);
      expect(new Set(points).size, `kills fell after so many tool calls: ${points.join(", ")}`).toBeGreaterThan(runs(1, 8));
      if (SOAK) expect(tortured.reduce((sum, { stored }) => sum + stored, 0)).toBeGreaterThan(0); // else nothing was proved about stored results
    },
    runs(90_000, 300_000),
  );
});
