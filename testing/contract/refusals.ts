import { deepEqual, equal, fail, ok } from "node:assert/strict";
import { Overwrite } from "@langchain/langgraph";
import { PhasegraphError } from "../../src/base/errors.js";
import type { OrchestrationGraph } from "../../src/compile/graph.js";
import type { Chart } from "../../src/statechart/chart.js";
import { EVENT } from "../../src/statechart/vocabulary.js";
import { type Reached } from "../every-edge.js";
import { concrete, payloadsOf, type ExploreOptions } from "../steps.js";
import { stageGraph } from "../drive.js";
import { KillableSaver } from "../killable-saver.js";
import { Oracle } from "../oracle.js";
import type { Subject } from "./subject.js";

/** Writes that are no event of any chart. */
const POISON: readonly unknown[] = [
  { type: "NO_SUCH_EVENT" },
  { type: "" },
  { type: 7 },
  { type: "*" },
  { type: "__proto__" },
  { type: "xstate.init" },
  { type: "phasegraph.enter", expected: true },
  { type: "phasegraph.reply" },
  { to: "nowhere" },
  "a text",
  42,
  new Overwrite({ value: "nowhere" }),
  { __overwrite__: { value: "nowhere" } },
  { type: "__overwrite__", value: { value: "nowhere" } },
];

/** In every reachable state, every event that is illegal there is refused by `updateState`, and no byte of the thread changes; in every place also what is no event. */
export async function refused({ orchestration, exploration, options }: Subject): Promise<void> {
  const { chart } = orchestration;
  const isWhole = exploration.complete || options.maxStates !== undefined;
  ok(isWhole, `there are more than ${exploration.states.length} states; give maxStates to look at so many and no more`);
  const saver = new KillableSaver();
  const graph = stageGraph({ orchestration, options, saver }, []);
  const poisoned = new Set<string>();
  for (const [index, reached] of exploration.states.entries()) {
    const thread = `state-${index}`;
    const oracle = await stand(graph, chart, reached, thread);
    const before = saver.bytes(thread);
    const { stored } = saver;
    const place = JSON.stringify(reached.control.value);
    const poison = poisoned.has(place) ? [] : POISON; // no guard looks at what is no event: once in each place is enough
    poisoned.add(place);
    for (const event of [...illegal(chart, oracle, options), ...poison]) await refuse(graph, thread, event, oracle, reached);
    equal(saver.stored, stored, `nothing is written in ${place}`);
    ok(saver.bytes(thread) === before, `the thread in ${place} keeps every byte`);
    delete saver.storage[thread];
  }
}

/** Brings a thread to a state by events alone. */
async function stand(graph: OrchestrationGraph, chart: Chart, { control, script }: Reached, thread: string): Promise<Oracle> {
  const config = { configurable: { thread_id: thread } };
  const updates = script.map(({ event }) => ({ updates: [{ values: { control: event } }] }));
  await graph.bulkUpdateState(config, updates as never); // LangGraph asks for a node's name, which our graph chooses itself
  const oracle = new Oracle(chart);
  for (const { event } of script) oracle.send(event);
  const { value, context, done } = (await graph.getState(config)).values.control;
  deepEqual({ value, context, done }, { value: control.value, context: control.context, done: control.done });
  return oracle;
}

/** Events of the chart's own vocabulary that XState does not accept now, or whose payload does not fit. */
function illegal(chart: Chart, oracle: Oracle, options: ExploreOptions): unknown[] {
  const types = [...new Set([...[...chart.vocabulary].map(concrete), EVENT.INPUT])];
  return types.flatMap((type) => {
    const schema = Object.hasOwn(chart.events, type) ? chart.events[type] : undefined;
    const payloads = [...payloadsOf(chart, type, options), ...(schema === undefined ? [] : [{}, { unfit: true }])];
    return payloads
      .map((payload) => ({ ...payload, type }))
      .filter((event) => {
        const { type: _type, ...payload } = event;
        return !oracle.accepts(event) || schema?.safeParse(payload).success === false;
      });
  });
}

async function refuse(graph: OrchestrationGraph, thread: string, event: unknown, oracle: Oracle, { control }: Reached): Promise<void> {
  const shown = `${JSON.stringify(event)} in ${JSON.stringify(control.value)}`;
  const error: unknown = await graph.updateState({ configurable: { thread_id: thread } }, { control: event } as never).then(
    () => fail(`${shown} was accepted`), // the door is typed; whoever writes JSON is not
    (thrown: unknown) => thrown,
  );
  if (!PhasegraphError.is(error) || error.code !== "ILLEGAL_TRANSITION") throw error;
  equal(error.name, "IllegalTransitionError");
  deepEqual([...error.legal].sort(), oracle.open().sort(), `the error names what is legal instead of ${shown}`);
}
