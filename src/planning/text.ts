/** One step of a text, and the steps it consists of. */
export interface Step {
  readonly text: string;
  readonly parts: readonly Step[];
}

const ITEM = /^(\s*)(?:[-*•]|\d+[.)])\s(.*)$/;
const STEP_END = /(?<=[.!?]) |; |,? (?:and )?then /i;

/**
 * The steps a text names: the items of its lists, nested as they are indented; without a list its sentences, and what `;` or
 * "then" divides.
 */
export function stepsOf(text: string): Step[] {
  const items = text.split("\n").flatMap((line) => {
    const [, indent = "", words = ""] = ITEM.exec(line) ?? [];
    const item = { depth: indent.replaceAll("\t", "  ").length, text: words.trim() };
    return item.text === "" ? [] : [item];
  });
  if (items.length > 0) return nested(items);
  return text
    .replace(/\s+/g, " ") // so that no pattern has to look for the end of white space
    .split(STEP_END)
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => ({ text: part, parts: [] }));
}

function nested(items: readonly { readonly depth: number; readonly text: string }[]): Step[] {
  const [first] = items;
  if (first === undefined) return [];
  const depth = items.reduce((least, item) => Math.min(least, item.depth), first.depth);
  const starts = items.flatMap((item, index) => (item.depth === depth || index === 0 ? [index] : []));
  return starts.map((start, index) => {
    const own = items.slice(start + 1, starts[index + 1]);
    return { text: items[start]?.text ?? "", parts: nested(own) };
  });
}

const STOP_WORDS = new Set(
  "a an and are as at be by for from have how if in into is it its of on or that the then this to was what with you your".split(" "),
);

/** The words of a text that say something, in a form that ignores number and tense. */
export function termsOf(text: string): Set<string> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu) ?? [];
  return new Set(words.filter((word) => !STOP_WORDS.has(word)).map(stem));
}

const stem = (word: string): string => {
  const base = word.replace(/(?:ing|ed|ers?|ions?|es|s|e)$/, "");
  return base.length >= 3 ? base : word;
};
