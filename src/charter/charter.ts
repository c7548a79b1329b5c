import { z } from "zod";
import { InvalidRequestError } from "../base/errors.js";

/** Characters of one item, one path, one piece of evidence; the whole charter has to fit into a checkpointed context. */
const MAX = { goal: 1_000, items: 50, text: 300, paths: 50, path: 120, evidence: 200, said: 800 } as const;

const text = z.string().min(1).max(MAX.text);
const item = z.object({ id: z.string().min(1).max(8), text });

/** What a planner fills in; {@link readCharter} makes a charter of it. */
export const CharterDraft = z.object({
  goal: z.string().describe("what is to be achieved, in one sentence or two"),
  paths: z.array(z.string()).default([]).describe("files and folders it is about, relative to the project's root"),
  criteria: z.array(z.string()).describe("acceptance criteria: what has to be true in the end, each checkable by itself"),
  checklist: z.array(z.string()).default([]).describe("what QA has to look at besides"),
});

/** A charter in its normal form; ids are `A1`, `A2`, … for criteria and `Q1`, `Q2`, … for the checklist. */
export const Charter = z.object({
  goal: z.string().min(1).max(MAX.goal),
  paths: z.array(z.string().min(1).max(MAX.path)).max(MAX.paths),
  criteria: z.array(item).min(1).max(MAX.items),
  checklist: z.array(item).max(MAX.items),
});
export type Charter = z.infer<typeof Charter>;

/** What an implementer fills in. */
export const ChangeRecord = z.object({
  changed: z.string().describe("what was changed"),
  verified: z.string().default("").describe("how it was verified: the command that was run, and what it said"),
  paths: z.array(z.string()).default([]).describe("files that were changed"),
});

/** What QA fills in: a verdict on every item of the charter. */
export const QaVerdict = z.object({
  items: z.array(
    z.object({
      id: z.string().describe("the item's id in the charter, such as A1"),
      met: z.boolean().describe("true only when you have seen that it holds"),
      evidence: z.string().default("").describe("what you have seen; an item without evidence is not signed"),
    }),
  ),
});

/** A change as it is kept. */
export interface RecordedChange {
  readonly iteration: number;
  readonly changed: string;
  readonly verified: string;
  /** The first 20. */
  readonly paths: readonly string[];
  /** Those that the charter does not name. */
  readonly outside: readonly string[];
}

/** What QA said of one item. */
export interface ItemVerdict {
  readonly met: boolean;
  readonly evidence: string;
}

/** Where a charter stands. */
export interface CharterStatus {
  readonly charter: Charter;
  readonly records: readonly RecordedChange[];
  readonly verdicts: Readonly<Record<string, ItemVerdict>>;
}

/** Criteria and checklist, in this order. */
export const itemsOf = ({ criteria, checklist }: Charter): Charter["criteria"] => [...criteria, ...checklist];

const PLACEHOLDER_WORD = /^(?:todo|tbd|tba|fixme|x{3,}|na|placeholder)$/i;
const CLOSING: Readonly<Record<string, string>> = { "<": ">", "[": "]", "{": "}" };

