/** Things in an order, the first at hand. Adding and taking cost the logarithm of how many there are. */
export class Heap<T> {
  private readonly items: T[] = [];

  /** `before(a, b)` tells whether `a` comes before `b`. */
  constructor(private readonly before: (a: T, b: T) => boolean) {}

  get size(): number {
    return this.items.length;
  }

  peek(): T | undefined {
    return this.items[0];
  }

  add(item: T): void {
    let index = this.items.push(item) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.swapIfBefore(index, parent)) return;
      index = parent;
    }
  }

  take(): T | undefined {
    const [first] = this.items;
    const last = this.items.pop();
    if (last === undefined || this.items.length === 0) return first;
    this.items[0] = last;
    for (let index = 0; ;) {
      const left = 2 * index + 1;
      const right = left + 1;
      const best = this.isBefore(right, left) ? right : left;
      if (!this.swapIfBefore(best, index)) return first;
      index = best;
    }
  }

  private isBefore(index: number, other: number): boolean {
    const item = this.items[index];
    const rival = this.items[other];
    return item !== undefined && rival !== undefined && this.before(item, rival);
  }

  private swapIfBefore(index: number, other: number): boolean {
    const item = this.items[index];
    const rival = this.items[other];
    if (item === undefined || rival === undefined || !this.before(item, rival)) return false;
    this.items[index] = rival;
    this.items[other] = item;
    return true;
  }
}
