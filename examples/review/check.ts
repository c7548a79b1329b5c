import { addTallies, compareFindings, NOTHING, REVIEWERS, tallyOf, type Finding, type Tally } from "./analysis/finding.js";
import { readReport, type ReadReport } from "./read-report.js";
import type { Evidence, Objection } from "./state.js";
import { counted, placeText, tallyText } from "./words.js";

const SHOWN = 5;

/**
 * Holds a report against the findings themselves. Nothing is held against it only when every error and warning is in it, with its
 * place and severity; nothing is in it that was not found; the worst come first; every count is right, in the table and in the
 * summary; and reviewers that failed are named.
 */
export function checkReport(markdown: string, evidence: Evidence): Objection[] {
  const report = readReport(markdown);
  const byId = new Map(evidence.findings.map((one) => [one.id, one]));
  return [
    ...missing(report, evidence.findings),
    ...invented(report, byId),
    ...wrong(report, byId),
    ...repeated(report),
    ...disorder(report, byId),
    ...counts(report, evidence),
    ...silent(report, evidence),
  ];
}

function missing(report: ReadReport, findings: readonly Finding[]): Objection[] {
  const listed = new Set(report.findings.map((one) => one.id));
  const absent = findings.filter((one) => one.severity !== "info" && !listed.has(one.id));
  return about("missing", absent, (text) => `${counted(absent.length, "error or warning")} not in the report: ${text}`);
}

function invented(report: ReadReport, byId: ReadonlyMap<string, Finding>): Objection[] {
  const unknown = report.findings.filter((one) => !byId.has(one.id));
  return about("invented", unknown, (text) => `no analyser found ${text}`);
}

function wrong(report: ReadReport, byId: ReadonlyMap<string, Finding>): Objection[] {
  const changed = report.findings.filter(({ id, severity, place }) => {
    const finding = byId.get(id);
    return finding !== undefined && (finding.severity !== severity || placeText(finding) !== place);
  });
  return about("wrong", changed, (text) => `place or severity is not what was found: ${text}`);
}

function repeated(report: ReadReport): Objection[] {
  const twice = report.findings.filter((one, index) => report.findings.findIndex((other) => other.id === one.id) !== index);
  return about("repeated", twice, (text) => `in the report more than once: ${text}`);
}

function disorder(report: ReadReport, byId: ReadonlyMap<string, Finding>): Objection[] {
  const known = report.findings.flatMap(({ id }) => byId.get(id) ?? []);
  const late = known.filter((one, index) => index > 0 && compareFindings(known[index - 1] ?? one, one) > 0);
  return about("order", late, (text) => `the worst comes first, but these come after lesser ones: ${text}`);
}

function counts(report: ReadReport, { plan, reviews, findings }: Evidence): Objection[] {
  const all = [...reviews.values()].reduce((sum, review) => addTallies(sum, review.found), NOTHING);
  const expected = new Map<string, Tally & { files: number | undefined }>([["all", { ...all, files: undefined }]]);
  for (const [id, review] of reviews) expected.set(id, { ...review.found, files: review.files });
  const rows = [...new Set([...expected.keys(), ...report.counts.keys()])];
  const untrue = rows.filter((name) => !sameCounts(report.counts.get(name), expected.get(name)));
  const sums = [...expected.values()];
  const allowed: Readonly<Record<string, readonly number[]>> = {
    error: sums.map((sum) => sum.error),
    warning: sums.map((sum) => sum.warning),
    note: sums.map((sum) => sum.info),
    finding: sums.map((sum) => sum.error + sum.warning + sum.info),
    file: [plan.files.length, ...sums.flatMap((sum) => sum.files ?? [])],
  };
  const claims = [...report.summary.matchAll(/\b(\d+) (error|warning|note|finding|file)s?\b/g)];
  const claimed = claims.filter(([, number, noun = ""]) => allowed[noun]?.includes(Number(number)) === false).map(([text]) => text);
  const ids = new Set(report.findings.map((one) => one.id));
  const listed = tallyOf(findings.filter((one) => ids.has(one.id)));
  const rest = { error: all.error - listed.error, warning: all.warning - listed.warning, info: all.info - listed.info };
  const unlisted = Object.values(rest).every((count) => count === 0) ? undefined : tallyText(rest);
  return [
    ...(report.unlisted === unlisted
      ? []
      : [
          {
            problem: "count" as const,
            text: `not listed: ${unlisted ?? "nothing"}, but the report says ${report.unlisted ?? "nothing"}`,
            findings: [],
          },
        ]),
    ...(untrue.length === 0 ? [] : [{ problem: "count" as const, text: `the table is wrong about ${untrue.join(", ")}`, findings: [] }]),
    ...(claimed.length === 0
      ? []
      : [{ problem: "count" as const, text: `the summary says ${claimed.join(", ")}, which is not so`, findings: [] }]),
  ];
}

function sameCounts(one: (Tally & { files: number | undefined }) | undefined, other: typeof one): boolean {
  return (
    one !== undefined &&
    other !== undefined &&
    one.error === other.error &&
    one.warning === other.warning &&
    one.info === other.info &&
    one.files === other.files
  );
}

function silent(report: ReadReport, { failed }: Evidence): Objection[] {
  const unnamed = REVIEWERS.filter((id) => failed.has(id) && !report.failed.includes(id));
  return unnamed.length === 0
    ? []
    : [{ problem: "silent", text: `the report does not say that ${unnamed.join(", ")} failed`, findings: [] }];
}

function about(problem: Objection["problem"], findings: readonly { readonly id: string }[], say: (list: string) => string): Objection[] {
  if (findings.length === 0) return [];
  const ids = findings.map((one) => one.id);
  const more = ids.length > SHOWN ? ` and ${ids.length - SHOWN} more` : "";
  return [{ problem, text: say(`${ids.slice(0, SHOWN).join(", ")}${more}`), findings: ids }];
}
