import { deepEqual, ok } from "node:assert/strict";
import { isInterrupted } from "@langchain/langgraph";
import type { BaseState } from "../../src/state/schema.js";
import { legalEvents, phasesOf } from "../../src/statechart/legal.js";
import { inputOf, stageGraph, staffedPhases } from "../drive.js";
import { longestRest } from "./rests.js";
import type { Subject } from "./subject.js";

const CONFIG = { configurable: { thread_id: "waits" } };

/** Wherever a run stops short of the chart's end, by itself or for a question, those who are waited for are in `control.waiting`. */
export async function saysForWhom({ orchestration, options }: Subject): Promise<void> {
  const { chart } = orchestration;
  const staffed = staffedPhases(orchestration);
  const { script } = await longestRest({ orchestration, options } as Subject);
  for (const length of new Set([script.length, script.length - 1, 1])) {
    if (length < 1) continue;
    const graph = stageGraph({ orchestration, options }, script.slice(0, length));
    const after = await graph.invoke(inputOf(undefined), CONFIG);
    const state = await graph.getState(CONFIG);
    const { control } = state.values as BaseState;
    deepEqual([...after.control.waiting].sort(), [...control.waiting].sort(), "a run ends with whom the thread waits for");
    const waited = orchestration.waitingFor(state);
    deepEqual([...new Set(waited.map(({ phase }) => phase))].sort(), [...control.waiting].sort(), "everybody is told of");
    if (control.done) continue;
    const active = phasesOf(chart, control);
    deepEqual([...control.waiting].sort(), active.sort(), "nobody is at work any more, so everybody is waited for");
    for (const { phase, agent, events, for: what } of waited) {
      deepEqual(agent, orchestration.agentOf(phase)?.id, "with the agent of the phase");
      if (what === "event") ok(!staffed.has(phase), "nobody works where events alone move the phase");
      if (what === "event" || what === "message") deepEqual(events, legalEvents(chart, control, phase), "with the events that are legal");
      ok(what !== "answer" || isInterrupted(after), "an answer is waited for when something was asked");
    }
  }
}
