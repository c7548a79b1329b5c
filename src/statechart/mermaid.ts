import type { AnyStateNode } from "xstate";
import type { Chart } from "./reading.js";
import { childrenOf, phaseName } from "./tree.js";
import type { Bindings } from "./verify.js";
import { END, START } from "./vocabulary.js";

/** Events on one line of the picture; the rest are counted. */
const SHOWN_EVENTS = 4;

/**
 * The chart as a Mermaid flowchart: a box for each phase with who works there, rounded where it talks with the user, frames for
 * parallel states, dashed lines where a guard decides. GitHub and most editors draw it. Deterministic.
 */
export function toMermaid(chart: Chart, agents?: Bindings): string {
  const ids = new Map([START, ...chart.phases.keys(), END].map((place, index) => [place, index === 0 ? "start" : `n${index}`]));
  const shown = new Set([START, END, ...chart.rests]);
  const lines = [
    "flowchart TD",
    `  ${ids.get(START)}((" "))`,
    ...frames(chart, chart.machine.root, (phase) => boxOf(chart, phase, ids, agents), "  "),
  ];
  const ends = new Map<string, { readonly events: string[]; guarded: boolean }>();
  for (const { from, to, event, guarded } of chart.edges) {
    if (!shown.has(from) || !shown.has(to)) continue;
    const key = `${ids.get(from)} ${ids.get(to)}`;
    const line = ends.get(key) ?? { events: [], guarded: true };
    if (event !== "") line.events.push(event);
    line.guarded &&= guarded;
    ends.set(key, line);
  }
  if (chart.edges.some((edge) => edge.to === END)) lines.push(`  ${ids.get(END)}((("end")))`);
  for (const [key, { events, guarded }] of ends) {
    const [from, to] = key.split(" ");
    const label = labelOf(events);
    lines.push(`  ${from} ${guarded ? "-.->" : "-->"}${label === "" ? "" : `|"${label}"|`} ${to}`);
  }
  return `${lines.join("\n")}\n`;
}

/** The phases below a state, with a frame around each parallel state and around each of its regions. */
function frames(chart: Chart, node: AnyStateNode, box: (phase: string) => string, indent: string): string[] {
  return childrenOf(node).flatMap((child): string[] => {
    if (child.type === "atomic") return chart.rests.has(phaseName(child)) ? [`${indent}${box(phaseName(child))}`] : [];
    const inner = frames(chart, child, box, child.type === "parallel" ? `${indent}  ` : indent);
    if (child.type !== "parallel" || inner.length === 0) return inner;
    return [`${indent}subgraph s${child.order}["${escaped(child.key)}"]`, ...inner, `${indent}end`];
  });
}

function boxOf(chart: Chart, phase: string, ids: ReadonlyMap<string, string>, agents: Bindings | undefined): string {
  const agent = agents?.get(phase)?.id;
  const text = escaped(agent === undefined || agent === phase ? phase : `${phase} · ${agent}`);
  return chart.phases.get(phase)?.waits === true ? `${ids.get(phase)}(["${text}"])` : `${ids.get(phase)}["${text}"]`;
}

function labelOf(events: readonly string[]): string {
  const shown = events.slice(0, SHOWN_EVENTS).map(escaped);
  return [...shown, ...(events.length > SHOWN_EVENTS ? [`${events.length - SHOWN_EVENTS} more`] : [])].join("<br>");
}

/** Mermaid's own escapes: everything but letters, digits and harmless signs becomes a character code. */
const escaped = (text: string): string => text.replace(/[^\p{L}\p{N} ._·:()-]/gu, (sign) => `#${sign.codePointAt(0)};`);
