import { ReducedValue } from "@langchain/langgraph";
import { z } from "zod";
import type { Turn } from "../src/agent/agent.js";
import { maybe, number, oneOf, requireForm, shape, text } from "../src/base/form.js";
import { LedgerNote, writeNotes, type LedgerNotes } from "../src/ledger/notes.js";

/** How a ledger is kept. */
export interface LedgerOptions {
  /** Notes kept. Default 1,000. */
  readonly limit?: number;
}

const OPTIONS = shape<LedgerOptions>({ limit: maybe(number) });

/**
 * A ledger as a key of an orchestration's state: agents write notes with `update`, in parallel too, and every checkpoint has them.
 * @example
 * const team = sequential({ name: "team", agents, state: { ledger: ledger() } });
 * run: (turn) => reply("Found it.", { update: { ledger: [note(turn, "fact", "The key is under the mat.")] } })
 */
export const ledger = (options: LedgerOptions = {}) => {
  requireForm("The ledger", options, OPTIONS);
  const { limit = 1_000 } = options;
  return new ReducedValue(
    z.array(z.custom<LedgerNote>()).default(() => []),
    {
      inputSchema: z.union([LedgerNote, z.array(LedgerNote)]),
      reducer: (known: LedgerNotes, written) => [...writeNotes(known, written, limit)],
      jsonSchemaExtra: { description: "What agents wrote down, oldest first; an update is a note, or several." },
    },
  );
};

/** What goes with a note. */
export interface NoteOptions {
  readonly id?: string;
  readonly scope?: LedgerNote["scope"];
  readonly task?: string;
}

const NOTE = shape<NoteOptions>({ id: maybe(text), scope: maybe(oneOf("shared", "own")), task: maybe(text) });

/** A note of the agent whose turn it is. */
export function note<State>(turn: Turn<State>, kind: LedgerNote["kind"], text: string, options: NoteOptions = {}): LedgerNote {
  requireForm("The options of note()", options, NOTE);
  const { id = turn.clock.id(), scope = "shared", task = turn.task?.id } = options;
  return { id, agent: turn.agent, kind, text, scope, ...(task === undefined ? {} : { task }), at: turn.clock.now() };
}
