import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planOf } from "../../index.js";
import { plannedTasks, planTeam } from "./plan-team.js";
import { runs, SEED, SOAK } from "../runs.js";
import { openSaver, SAVERS } from "./savers.js";
import { bundled } from "../bundled.js";
import { momentsOf, work, type Lane } from "./victim.js";

const KILLS = runs(3, 50);
/** Two at a time: a child spends most of its life loading modules. */
const LANES = runs(1, 2);
/** The last of the threads that nobody kills, from 0. */
const LAST = runs(0, 1);
let bundle: string;
const folder = mkdtempSync(join(tmpdir(), "phasegraph-plan-crash-"));

beforeAll(async () => {
  bundle = await bundled("test/crash/plan-child.ts");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** How often each piece of work was done in a thread: `plain t4` is a whole task, `stamp t6` the tool call of a model's. */
function executions(log: string, thread: string): Map<string, number> {
  const times = new Map<string, number>();
  for (const line of (existsSync(log) ? readFileSync(log, "utf8") : "").split("\n")) {
    const [owner, what, task] = line.split("\t");
    if (owner === thread) times.set(`${what} ${task}`, (times.get(`${what} ${task}`) ?? 0) + 1);
  }
  return times;
}

/** What the database holds of a thread: work whose record says completed, and tool calls of half-done children whose result is stored. */
async function stored({ kind, file, log }: Lane, thread: string): Promise<{ finished: string[]; halfDone: string[] }> {
  const saver = openSaver(kind, file);
  const { values } = await planTeam(saver, thread, log).getState({ configurable: { thread_id: thread } });
  const statuses = new Map(
    (values.control === undefined ? [] : (planOf(values)?.progress ?? [])).map(({ task, status }) => [task, status]),
  );
  const finished: string[] = [];
  const halfDone: string[] = [];
  const newest = new Map<string, string>(); // of each task's own place in the thread
  for await (const { config, pendingWrites, checkpoint } of saver.list({ configurable: { thread_id: thread } })) {
    const [, task] = /^work\|clerk@(t\d+)@/.exec(String(config.configurable?.["checkpoint_ns"])) ?? [];
    if (task !== undefined && !newest.has(task)) newest.set(task, JSON.stringify([pendingWrites, checkpoint.channel_values]));
  }
  for (const { id, agent } of plannedTasks()) {
    const done = `${agent === "clerk" ? "stamp" : "plain"} ${id}`;
    if (statuses.get(id) === "completed") finished.push(done);
    else if (agent === "clerk") {
      if (newest.get(id)?.includes(`stamped Task ${id.slice(1)}`) === true) halfDone.push(done);
    }
  }
  saver.close();
  return { finished, halfDone };
}

async function torture(lane: Lane, moments: readonly number[], expected: unknown) {
  let finishedBefore = 0;
  let resumed = 0;
  const points = new Set<number>();
  let next = 0;
  for (const [index, after] of moments.entries()) {
    const { states, stoppedIn } = await work(bundle, lane, next, next + 99, after);
    for (const state of states.values()) expect(state).toEqual(expected);
    const thread = `run-${stoppedIn}`;
    const { finished, halfDone } = await stored(lane, thread);
    const before = executions(lane.log, thread);
    finishedBefore += finished.length;
    resumed += halfDone.length;
    points.add(before.size);
    next = stoppedIn;
    if (index === moments.length - 1 || finished.length + halfDone.length > 0) {
      const { states: ended } = await work(bundle, lane, next, next);
      expect(ended.get(next)).toEqual(expected);
      const now = executions(lane.log, thread);
      for (const one of [...finished, ...halfDone]) expect([one, now.get(one)]).toEqual([one, before.get(one)]);
      next += 1;
    }
  }
  return { finishedBefore, resumed, points: points.size };
}

describe.each(Object.keys(SAVERS))(`B10 kill -9 in the middle of a plan of 100 tasks, stored by the %s saver (seed ${SEED})`, (kind) => {
  it(
    `${KILLS} times over: the same result, no finished task again, half-done children go on`,
    async () => {
      const lanes = Array.from({ length: LANES }, (_, index) => {
        return { kind, file: join(folder, `${kind}-${index}.db`), log: join(folder, `${kind}-${index}.log`) };
      });
      const quiet = { kind, file: join(folder, `${kind}-quiet.db`), log: join(folder, `${kind}-quiet.log`) };
      const started = performance.now();
      const { states } = await work(bundle, quiet, 0, LAST);
      const milliseconds = (performance.now() - started) / (LAST + 1);
      const expected = states.get(0) as { readonly words: string; readonly tasks: readonly unknown[] };
      expect(expected).toMatchObject({ done: true, refusals: 0, value: "(end)", words: "100 of 100" });
      expect(states.get(LAST)).toEqual(expected);
      const done = await Promise.all(lanes.map((lane, index) => torture(lane, momentsOf(index, LANES, KILLS, milliseconds), expected)));
      const sum = (key: keyof (typeof done)[number]): number => done.reduce((total, lane) => total + lane[key], 0);
      expect(sum("points")).toBeGreaterThan(runs(1, 8)); // kills fell at different points
      expect(sum("finishedBefore")).toBeGreaterThan(runs(10, 100)); // else nothing was proved about finished tasks
      if (SOAK) expect(sum("resumed")).toBeGreaterThan(0); // nor about children
    },
    runs(90_000, 300_000),
  );
});
