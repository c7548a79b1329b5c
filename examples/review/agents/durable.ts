import { task } from "@langchain/langgraph";

/** A piece of work that is done, and whether it had been done before. */
export interface Done<T> {
  readonly value: T;
  /** True when the value came from the checkpoint and the work was not run again. */
  readonly stored: boolean;
}

type Kept<T> = { readonly ok: true; readonly value: T } | { readonly ok: false };

/**
 * Runs work as a LangGraph task, whose result is stored and not computed again when the run goes on after a crash. Failures are
 * stored too, because a task that throws ends the whole step, its siblings included; whoever resumes tries again after them.
 */
export async function durable<T>(name: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<Done<T>> {
  for (;;) {
    let failure: { readonly error: unknown } | undefined;
    let stored = true;
    const kept = await task(name, async (): Promise<Kept<T>> => {
      stored = false;
      try {
        return { ok: true, value: await work() };
      } catch (error) {
        if (signal?.aborted === true) throw error; // stopped, not failed
        failure = { error };
        return { ok: false };
      }
    })();
    if (kept.ok) return { value: kept.value, stored };
    if (failure !== undefined) throw failure.error;
  }
}
