import { deepEqual, ok } from "node:assert/strict";
import type { Edge } from "../../src/statechart/edges.js";
import { phasesOf } from "../../src/statechart/legal.js";
import { BOOKKEEPING, END, EVENT, START } from "../../src/statechart/vocabulary.js";
import { drive, staffedPhases } from "../drive.js";
import { edgeName, edgesTaken } from "../edges-taken.js";
import { type EdgeScript } from "../every-edge.js";
import { INPUT_STEP, movesFrom, type Step } from "../steps.js";
import { ShownToModels } from "./accepted.js";
import type { Check, Subject } from "./subject.js";

/** Every edge on its own, through the compiled graph. */
export const edgeChecks = (subject: Subject): Check[] =>
  subject.exploration.edges.map((script) => ({
    title: `the graph follows ${edgeName(script.edge)}`,
    run: () => followed(subject, script),
  }));

async function followed({ orchestration, options }: Subject, { edge, script }: EdgeScript): Promise<void> {
  const again: Step[] = edge.isReply === true ? [INPUT_STEP] : []; // whoever replied hears the next input
  const shown = new ShownToModels();
  const { taken, fromOutside } = await drive({ orchestration, options, look: shown.look }, [...script, ...again], edge);
  ok(fromOutside === 0 || orchestration.chart.hasParallel, "the agents send every event that is theirs"); // of regions one may have to wait
  ok(taken.has(edgeName(edge)), `the run took ${[...taken].join(", ")}, but not ${edgeName(edge)}`);
  shown.assertAccepted();
}

/** No edge is left out without a reason, and no reason is given for an edge that can be driven. */
export function allDriven({ exploration }: Subject, unreachable: Readonly<Record<string, string>>): void {
  const missing = exploration.missing.map(({ edge, why }) => [edgeName(edge), why] as const);
  const unexplained = missing.filter(([name]) => unreachable[name] === undefined);
  ok(unexplained.length === 0, `edges that no script takes:\n${unexplained.map(([name, why]) => `  ${name}: ${why}`).join("\n")}`);
  const driven = Object.keys(unreachable).filter((name) => !missing.some(([known]) => known === name));
  ok(driven.length === 0, `said to be unreachable, but taken or unknown: ${driven.join(", ")}`);
}

/** The picture LangGraph draws shows the chart's edges: phases without an agent are left from the start, and entered at the end. */
export async function drawn({ orchestration }: Subject): Promise<void> {
  const staffed = staffedPhases(orchestration);
  const place = (phase: string, otherwise: string): string => (staffed.has(phase) ? phase : otherwise);
  const edges = orchestration.chart.edges.filter((edge) => edge.isReply !== true || staffed.has(edge.from));
  const expected = edges.map((edge) => line({ ...edge, from: place(edge.from, START), to: place(edge.to, END) }));
  const picture = (await orchestration.compile().getGraphAsync()).toJSON() as {
    edges: { source: string; target: string; data?: string }[];
  };
  const shown = picture.edges.map(({ source, target, data }) => line({ from: source, to: target, event: eventOf(data, target) }));
  deepEqual([...new Set(shown)].sort(), [...new Set(expected)].sort());
  deepEqual(shown.length, new Set(shown).size, "no edge is drawn twice");
}

const line = ({ from, event, to }: Pick<Edge, "from" | "event" | "to">): string => `${from} | ${event} | ${to}`;

/** A label is the event, with its target where the event alone would not tell; the way in has the target alone, or none. */
const eventOf = (label: string | undefined, target: string): string =>
  label === undefined || label === target ? "" : label.replace(/ → .*$/, "");

/** Whatever the chart can do is in its picture: who enters a phase came over an edge. */
export async function pictured({ orchestration, exploration, options }: Subject): Promise<void> {
  const { chart } = orchestration;
  for (const { control } of exploration.states) {
    for (const { step, after } of movesFrom(chart, control, options)) {
      if (step.event.type === BOOKKEEPING.REPLY || step.event.type === EVENT.INPUT) continue;
      const was = phasesOf(chart, control);
      const entered = after.done ? [END] : phasesOf(chart, after).filter((phase) => !was.includes(phase));
      const eventless = chart.edges.filter((edge) => edge.event === ""); // a guard that another region opened
      const edges = [...edgesTaken(chart, control, step, after), ...eventless].map((edge) => edge.to);
      for (const phase of entered)
        ok(edges.includes(phase), `${step.event.type} leads from ${was.join(", ")} to ${phase}, which no edge shows`);
    }
  }
}
