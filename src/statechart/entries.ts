import type { Chart } from "./reading.js";
import { activePhases, type Control, type ControlEvent, type Entry } from "./control.js";
import { keepSnapshot, snapshotOf } from "./legal.js";
import { BOOKKEEPING, EVENT } from "./vocabulary.js";

const NONE: Readonly<Record<string, Entry>> = Object.freeze({});

/**
 * The state after an event, with an entry for each phase it is in. A phase keeps its own while it is at work: through its progress,
 * through an input that finds it there. Whoever replied begins another stay with the next input; a fork begins another branch of
 * the same. Threads of older releases get entries as they go on.
 */
export function withEntries(chart: Chart, before: Control, after: Control, event: ControlEvent): Control {
  const forks = event.meta?.forks === true;
  const isMoot = event.type === BOOKKEEPING.REPLY || event.type === BOOKKEEPING.ANSWER || (event.type === BOOKKEEPING.ENTER && !forks);
  if (isMoot || after.refusals > before.refusals) return after;
  const snapshot = snapshotOf(chart, after);
  const known = before.entries ?? NONE;
  const stays = stayed(chart, before, after, event);
  const isFirst = forks || (before.turn === 0 && before.seq === 0);
  const id = event.meta?.id ?? `${before.turn}.${before.seq}`;
  const entries: Record<string, Entry> = {};
  for (const phase of activePhases(chart, snapshot)) {
    const entry = stays(phase) ? known[phase] : undefined;
    if (entry !== undefined) entries[phase] = forks ? { visit: entry.visit, branch: id, turn: after.turn } : entry;
    else if (isFirst || !stays(phase)) entries[phase] = { visit: id, turn: after.turn };
  }
  const next = { ...after, entries };
  keepSnapshot(next, snapshot);
  return next;
}

/** Which phases went on with what they were at. */
function stayed(chart: Chart, before: Control, after: Control, event: ControlEvent): (phase: string) => boolean {
  if (after.episode !== before.episode) return () => false;
  const was = new Set(activePhases(chart, snapshotOf(chart, before)));
  const source = event.meta?.phase;
  const isProgress = event.type === EVENT.PROGRESS || event.type.startsWith(`${EVENT.PROGRESS}.`);
  const hasReplied = new Set(event.type === EVENT.INPUT ? before.waiting : []);
  return (phase) => was.has(phase) && !hasReplied.has(phase) && (phase !== source || isProgress);
}

/** The entry of a phase as one word, for the names of what belongs to this stay and this branch alone. Empty in threads of older releases. */
export const entryKey = (entry: Entry | undefined): string =>
  entry === undefined ? "" : [entry.visit, ...(entry.branch === undefined ? [] : [entry.branch])].join("/");
