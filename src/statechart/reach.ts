import type { Arrow, Arrows } from "./edges.js";

/** The first arrow of a shortest way to each place that is reached, by place. */
export type Ways = ReadonlyMap<string, { readonly from: string; readonly arrow: Arrow } | undefined>;

/** Everything that can be reached from `start`, each with the last arrow of a shortest way. Linear. */
export function reach(arrows: Arrows, start: string): Ways {
  const ways = new Map<string, { readonly from: string; readonly arrow: Arrow } | undefined>([[start, undefined]]);
  for (const from of ways.keys()) {
    for (const arrow of arrows.get(from) ?? []) if (!ways.has(arrow.to)) ways.set(arrow.to, { from, arrow });
  }
  return ways;
}

/** The events of a shortest way to a place; the way in has none. */
export function scriptTo(ways: Ways, place: string): string[] {
  const events: string[] = [];
  for (let way = ways.get(place); way !== undefined; way = ways.get(way.from)) if (way.arrow.event !== "") events.push(way.arrow.event);
  return events.reverse();
}

/** Every place from which one of `goals` can be reached, the goals included. Linear. */
export function reaching(arrows: Arrows, goals: Iterable<string>): Set<string> {
  const sources = new Map<string, string[]>();
  for (const [from, list] of arrows) {
    for (const { to } of list) {
      const known = sources.get(to);
      if (known === undefined) sources.set(to, [from]);
      else known.push(from);
    }
  }
  const found = new Set(goals);
  for (const place of found) for (const source of sources.get(place) ?? []) found.add(source);
  return found;
}

/** The cycles of a picture: groups of places that lead to each other, or to themselves (Tarjan, without recursion). */
export function cycles(arrows: Arrows): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const onStack = new Set<string>();
  const groups: string[][] = [];
  for (const root of arrows.keys()) {
    if (index.has(root)) continue;
    const work: { readonly place: string; next: number }[] = [{ place: root, next: 0 }];
    for (let frame = work.at(-1); frame !== undefined; frame = work.at(-1)) {
      const { place } = frame;
      if (frame.next === 0) {
        index.set(place, index.size);
        low.set(place, index.size - 1);
        stack.push(place);
        onStack.add(place);
      }
      const to = arrows.get(place)?.[frame.next]?.to;
      frame.next += 1;
      if (to === undefined) {
        work.pop();
        const parent = work.at(-1)?.place;
        if (parent !== undefined) low.set(parent, Math.min(low.get(parent) ?? 0, low.get(place) ?? 0));
        if (low.get(place) !== index.get(place)) continue;
        const group = stack.splice(stack.lastIndexOf(place));
        for (const member of group) onStack.delete(member);
        if (group.length > 1 || (arrows.get(place) ?? []).some((arrow) => arrow.to === place)) groups.push(group);
      } else if (!index.has(to) && arrows.has(to)) work.push({ place: to, next: 0 });
      else if (onStack.has(to)) low.set(place, Math.min(low.get(place) ?? 0, index.get(to) ?? 0));
    }
  }
  return groups;
}
