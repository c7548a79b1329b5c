import { deepEqual, equal } from "node:assert/strict";
import { watch, type RunEvent, type Watched } from "../../src/compile/watch.js";
import { inputOf, stageGraph } from "../drive.js";
import { scripted } from "../scripted-agent.js";
import { KillableSaver } from "../killable-saver.js";
import { longestRest } from "./rests.js";
import type { Subject } from "./subject.js";

const TERMINAL: readonly RunEvent["type"][] = [
  "orchestration.completed",
  "orchestration.waiting",
  "orchestration.interrupted",
  "orchestration.failed",
];
const CONFIG = { configurable: { thread_id: "watched" } };

/** However a run ends, it says so exactly once, and last. */
export async function endsOnce(subject: Subject): Promise<void> {
  const { orchestration, options } = subject;
  const { script, control } = await longestRest(subject);
  const stage = { orchestration, options };
  const input = inputOf(undefined);
  const natural = () => stageGraph(stage, script);

  equal(await ending(watch(natural(), input, CONFIG)), control.done ? "orchestration.completed" : "orchestration.waiting");
  if (script.length > 1) equal(await ending(watch(stageGraph(stage, script.slice(0, 1)), input, CONFIG)), "orchestration.interrupted");
  equal(await ending(watch(natural(), { control: { type: "NO_SUCH_EVENT" } }, CONFIG)), "orchestration.failed");
  equal(await ending(watch(natural(), input, { ...CONFIG, signal: AbortSignal.abort() })), "orchestration.failed");
  await ending(watch(natural(), input, { ...CONFIG, recursionLimit: 1 }));

  const broken = scripted(orchestration, () => Promise.reject(new Error("broken")));
  await ending(watch(broken.compile({ checkpointer: new KillableSaver() }), input, CONFIG));

  const stop = new AbortController();
  const stopped = scripted(orchestration, (turn) => {
    stop.abort(new Error("stopped"));
    return Promise.reject(turn.config.signal?.reason as Error);
  });
  const late = watch(stopped.compile({ checkpointer: new KillableSaver() }), input, { ...CONFIG, signal: stop.signal });
  if (script.length > 1) equal(await ending(late), "orchestration.failed");

  for (const seen of [1, 2, 3]) await leave(watch(natural(), input, CONFIG), seen);
}

async function ending(watched: Watched): Promise<string | undefined> {
  const types: RunEvent["type"][] = [];
  for await (const event of watched) types.push(event.type);
  equal(types[0], "orchestration.started");
  deepEqual(
    types.filter((type) => TERMINAL.includes(type)),
    [types.at(-1)],
    "exactly one terminal event, and it is the last",
  );
  equal((await watched.ended).type, types.at(-1));
  return types.at(-1);
}

/** Who leaves before the end hears no terminal event, but the run has one. */
async function leave(watched: Watched, after: number): Promise<void> {
  let seen = 0;
  let last: string | undefined;
  for await (const event of watched) {
    last = event.type;
    if ((seen += 1) >= after) break;
  }
  const { type } = await watched.ended;
  equal(type, TERMINAL.some((known) => known === last) ? last : "orchestration.failed");
}
