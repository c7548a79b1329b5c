/**
 * A map that forgets what was not asked for lately, once its weight passes the limit. Two generations instead of a linked list:
 * a hit costs one lookup, and never more than twice the limit is held.
 */
export class BoundedCache<Key, Value> {
  private young = new Map<Key, { readonly value: Value; readonly weight: number }>();
  private old = new Map<Key, { readonly value: Value; readonly weight: number }>();
  private weight = 0;

  constructor(private readonly limit: number) {}

  get(key: Key): Value | undefined {
    const hit = this.young.get(key);
    if (hit !== undefined) return hit.value;
    const aged = this.old.get(key);
    if (aged === undefined) return undefined;
    this.old.delete(key);
    this.set(key, aged.value, aged.weight);
    return aged.value;
  }

  set(key: Key, value: Value, weight: number): void {
    if (weight > this.limit) return;
    this.weight -= this.young.get(key)?.weight ?? 0;
    if (this.weight + weight > this.limit) {
      this.old = this.young;
      this.young = new Map();
      this.weight = 0;
    }
    this.weight += weight;
    this.young.set(key, { value, weight });
  }

  clear(): void {
    this.young.clear();
    this.old.clear();
    this.weight = 0;
  }
}
