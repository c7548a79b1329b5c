import { isGraphBubbleUp, task } from "@langchain/langgraph";
import type { Turn } from "../agent/agent.js";
import { WORK, type Piece, type StoredPiece } from "../agent/work.js";
import { untilAborted } from "../base/abort.js";
import { soundError } from "../base/shown-error.js";
import { hasTasks, isResuming } from "../langgraph/config.js";
import { askable } from "./askable.js";

/** A piece of work that may be stored before its turn is. */
export interface DurableWork<P extends Piece> {
  readonly name: string;
  readonly signal: AbortSignal | undefined;
  /** False: the work is done anew when the turn is run again. */
  readonly durable: boolean;
  readonly run: () => Promise<P>;
  /** Reads what earlier releases stored: a value that did not tell whose it was. */
  readonly read: (value: unknown) => P;
}

/** What a task left: a piece, or the note that there is none. Earlier releases stored `{ value }`. */
type Settled<P extends Piece> = StoredPiece<P> | { readonly failed: true } | { readonly value: unknown };

/**
 * Does a piece of a turn as a LangGraph task, whose result is stored beside the turn's checkpoint and is not computed again. Its
 * tokens and events still reach the stream of the graph: it is given the node's callbacks, not its config.
 * A task that rejects ends the whole run, whatever its node makes of the error: so it tells of one, and the error is thrown here.
 * A failure that was stored is no result: run again, the work is tried again. No task outlives its node: it ends with the signal.
 */
export async function durably<P extends Piece>(turn: Turn, { name, signal, durable, run, read }: DurableWork<P>): Promise<P> {
  const work = WORK.of(turn.config);
  const piece = work?.begin(turn.agent) ?? { phase: turn.phase, agent: turn.agent, order: 0 };
  if (!durable || !hasTasks(turn.config)) {
    const done = await untilAborted(signal, run);
    work?.add(done, false);
    return done;
  }
  for (;;) {
    let thrown: { readonly error: unknown } | undefined;
    const settled = await task(name, async (): Promise<Settled<P>> => {
      try {
        return { ...(await untilAborted(signal, run)), piece };
      } catch (caught) {
        const error = askable(soundError(caught), turn.agent);
        if (isGraphBubbleUp(error)) throw error;
        thrown = { error };
        return { failed: true };
      }
    })();
    if (!("failed" in settled)) {
      const done = "said" in settled ? settled : read(settled.value);
      work?.add(done, true);
      return done;
    }
    if (thrown !== undefined) throw (thrown as { readonly error: unknown }).error; // set by the task: what TypeScript does not see
  }
}

/** A piece that is done, and may be needed again before its turn is. */
export interface Kept<P extends Piece> {
  readonly piece: P;
  /** Stores it, the first time it is called: before anything is begun that a resumed turn would begin anew without it. */
  readonly store: () => Promise<void>;
}

/**
 * Does a piece of a turn with which the turn may well end: then it is stored with the turn, and costs no task. In a run that goes
 * on with what was pending it may be stored already, so there it is a task from the beginning.
 */
export async function kept<P extends Piece>(turn: Turn, asked: DurableWork<P>): Promise<Kept<P>> {
  const { name, signal, durable, run } = asked;
  if (!durable || !hasTasks(turn.config) || isResuming(turn.config))
    return { piece: await durably(turn, asked), store: async () => undefined };
  const work = WORK.of(turn.config);
  const place = work?.begin(turn.agent) ?? { phase: turn.phase, agent: turn.agent, order: 0 };
  const piece = await untilAborted(signal, run);
  const stored = work?.add(piece, false);
  let storing: Promise<void> | undefined;
  const write = async (): Promise<void> => {
    await task(name, async (): Promise<StoredPiece<P>> => ({ ...piece, piece: place }))();
    stored?.();
  };
  return { piece, store: () => (storing ??= write()) };
}

/** Stores what a turn that has failed had said and nobody had stored, so that the thread's next input finds it. */
export async function keepUnstored(turn: Turn): Promise<void> {
  const work = WORK.of(turn.config);
  const said = work?.unstored ?? [];
  if (work === undefined || said.length === 0 || !hasTasks(turn.config) || turn.config.signal?.aborted === true) return;
  const piece = work.begin(turn.agent);
  const update = work.update;
  // named after what it holds: when the turn is run again and fails again, that is another piece
  await task(`keep:${said.at(-1)?.id ?? ""}`, async (): Promise<StoredPiece> => ({ said, update, piece }))();
}
