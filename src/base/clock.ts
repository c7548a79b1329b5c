/** Where time and ids come from. Pass your own to make a run repeatable. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** A new unique id. */
  id(): string;
}

/** The machine's own clock and random ids. */
export const systemClock: Clock = { now: () => Date.now(), id: () => crypto.randomUUID() };
