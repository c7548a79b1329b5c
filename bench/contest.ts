/** Something that is timed: returns the milliseconds of one round. */
export type Round = () => Promise<number> | number;

/** Medians in milliseconds, by contestant. */
export type Medians<Name extends string> = Readonly<Record<Name, number>>;

const WARM_UP = 2;

/**
 * Times contestants side by side: one round of each in turn, so that a slow moment of the machine meets all of them. The first
 * two rounds warm up and do not count.
 */
export async function contest<Name extends string>(contestants: Readonly<Record<Name, Round>>, rounds: number): Promise<Medians<Name>> {
  const names = Object.keys(contestants) as Name[];
  const times = new Map(names.map((name) => [name, [] as number[]]));
  for (let round = -WARM_UP; round < rounds; round += 1) {
    for (const name of names) {
      const milliseconds = await contestants[name]();
      if (round >= 0) times.get(name)?.push(milliseconds);
    }
  }
  return Object.fromEntries([...times].map(([name, list]) => [name, median(list)])) as Medians<Name>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** The time of a piece of work, in milliseconds. */
export function timed(work: () => unknown): Round {
  return async () => {
    const begin = performance.now();
    await work();
    return performance.now() - begin;
  };
}
