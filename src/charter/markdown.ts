import { jsonIn } from "../base/fences.js";
import { isPlainObject } from "../base/json.js";
import { readCharter, type Charter, type CharterStatus } from "./charter.js";

const HEADINGS = { goal: "Goal", paths: "Paths", criteria: "Acceptance criteria", checklist: "QA checklist", record: "Record" } as const;

/** The charter and where it stands as Markdown, the form of `TASK_CHARTER.md`: who writes it, records in it and signs it can read it. */
export function charterMarkdown({ charter, records, verdicts }: CharterStatus): string {
  const item = ({ id, text }: Charter["criteria"][number]): string => {
    const verdict = verdicts[id];
    const status = verdict === undefined ? "" : ` — ${verdict.met ? "signed" : "unmet"}: ${oneLine(verdict.evidence)}`;
    return `- [${verdict?.met === true ? "x" : " "}] ${id}: ${text}${status}`;
  };
  const record = records.map(({ iteration, changed, verified, paths, outside }) => {
    const where = paths.length === 0 ? "" : ` (${paths.join(", ")})`;
    const beyond = outside.length === 0 ? "" : ` — outside the charter: ${outside.join(", ")}`;
    return `- ${iteration}: ${oneLine(changed)}${where} — ${verified === "" ? "not verified" : `verified: ${oneLine(verified)}`}${beyond}`;
  });
  const sections: readonly (readonly [string, readonly string[]])[] = [
    [HEADINGS.goal, [charter.goal]],
    [HEADINGS.paths, charter.paths.map((path) => `- ${path}`)],
    [HEADINGS.criteria, charter.criteria.map(item)],
    [HEADINGS.checklist, charter.checklist.map(item)],
    [HEADINGS.record, record],
  ];
  const body = sections.filter(([, lines]) => lines.length > 0).map(([heading, lines]) => `## ${heading}\n\n${lines.join("\n")}`);
  return `# Task charter\n\n${body.join("\n\n")}\n`;
}

/**
 * Reads a charter from the text of a `TASK_CHARTER.md` or `TASK_CHARTER.json`. Signatures and records in it are not taken over.
 * @throws InvalidRequestError as {@link readCharter} does.
 */
export function charterFrom(text: string): Charter {
  const json = jsonIn(text);
  if (isPlainObject(json)) return readCharter(json);
  const lines = new Map<string, string[]>();
  let under: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const heading = headingOf(line)?.toLowerCase();
    if (heading === undefined) under.push(line);
    else lines.set(heading, (under = []));
  }
  const linesOf = (heading: string): string[] => lines.get(heading.toLowerCase()) ?? [];
  const list = (heading: string): string[] => linesOf(heading).flatMap((line) => /^\s*[-*]\s(.*)$/.exec(line)?.[1]?.trimStart() ?? []);
  const items = (heading: string): string[] =>
    list(heading).map((line) =>
      line
        .replace(/^\[[ xX]\]\s*/, "")
        .replace(/^[AQ]\d+:\s*/, "")
        .replace(/ — (?:signed|unmet):.*$/, ""),
    );
  return readCharter({
    goal: linesOf(HEADINGS.goal).join(" "),
    paths: list(HEADINGS.paths).map((path) => path.replace(/^`(.*)`$/, "$1")),
    criteria: items(HEADINGS.criteria),
    checklist: items(HEADINGS.checklist),
  });
}

/** What a line says when it is a heading, without the signs around it. */
function headingOf(line: string): string | undefined {
  const words = line.replace(/^#+/, "");
  if (words === line || !/^\s/.test(words)) return undefined;
  let end = words.length;
  while (words[end - 1] === "#") end -= 1;
  return words.slice(0, end).trim();
}

const oneLine = (words: string): string => words.trim().replace(/\s+/g, " ");
