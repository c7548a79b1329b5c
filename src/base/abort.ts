/** What comes first: the end of the work, or the signal's reason, for work that does not listen to its signal. */
export async function untilAborted<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  if (signal === undefined) return work();
  signal.throwIfAborted();
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener("abort", stop);
  }
}

/** A controller whose signal any number may listen to: the calls of a turn, the tasks of a plan. */
export function openAbort(): AbortController {
  const controller = new AbortController();
  expectListeners(controller.signal);
  return controller;
}

/** Aborted with the first of both; any number may listen to it. */
export function eitherSignal(own: AbortSignal, outer: AbortSignal | undefined): AbortSignal {
  if (outer === undefined) return own;
  const either = AbortSignal.any([outer, own]);
  expectListeners(either);
  return either;
}

/** Every phase of a step listens to the run's signal; of more than ten, Node warns as of a leak. Where there is no Node, nobody warns. */
export function expectListeners(signal: AbortSignal | undefined): void {
  if (signal !== undefined) globalThis.process?.getBuiltinModule?.("events").setMaxListeners(0, signal);
}
