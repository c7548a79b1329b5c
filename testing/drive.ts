import { deepEqual, fail, ok } from "node:assert/strict";
import type { Turn } from "../src/agent/agent.js";
import type { OrchestrationGraph } from "../src/compile/graph.js";
import type { Orchestration } from "../src/compile/orchestration.js";
import type { BaseState } from "../src/state/schema.js";
import { initialControl, type Control, type ControlEvent } from "../src/statechart/control.js";
import type { Edge } from "../src/statechart/edges.js";
import { phasesOf } from "../src/statechart/legal.js";
import { BOOKKEEPING, EVENT } from "../src/statechart/vocabulary.js";
import { edgeName, follow } from "./edges-taken.js";
import { play, type ExploreOptions, type Step } from "./steps.js";
import { KillableSaver } from "./killable-saver.js";
import { manualClock } from "./manual-clock.js";
import { Oracle } from "./oracle.js";
import { playTurn, remaining, type Play } from "./play-script.js";
import { scripted } from "./scripted-agent.js";

/** What was seen of one script in the graph. */
export interface Driven {
  readonly control: Control;
  /** Names of the edges that were taken. */
  readonly taken: ReadonlySet<string>;
  /** Steps that no agent could send; they were given as events from outside. */
  readonly fromOutside: number;
}

/** Where a script is to be played. */
export interface Stage {
  readonly orchestration: Orchestration;
  readonly options: ExploreOptions;
  readonly saver?: KillableSaver;
  /** Told of every turn before it is played. */
  readonly look?: (turn: Turn) => void;
}

/** The phases of an orchestration in which somebody works. */
export const staffedPhases = (orchestration: Orchestration): Set<string> =>
  new Set(orchestration.phases.filter((phase) => orchestration.agentOf(phase) !== undefined));

/** The graph whose agents play a script. */
export function stageGraph({ orchestration, options, saver, look }: Stage, script: readonly Step[], edge?: Edge): OrchestrationGraph {
  const { chart } = orchestration;
  ok(chart.trailLimit >= script.length, `how far a script went is read from the trail, whose limit of ${chart.trailLimit} is too short`);
  const part: Play = { chart, script, staffed: staffedPhases(orchestration), options, ...(edge === undefined ? {} : { edge }) };
  const played = scripted(orchestration, (turn) => {
    look?.(turn);
    return playTurn(part, turn);
  });
  const clock = manualClock(0, `${saver?.stored ?? 0}-`); // a second process on the thread must not give ids again
  return played.compile({ checkpointer: saver ?? new KillableSaver(), clock, durability: "sync" });
}

/** The input that a step from outside becomes. */
export const inputOf = (step: Step | undefined) =>
  step === undefined || step.event.type === EVENT.INPUT
    ? { messages: [{ role: "user", content: "Go on, please.", id: "input" }] }
    : { control: { ...step.event } };

/**
 * Plays a script through the compiled graph, run after run, and checks every superstep: the state is where XState alone has it, and
 * the nodes that run are those of the phases the chart names.
 * @throws AssertionError at the first difference.
 */
export async function drive(stage: Stage, script: readonly Step[], edge?: Edge): Promise<Driven> {
  const graph = stageGraph(stage, script, edge);
  const observer = new Observer(stage.orchestration);
  let control: Control | undefined;
  let fromOutside = 0;
  for (let rest = script; rest.length > 0;) {
    const [next] = rest;
    if (next?.from !== undefined && staffedPhases(stage.orchestration).has(next.from)) fromOutside += 1;
    if (next?.event.type === BOOKKEEPING.REPLY) fail(`the agent of "${next.from}" cannot reply there`);
    control = await observer.run(graph, inputOf(next), next);
    const left = remaining(script, control);
    ok(left.length < rest.length, `the graph went no step further; left of the script: ${rest.map((step) => step.event.type).join(", ")}`);
    rest = left;
  }
  return { control: control ?? fail("an empty script"), taken: observer.taken, fromOutside };
}

interface TaskChunk {
  readonly id: string;
  readonly name: string;
  readonly input?: BaseState;
  readonly result?: { readonly control?: ControlEvent };
}

const CONFIG = { configurable: { thread_id: "script" } };

/** Follows a thread through LangGraph's stream. */
class Observer {
  readonly taken = new Set<string>();
  private readonly oracle: Oracle;
  private readonly staffed: ReadonlySet<string>;
  private control: Control | undefined;
  /** Taken, but the other regions of the join are not there yet. */
  private begun: readonly Edge[] = [];
  private waiting: readonly string[] = [];

