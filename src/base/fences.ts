const FENCE = "```";

/** A fenced block of a text. */
export interface Fence {
  /** The letters directly behind the opening fence, such as `json`; empty when there are none. */
  readonly tag: string;
  /** Everything behind the tag. */
  readonly body: string;
  /** What stands below the line of the opening fence; empty when it closes in that line. */
  readonly lines: string;
}

/** The fenced blocks of a text, in time linear in its length: it may be a model's or a user's. */
export function fencesIn(text: string): Fence[] {
  const fences: Fence[] = [];
  for (let open = text.indexOf(FENCE); open >= 0;) {
    const close = text.indexOf(FENCE, open + FENCE.length);
    if (close < 0) break;
    const inside = text.slice(open + FENCE.length, close);
    const tag = /^[A-Za-z]*/.exec(inside)?.[0] ?? "";
    const lineEnd = inside.indexOf("\n");
    fences.push({ tag, body: inside.slice(tag.length), lines: lineEnd < 0 ? "" : inside.slice(lineEnd + 1) });
    open = text.indexOf(FENCE, close + FENCE.length);
  }
  return fences;
}

/** The JSON that a text is, or that stands in its first fenced block; undefined when there is none. */
export function jsonIn(text: string): unknown {
  const [first] = fencesIn(text);
  const isFenced = first !== undefined && (first.tag === "" || first.tag === "json");
  try {
    return JSON.parse(isFenced ? first.body : text);
  } catch {
    return undefined;
  }
}
