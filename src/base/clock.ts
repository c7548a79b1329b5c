/** Where time and ids come from. Pass your own to make a run repeatable. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** A new unique id. */
  id(): string;
  /**
   * Settles when so much time is over, or as soon as the signal is aborted. What waits and what limits time goes by it. Default: the
   * machine's own timers.
   */
  sleep?(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The longest a timer of JavaScript can run, 24 days; a longer one would end at once. */
const MAX_TIMER = 2_147_483_647;

/** The machine's own clock and random ids. */
export const systemClock: Required<Clock> = {
  now: () => Date.now(),
  id: () => crypto.randomUUID(),
  sleep: (milliseconds, signal) => sleep({}, milliseconds, signal),
};

/** Does something when the time is over, at most 24 days from now; returns what takes it back. */
export function after(clock: Pick<Clock, "sleep">, milliseconds: number, work: () => void): () => void {
  const own = clock.sleep === systemClock.sleep ? undefined : clock.sleep;
  if (own === undefined) {
    const timer = setTimeout(work, Math.min(milliseconds, MAX_TIMER));
    return () => clearTimeout(timer);
  }
  const stop = new AbortController();
  const ends = (): void => {
    if (!stop.signal.aborted) work();
  };
  void own.call(clock, milliseconds, stop.signal).then(ends, ends); // a clock that fails must not let anyone wait for ever
  return () => stop.abort();
}

/** Settles when the time is over, or as soon as the signal is aborted. */
export async function sleep(clock: Pick<Clock, "sleep">, milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (milliseconds <= 0 || signal?.aborted === true) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      takeBack();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const takeBack = after(clock, milliseconds, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}
