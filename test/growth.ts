const TRIES = 3;

/**
 * How much longer ten times as much takes: the least of three tries, because others use the machine too, while what is quadratic takes
 * a hundred times as long each time. What is over in a few milliseconds counts as ten.
 */
export async function growth(work: (size: number) => unknown, size: number): Promise<number> {
  const ratios: number[] = [];
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const small = Math.max(await milliseconds(() => work(size)), 10);
    ratios.push((await milliseconds(() => work(size * 10))) / small);
    if ((ratios.at(-1) ?? 0) < ENOUGH) break;
  }
  return Math.min(...ratios);
}

/** What {@link growth} is below when the time grows about as the size does. */
export const ENOUGH = 30;

async function milliseconds(work: () => unknown): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}
