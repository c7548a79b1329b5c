/** Whether the long loops run: `npm run test:soak`. */
export const SOAK = process.env["SOAK"] === "1";

/** How often something is tried: a few times in `npm test`, many times in `npm run test:soak`, which runs the files that call this. */
export const runs = (quick: number, soak: number): number => (SOAK ? soak : quick);

/** A seed for what has to be left to chance, such as the moment of a kill. `SEED=… npm test` repeats a run. */
export const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** Numbers from 0 to below 1 that follow from a seed (mulberry32). */
export function chances(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
