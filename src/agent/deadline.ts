import { eitherSignal, openAbort, untilAborted } from "../base/abort.js";
import { after } from "../base/clock.js";
import { StepTimeoutError } from "../base/errors.js";
import type { Runner, Turn } from "./agent.js";

/** Milliseconds of one turn of any agent where nothing else is said. Waiting for a person does not count. */
export const TURN_MILLISECONDS = 300_000;

/** What an agent, its time and the option that sets it are called. */
export interface Deadline {
  readonly milliseconds: number;
  /** The option that sets it, for the error. */
  readonly option: string;
}

/**
 * Work that is told by its signal when its time is over, or the run's signal is aborted. What it says then is what it ends with:
 * whoever does not listen is to be wrapped in `untilAborted`.
 */
export async function withDeadline<T>(
  turn: Pick<Turn, "agent" | "config" | "clock">,
  { milliseconds, option }: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = openAbort();
  const late = (): void => stop.abort(new StepTimeoutError(turn.agent, milliseconds, option));
  const takeBack = after(turn.clock, milliseconds, late);
  try {
    return await work(eitherSignal(stop.signal, turn.config.signal));
  } finally {
    takeBack();
  }
}

/** The same runner with a limit on its time; it ends with the time also when the work does not listen. */
export function limited<State>(run: Runner<State>, deadline: Deadline | undefined): Runner<State> {
  if (deadline === undefined) return run;
  return (turn) =>
    withDeadline(turn, deadline, (signal) => untilAborted(signal, () => run({ ...turn, config: { ...turn.config, signal } })));
}
