import { shownError } from "./shown-error.js";

/**
 * Tells a listener. What it throws, or what its promise is rejected with, is its own fault and costs nobody else anything: Node
 * shows it as a warning (`PHASEGRAPH_LISTENER`).
 */
export function tell<Event>(listener: ((event: Event) => unknown) | undefined, event: Event): void {
  try {
    void Promise.resolve(listener?.(event)).catch(report);
  } catch (error) {
    report(error);
  }
}

/** For a value that should have been none: a promise in its place is not left to end the process when it is rejected. */
export function notAwaited(value: unknown): boolean {
  if (!(value instanceof Promise)) return false;
  value.catch(() => undefined); // whoever asks says what is wrong with it
  return true;
}

function report(error: unknown): void {
  const { name, message } = shownError(error);
  globalThis.process?.emitWarning?.(`A listener failed: ${name}: ${message}`, { code: "PHASEGRAPH_LISTENER" });
}
