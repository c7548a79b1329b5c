import type { Clock } from "../src/base/clock.js";

/** A clock that stands still until it is told to go on, and counts its ids: what a test stores is the same every time. */
export interface ManualClock extends Clock {
  /** Lets time pass. In milliseconds, from 0 up. */
  advance(milliseconds: number): void;
}

/**
 * @param start - Milliseconds since 1970. Default 0.
 * @param prefix - Ids are `<prefix>1`, `<prefix>2` and so on. Default `"id-"`; two clocks for one thread need two.
 */
export function manualClock(start = 0, prefix = "id-"): ManualClock {
  let now = start;
  let ids = 0;
  return {
    now: () => now,
    id: () => `${prefix}${(ids += 1)}`,
    advance(milliseconds) {
      if (!(milliseconds >= 0)) throw new RangeError(`A clock goes forward only, not by ${milliseconds} ms.`);
      now += milliseconds;
    },
  };
}
