import { deepEqual, ok } from "node:assert/strict";
import type { BaseMessage } from "@langchain/core/messages";
import { readRecord } from "../../src/agent/conversation.js";
import type { OrchestrationGraph } from "../../src/compile/graph.js";
import type { Control } from "../../src/statechart/control.js";
import { EVENT } from "../../src/statechart/vocabulary.js";
import { inputOf, stageGraph, staffedPhases } from "../drive.js";
import type { EdgeScript } from "../every-edge.js";
import type { Step } from "../steps.js";
import { KillableSaver, KilledError } from "../killable-saver.js";
import type { Subject } from "./subject.js";

/** Runs that are killed between any two of their writes: the longest, until all that are left are the beginnings of others. */
const MAX_RUNS = 4;
const CONFIG = { configurable: { thread_id: "killed" } };

/** Whenever a run dies, a new process that goes on with its thread comes to the same end as a run that did not. */
export async function survived(subject: Subject): Promise<void> {
  for (const script of firstTurns(subject)) {
    const input = inputOf(script.script[0]);
    const whole = new KillableSaver().keepMoments();
    const undisturbed = graphOf(subject, script, whole);
    await undisturbed.invoke(input, CONFIG);
    const expected = await outline(undisturbed);
    await dies(subject, script, Math.floor(whole.stored / 2));
    for (let writes = 0; writes < whole.stored; writes += 1) {
      const saver = whole.asAfter(writes);
      const graph = graphOf(subject, script, saver);
      await graph.invoke((await saver.getTuple(CONFIG)) === undefined ? input : null, CONFIG);
      deepEqual(await outline(graph), expected, `killed after ${writes} of ${whole.stored} writes`);
    }
  }
}

/** A run whose saver stores nothing any more fails with what the saver says. */
async function dies(subject: Subject, script: EdgeScript, writes: number): Promise<void> {
  const saver = new KillableSaver();
  saver.killAfter(writes);
  const died: unknown = await graphOf(subject, script, saver)
    .invoke(inputOf(script.script[0]), CONFIG)
    .catch((error: unknown) => error);
  ok(died instanceof KilledError, `a run that is killed after ${writes} writes fails with that`);
}

const graphOf = ({ orchestration, options }: Subject, { script, edge }: EdgeScript, saver: KillableSaver): OrchestrationGraph =>
  stageGraph({ orchestration, options, saver }, script, edge);

/** Scripts up to their second input, without those that are the beginning of another. */
export function firstTurns({ orchestration, exploration }: Subject): EdgeScript[] {
  const staffed = staffedPhases(orchestration);
  const fromOutside = ({ event, from }: Step) => event.type === EVENT.INPUT || from === undefined || !staffed.has(from);
  const whole = exploration.edges.filter(({ script }) => !script.slice(1).some(fromOutside));
  const keys = whole.map(({ script }) => JSON.stringify(script).slice(0, -1));
  return whole
    .filter(
      (_script, index) =>
        !keys.some((key, other) => other !== index && key.startsWith(keys[index] ?? "") && (key !== keys[index] || other < index)),
    )
    .sort((one, other) => other.script.length - one.script.length)
    .slice(0, MAX_RUNS);
}

/** A thread without what differs from run to run: ids. Time stands still here. */
async function outline(graph: OrchestrationGraph): Promise<unknown> {
  const { values, next, tasks } = await graph.getState(CONFIG);
  const { messages, control, results } = values;
  const questions = tasks.flatMap((task) => task.interrupts.map(({ value }) => value));
  return { messages: messages.map(words), control: withoutIds(control), results, next, questions };
}

/** Which visits of phases there are, and since which turn, without the ids that tell them apart. */
function withoutIds({ entries, handedAfter: _after, ...control }: Control): unknown {
  const visits = Object.entries(entries ?? {}).map(([phase, { turn }]) => [phase, turn]);
  return { ...control, visits };
}

const words = (message: BaseMessage) => ({ type: message.getType(), name: message.name, text: message.text, record: readRecord(message) });
