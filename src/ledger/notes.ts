import { maybe, oneOf, requireForm, shape, text } from "../base/form.js";
import { z } from "zod";
import { isPlainObject } from "../base/json.js";

/** Something an agent wrote down for itself or for all; plain JSON. */
export const LedgerNote = z.object({
  /** A later note with the same id takes this one's place. */
  id: z.string().min(1).max(128),
  agent: z.string().min(1).max(64),
  kind: z.enum(["fact", "guess", "plan", "decision", "progress", "note"]),
  text: z.string().max(20_000),
  /** `"shared"` (default): for all. `"own"`: only its agent's readers see it. */
  scope: z.enum(["shared", "own"]).default("shared"),
  /** The task it is about. */
  task: z.string().max(128).optional(),
  at: z.number(),
});
/** See the schema of the same name. */
export type LedgerNote = z.output<typeof LedgerNote>;
/** A note as it is written. */
export type LedgerNoteInput = z.input<typeof LedgerNote>;

/** Notes, oldest first; ids are unique. */
export type LedgerNotes = readonly LedgerNote[];

/** The notes after new ones were written, at most `limit`: the oldest give way. What is no note changes nothing. */
export function writeNotes(known: LedgerNotes, written: unknown, limit: number): LedgerNotes {
  const notes = new Map(known.map((note) => [note.id, note]));
  for (const candidate of Array.isArray(written) ? written : [written]) {
    const parsed = isPlainObject(candidate) ? LedgerNote.safeParse(candidate) : undefined;
    if (parsed?.success !== true) continue;
    notes.delete(parsed.data.id); // the newest stands last
    notes.set(parsed.data.id, parsed.data);
  }
  return [...notes.values()].slice(-limit);
}

/** Which notes to read; all conditions must hold. */
export interface NoteFilter {
  /** Shared notes, and this agent's own. Without it: shared notes only. */
  readonly reader?: string;
  readonly writer?: string;
  readonly kind?: LedgerNote["kind"];
  readonly task?: string;
}

const FILTER = shape<NoteFilter>({
  reader: maybe(text),
  writer: maybe(text),
  kind: maybe(oneOf(...LedgerNote.shape.kind.options)),
  task: maybe(text),
});

/** The notes that a reader may see, oldest first. */
export function readNotes(notes: LedgerNotes, filter: NoteFilter = {}): LedgerNote[] {
  requireForm("The filter of readNotes()", filter, FILTER);
  const { reader, writer, kind, task } = filter;
  return notes.filter(
    (note) =>
      (note.scope === "shared" || note.agent === reader) &&
      (writer === undefined || note.agent === writer) &&
      (kind === undefined || note.kind === kind) &&
      (task === undefined || note.task === task),
  );
}
