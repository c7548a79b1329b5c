import { basename } from "node:path";
import { addTallies, NOTHING, REVIEWERS, SEVERITIES, type Finding, type Severity, type Tally } from "./analysis/finding.js";
import type { Evidence } from "./state.js";
import { codeSpan, counted, leftOutText, placeText, plainMarkdown, sizeText, tallyText } from "./words.js";

/** What an editor decides: its words, and which findings stand in the report in which order. */
export interface Draft {
  /** A model's name, or `"functions"`. */
  readonly by: string;
  readonly summary: string;
  readonly items: readonly { readonly id: string; readonly comment?: string }[];
  /** Why the model that was asked has not written it. */
  readonly problem?: string;
}

export const HEADINGS: Readonly<Record<Severity, string>> = { error: "Errors", warning: "Warnings", info: "Notes" };

/** The report as Markdown. Nothing from a file or a model can add a line, a heading or a finding to it. */
export function renderReport(evidence: Evidence, draft: Draft): string {
  const byId = new Map(evidence.findings.map((one) => [one.id, one]));
  return [
    `# Review of ${codeSpan(basename(evidence.plan.root))}`,
    "",
    ...draft.summary
      .split(/\n+/)
      .filter((line) => line.trim() !== "")
      .map((line) => `> ${plainMarkdown(line)}`),
    "",
    ...facts(evidence, draft),
    "",
    "## Counts",
    "",
    ...countTable(evidence),
    "",
    "## Findings",
    ...items(draft, byId),
    ...unlisted(evidence, draft),
    "",
  ].join("\n");
}

function facts({ plan, reviews, failed }: Evidence, draft: Draft): string[] {
  const makers = new Set([...reviews.values()].map((review) => review.by).concat(draft.by));
  const byModel = [...makers].filter((by) => by !== "functions");
  const written = draft.by === "functions" ? "a plain function" : `the model ${plainMarkdown(draft.by)}`;
  const lines = [
    `- **Reviewed:** ${counted(plan.files.length, "file")}, ${sizeText(plan.bytes)}, in ${codeSpan(plan.root)}.`,
    byModel.length === 0
      ? "- **Made by:** plain functions around TypeScript, secretlint and oxlint; no model."
      : `- **Made by:** TypeScript, secretlint and oxlint; findings explained by the model ${byModel.map(plainMarkdown).join(", ")}; written by ${written}.`,
  ];
  const rest = leftOutText(plan.leftOut);
  if (rest !== "") lines.push(`- **Left out:** ${plainMarkdown(rest)}.`);
  for (const id of REVIEWERS) {
    const review = reviews.get(id);
    const skipped = Object.entries(review?.skipped ?? {}).map(([reason, count]) => `${count} ${reason}`);
    if (skipped.length > 0) lines.push(`- **Left out by ${id}:** ${plainMarkdown(skipped.join("; "))}.`);
    if (review?.unjudged !== undefined) lines.push(`- **Not explained by the model (${id}):** ${plainMarkdown(review.unjudged)}`);
    const reason = failed.get(id);
    if (reason !== undefined) lines.push(`- **Failed:** ${id}: ${plainMarkdown(reason)}`);
  }
  if (draft.problem !== undefined) lines.push(`- **Not written by the model:** ${plainMarkdown(draft.problem)}`);
  return lines;
}

function countTable({ reviews }: Evidence): string[] {
  const row = (name: string, files: number | string, { error, warning, info }: Tally): string =>
    `| ${name} | ${files} | ${error} | ${warning} | ${info} |`;
  const known = REVIEWERS.flatMap((id) => {
    const review = reviews.get(id);
    return review === undefined ? [] : [row(id, review.files, review.found)];
  });
  const all = [...reviews.values()].reduce((sum, review) => addTallies(sum, review.found), NOTHING);
  return ["| Reviewer | Files | Errors | Warnings | Notes |", "| --- | --: | --: | --: | --: |", ...known, row("all", "", all)];
}

function items(draft: Draft, byId: ReadonlyMap<string, Finding>): string[] {
  if (draft.items.length === 0) return ["", "None."];
  let under: string | undefined;
  return draft.items.flatMap(({ id, comment }, index) => {
    const finding = byId.get(id);
    const heading = HEADINGS[finding?.severity ?? "info"];
    const lines = under === heading ? [] : ["", `### ${heading}`, ""];
    under = heading;
    return [...lines, itemLine(index + 1, id, finding), ...remarks(finding, comment)];
  });
}

/** `1. **error** `src/a.ts:2:11` found a token (secretlint) `secrets-0123456789`` */
function itemLine(number: number, id: string, finding: Finding | undefined): string {
  if (finding === undefined) return `${number}. **info** \`unknown\` no analyser found this ${codeSpan(id)}`;
  const { severity, message, rule } = finding;
  return `${number}. **${severity}** ${codeSpan(placeText(finding))} ${plainMarkdown(message)} (${plainMarkdown(rule)}) ${codeSpan(id)}`;
}

function remarks(finding: Finding | undefined, comment: string | undefined): string[] {
  const doubt = finding?.doubted === true ? "The model doubts this finding. " : "";
  const said = [`${doubt}${finding?.advice ?? ""}`, comment ?? ""].filter((text) => text.trim() !== "");
  return said.map((text) => `   > ${plainMarkdown(text)}`);
}

/** Says what is not listed one by one, so that no number is silent. */
function unlisted({ findings, reviews }: Evidence, draft: Draft): string[] {
  const listed = new Set(draft.items.map((item) => item.id));
  const all = [...reviews.values()].reduce((sum, review) => addTallies(sum, review.found), NOTHING);
  const count = (severity: Severity): number =>
    all[severity] - findings.filter((one) => one.severity === severity && listed.has(one.id)).length;
  const rest: Tally = { error: count("error"), warning: count("warning"), info: count("info") };
  if (SEVERITIES.every((severity) => rest[severity] === 0)) return [];
  return ["", `Not listed one by one: ${tallyText(rest)}.`];
}