/** True for what stands where somebody meant to write something: `TODO`, `TBD`, `…`, `<goal>`. Linear in the line's length. */
function isPlaceholder(line: string): boolean {
  const words = line.split(/[^\p{L}\p{N}/]+/u).flatMap((word) => word.replaceAll("/", "") || []);
  const [first, second] = words;
  if (first === undefined || (second === undefined && PLACEHOLDER_WORD.test(first))) return true;
  if (first.toLowerCase() === "lorem" && second?.toLowerCase() === "ipsum") return true;
  const open = line.search(/[\p{L}\p{N}<[{]/u);
  const closing = CLOSING[line[open] ?? ""];
  const close = closing === undefined ? -1 : line.indexOf(closing, open);
  return close >= 0 && !/[\p{L}\p{N}]/u.test(line.slice(close));
}

/**
 * A charter in its normal form: one line a text, paths normal and each once.
 * @throws InvalidRequestError with every problem: no criterion, a placeholder, a path that leaves the project, too much of something.
 */
export function readCharter(draft: unknown): Charter {
  const parsed = CharterDraft.safeParse(draft);
  if (!parsed.success) throw refused(z.prettifyError(parsed.error));
  const { goal, criteria, checklist } = parsed.data;
  const problems: string[] = [];
  const lineOf = (where: string, words: string, limit: number): string => {
    const line = words.trim().replace(/\s+/g, " ").replaceAll("—", "-");
    if (isPlaceholder(line)) problems.push(`${where}: ${line === "" ? "it is empty" : `"${line.slice(0, 40)}" is a placeholder`}`);
    if (line.length > limit) problems.push(`${where}: ${line.length} characters, at most ${limit}`);
    return line;
  };
  const listOf = (where: string, mark: string, texts: readonly string[]) =>
    texts.map((words, index) => ({ id: `${mark}${index + 1}`, text: lineOf(`${where}.${index}`, words, MAX.text) }));
  const paths = parsed.data.paths.map((path, index) => {
    const normal = normalPath(path);
    if (normal === undefined || normal.length > MAX.path)
      problems.push(`paths.${index}: "${path.slice(0, 40)}" is no path within the project of at most ${MAX.path} characters`);
    return normal ?? path;
  });
  const charter: Charter = {
    goal: lineOf("goal", goal, MAX.goal),
    paths: [...new Set(paths)],
    criteria: listOf("criteria", "A", criteria),
    checklist: listOf("checklist", "Q", checklist),
  };
  if (criteria.length === 0) problems.push("criteria: there are none, and a gate without checks lets everything pass");
  if (itemsOf(charter).length > MAX.items) problems.push(`criteria and checklist: ${itemsOf(charter).length} items, at most ${MAX.items}`);
  if (charter.paths.length > MAX.paths) problems.push(`paths: ${charter.paths.length}, at most ${MAX.paths}`);
  if (problems.length > 0) throw refused(problems.join("; "));
  return charter;
}

const refused = (problem: string): InvalidRequestError =>
  new InvalidRequestError("The charter", problem, "{ goal, paths, criteria, checklist } with at least one criterion");

/** A path relative to the project's root, with `/`, without `.` and `..`; undefined when it is absolute or leads out of the project. */
export function normalPath(path: string): string | undefined {
  const written = path.trim().replaceAll("\\", "/");
  if (written === "" || written.startsWith("/") || written.startsWith("~") || /^[A-Za-z]:/.test(written) || /\p{Cc}/u.test(written))
    return undefined;
  const parts: string[] = [];
  for (const part of written.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.length === 0 ? "." : parts.join("/");
}

/** What an implementer says it did, as it is kept. */
export function readChange(charter: Charter, iteration: number, said: unknown): RecordedChange {
  const parsed = ChangeRecord.safeParse(said);
  if (!parsed.success)
    throw new InvalidRequestError("The record of a change", z.prettifyError(parsed.error), "{ changed, verified, paths }");
  const { changed, verified } = parsed.data;
  const paths = [...new Set(parsed.data.paths.map((path) => (normalPath(path) ?? path).slice(0, MAX.path)))].slice(0, 20);
  const isInside = (path: string): boolean =>
    charter.paths.length === 0 || charter.paths.some((known) => known === "." || path === known || path.startsWith(`${known}/`));
  return {
    iteration,
    changed: changed.slice(0, MAX.said),
    verified: verified.slice(0, MAX.said),
    paths,
    outside: paths.filter((path) => normalPath(path) === undefined || !isInside(path)),
  };
}

/**
 * QA's verdicts by item. An item counts as met with evidence only.
 * @throws InvalidRequestError for an item that the charter does not have.
 */
export function readVerdicts(charter: Charter, said: unknown): Record<string, ItemVerdict> {
  const parsed = QaVerdict.safeParse(said);
  if (!parsed.success)
    throw new InvalidRequestError("The verdict of QA", z.prettifyError(parsed.error), "{ items: [{ id, met, evidence }] }");
  const known = itemsOf(charter).map((each) => each.id);
  const unknown = parsed.data.items.filter(({ id }) => !known.includes(id));
  if (unknown.length > 0)
    throw new InvalidRequestError(
      "The verdict of QA",
      `the charter has no item "${unknown.map(({ id }) => id.slice(0, 40)).join('", "')}"`,
      known.join(", "),
    );
  return Object.fromEntries(
    parsed.data.items.map(({ id, met, evidence }) => {
      const seen = evidence.trim().slice(0, MAX.evidence);
      return [
        id,
        met && seen === "" ? { met: false, evidence: "Signed without evidence, which does not count." } : { met, evidence: seen },
      ];
    }),
  );
}

/** Items that QA has not signed, in the charter's order. */
export const unmetItems = ({ charter, verdicts }: CharterStatus): Charter["criteria"] =>
  itemsOf(charter).filter(({ id }) => verdicts[id]?.met !== true);