  constructor(private readonly orchestration: Orchestration) {
    this.oracle = new Oracle(orchestration.chart);
    this.staffed = staffedPhases(orchestration);
  }

  /** One run, from an input to where it rests. */
  async run(graph: OrchestrationGraph, input: object, step: Step | undefined): Promise<Control> {
    let sent: ControlEvent[] = [{ type: EVENT.INPUT, ...step?.event }];
    let started = new Set<string>();
    let seen: Control | undefined;
    let interrupted = false;
    for await (const chunk of await graph.stream(input, { ...CONFIG, streamMode: ["tasks", "values"] })) {
      const [mode, payload] = chunk as unknown as [string, TaskChunk & Partial<BaseState>]; // the modes asked for
      if (mode === "tasks" && payload.input !== undefined) started.add(payload.name);
      if (mode === "tasks" && payload.result?.control !== undefined) sent.push(payload.result.control);
      if (mode === "values" && "__interrupt__" in payload) interrupted = true;
      if (mode !== "values" || payload.control === undefined) continue;
      if (seen !== undefined) this.nodesMatch(seen, started, sent);
      this.follow(sent, payload.control);
      seen = payload.control;
      sent = [];
      started = new Set();
    }
    if (seen !== undefined && !interrupted) this.nodesMatch(seen, started, sent); // a parked run ends with a preview: what is stored beside the question
    const { control } = (await graph.getState(CONFIG)).values as BaseState;
    const { waiting: shown, ...stored } = control;
    const { waiting, ...told } = seen ?? control;
    deepEqual(stored, told, "the stored state is what the stream told last");
    ok(
      waiting.every((phase) => shown.includes(phase)),
      "whoever waits is shown to wait",
    );
    return seen ?? control;
  }

  /** All agents that are due run, and no other does anything. */
  private nodesMatch(control: Control, started: ReadonlySet<string>, sent: readonly ControlEvent[]): void {
    const due = phasesOf(this.orchestration.chart, control).filter((phase) => this.staffed.has(phase) && !control.waiting.includes(phase));
    const idle = sent.filter((event) => event.type === BOOKKEEPING.ENTER).map((event) => event.meta?.phase);
    deepEqual([...started].filter((phase) => !idle.includes(phase)).sort(), due.sort(), "the nodes that run are those the chart names");
  }

  /** Plays what was sent on the chart, in the order of the trail, and compares. */
  private follow(sent: readonly ControlEvent[], after: Control): void {
    const before = this.control;
    const fresh = after.trail.filter((entry) => entry.seq > (before?.seq ?? 0));
    const order = (event: ControlEvent): number =>
      fresh.findIndex((entry) => entry.event === event.type && entry.by === (event.meta?.by ?? "user"));
    const moves = sent.filter((event) => event.type !== BOOKKEEPING.ENTER && event.type !== BOOKKEEPING.REPLY);
    let at = before;
    for (const event of [...moves].sort((one, other) => order(one) - order(other))) {
      this.oracle.send(event);
      at = this.note(at, event);
    }
    for (const event of sent.filter(({ type }) => type === BOOKKEEPING.REPLY)) at = this.note(at, event);
    this.oracle.agrees(after);
    const phases = phasesOf(this.orchestration.chart, after);
    const isInput = sent.some((event) => event.type === EVENT.INPUT);
    const replied = sent.flatMap(({ type, meta }) => (type === BOOKKEEPING.REPLY && meta?.phase !== undefined ? [meta.phase] : []));
    this.waiting = [...(isInput ? [] : this.waiting), ...replied].filter((phase) => phases.includes(phase));
    deepEqual([...after.waiting].sort(), [...this.waiting].sort(), "those who replied wait, until the next input");
    this.control = after;
  }

  private note(before: Control | undefined, { meta, ...event }: ControlEvent): Control {
    const { chart } = this.orchestration;
    const start = before ?? initialControl(chart);
    const step: Step = { event, ...(meta?.phase === undefined ? {} : { from: meta.phase }) };
    const after = play(chart, start, step);
    const { taken, begun } = follow(chart, this.begun, start, step, after);
    for (const edge of taken) this.taken.add(edgeName(edge));
    this.begun = begun;
    return after;
  }
}
