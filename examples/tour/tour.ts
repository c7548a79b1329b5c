import { MemorySaver } from "@langchain/langgraph";
import { watch, type BaseState, type RunEvent, type TerminalEvent } from "phasegraph";
import type { Screen } from "../review/terminal.js";
import { printable } from "../review/words.js";
import { readProject } from "./project.js";
import type { Section, SectionOf } from "./section.js";

const NAME_WIDTH = 14;
const MAX_WIDTH = 110;

export interface TourOptions {
  readonly path: string;
  readonly sections: readonly SectionOf[];
  readonly screen: Screen;
  readonly colours: boolean;
  readonly signal?: AbortSignal;
}

/** Shows each pattern at work on the files of a directory. Returns how many of them failed. */
export async function tour({ path, sections, screen, colours, signal }: TourOptions): Promise<number> {
  const project = await readProject(path);
  const say = (line = ""): void => void screen.write(`${line}\n`);
  const bold = (text: string): string => (colours ? `\u001b[1m${text}\u001b[22m` : text);
  say(`A tour of ${sections.length} patterns on ${printable(project.root)}: ${project.files.length} files, no key, no server.`);
  let failed = 0;
  for (const [index, make] of sections.entries()) {
    if (signal?.aborted === true) break;
    const section = make(project);
    say();
    say(bold(`${index + 1} · ${section.pattern}: ${section.says}`));
    say();
    for (const line of section.orchestration.toMermaid().trimEnd().split("\n")) say(`    ${line}`);
    say();
    if (!(await show(section, say, signal))) failed += 1;
  }
  return failed;
}

async function show(section: Section, say: (line: string) => void, signal?: AbortSignal): Promise<boolean> {
  const begin = performance.now();
  const graph = section.orchestration.compile({ checkpointer: new MemorySaver() });
  const config = { configurable: { thread_id: section.pattern }, ...(signal === undefined ? {} : { signal }) };
  say(`  user           ${short(section.input)}`);
  const run = watch(graph, { messages: [{ role: "user", content: section.input }] }, config);
  let end: TerminalEvent | undefined;
  for await (const event of run) {
    const line = lineOf(event);
    if (line !== undefined) say(`  ${line}`);
    if (event.type === "orchestration.failed") end = event;
  }
  const seconds = ((performance.now() - begin) / 1_000).toFixed(2);
  if (end?.type === "orchestration.failed") {
    say(`  ✗ ${short(`${end.error.name}: ${end.error.message}`)} (${seconds} s)`);
    return false;
  }
  const state = (await graph.getState(config)).values as BaseState;
  for (const line of section.outcome(state)) say(`  → ${short(line)}`);
  say(`  ✓ ${state.control.trail.length} transitions in ${seconds} s`);
  return true;
}

/** What of a run is shown: who works, who hands over to whom, and what is said. */
function lineOf(event: RunEvent): string | undefined {
  switch (event.type) {
    case "phase.entered":
      return event.within.length > 0 ? undefined : `${event.agent.padEnd(NAME_WIDTH)} works`;
    case "message.added":
      return event.message.text === ""
        ? undefined
        : `${(event.message.name ?? event.phase).padEnd(NAME_WIDTH)} ${short(event.message.text)}`;
    case "orchestration.handoff_completed":
      return `${event.by.padEnd(NAME_WIDTH)} hands over to ${event.to}${event.reason === undefined ? "" : `: ${short(event.reason)}`}`;
    default:
      return undefined;
  }
}

function short(text: string): string {
  const line = printable(text.replaceAll(/\s+/g, " ").trim());
  return line.length > MAX_WIDTH ? `${line.slice(0, MAX_WIDTH - 1)}…` : line;
}
