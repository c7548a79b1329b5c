/** A machine's config, changed in one place, and which. */
export interface Mutant {
  readonly what: string;
  readonly config: unknown;
}

type Json = unknown;
type Config = Record<string, Json>;

const isConfig = (value: unknown): value is Config => typeof value === "object" && value !== null && !Array.isArray(value);

/** Every change of one place in a machine's config that changes what it does: limits, targets, guards, assignments, events, tags, the start. */
export function mutantsOf(config: unknown): Mutant[] {
  const all: Mutant[] = [];
  const at = (path: readonly string[], change: (place: Config, key: string) => void, what: string): void => {
    const copy = structuredClone(config);
    let place = copy as Config;
    for (const key of path.slice(0, -1)) place = place[key] as Config;
    change(place, path.at(-1) ?? "");
    all.push({ what: `${path.join(".")}: ${what}`, config: copy });
  };
  const visit = (value: unknown, path: readonly string[], names: readonly string[]): void => {
    if (Array.isArray(value)) {
      value.forEach((each, index) => visit(each, [...path, String(index)], names));
      return;
    }
    if (!isConfig(value)) {
      if (typeof value === "number") at(path, (place, key) => (place[key] = value + 1), "one more");
      if (typeof value === "boolean") at(path, (place, key) => (place[key] = !value), "the other");
      return;
    }
    for (const [key, inner] of Object.entries(value)) {
      const here = [...path, key];
      if (key === "description") continue;
      if (key === "guard" || key === "actions" || key === "tags" || key === "always" || key === "onDone") {
        at(here, (place, last) => delete place[last], "taken out");
      }
      if (key === "on" && isConfig(inner))
        for (const event of Object.keys(inner)) at([...here, event], (place, last) => delete place[last], "taken out");
      if ((key === "target" || key === "initial") && typeof inner === "string" && !inner.startsWith("#")) {
        const other = names.find((name) => name !== inner.replace(/^\./, ""));
        if (other !== undefined) at(here, (place, last) => (place[last] = inner.startsWith(".") ? `.${other}` : other), `to ${other}`);
      }
      if (key === "type" && inner === "final") at(here, (place, last) => delete place[last], "goes on");
      const inside = isConfig(inner) && key === "states" ? Object.keys(inner) : names;
      visit(inner, here, inside);
    }
  };
  visit(config, [], isConfig(config) && isConfig(config["states"]) ? Object.keys(config["states"]) : []);
  return all;
}
