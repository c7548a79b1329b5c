import { freeze } from "../base/json.js";
import type { Control, TrailEntry } from "../statechart/control.js";

/** A chart's state in a checkpoint. The trail, which grows, is lines of JSON: each is written once however many checkpoints hold it. */
export interface StoredControl extends Omit<Control, "trail"> {
  readonly trail: readonly string[];
}

const lines = new WeakMap<TrailEntry, string>();
const stored = new WeakMap<Control, StoredControl>();
const live = new WeakMap<StoredControl, Control>();

/** The form under which a chart's state is stored. */
export function storedControl(control: Control): StoredControl {
  const known = stored.get(control);
  if (known !== undefined) return known;
  const form: StoredControl = { ...control, trail: control.trail.map(lineOf) };
  stored.set(control, form);
  live.set(form, control);
  return form;
}

/** The chart's state again: the very one while it is still in use, because routing reads it back at every step. */
export function fromStoredControl(form: StoredControl): Control {
  return live.get(form) ?? { ...form, trail: form.trail.map(entryOf) };
}

function lineOf(entry: TrailEntry): string {
  const known = lines.get(entry) ?? JSON.stringify(entry);
  lines.set(entry, known);
  return known;
}

function entryOf(line: string): TrailEntry {
  const entry = freeze(JSON.parse(line) as TrailEntry); // written by lineOf
  lines.set(entry, line);
  return entry;
}
