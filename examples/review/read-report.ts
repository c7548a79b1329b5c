import { SEVERITIES, type Severity, type Tally } from "./analysis/finding.js";

/** One finding as a reader of the report sees it. */
export interface ReportedFinding {
  readonly id: string;
  readonly severity: Severity;
  /** As printed: the contents of the code span. */
  readonly place: string;
}

/** What a report says, read from its Markdown alone: the check knows nothing of how it was written. */
export interface ReadReport {
  /** The quoted lines before the first heading below the title. */
  readonly summary: string;
  readonly findings: readonly ReportedFinding[];
  /** The rows of the table, by reviewer or `"all"`. */
  readonly counts: ReadonlyMap<string, Tally & { readonly files: number | undefined }>;
  /** Reviewers that are said to have failed. */
  readonly failed: readonly string[];
  /** The numbers of the line about what is not listed. */
  readonly unlisted: string | undefined;
}

const ITEM = /^\d+\. \*\*(\w+)\*\* (`+)(.+?)(?<!`)\2(?!`) .*`([\w-]+)`$/;
const ROW = /^\| (\w+) \| (\d*) \| (\d+) \| (\d+) \| (\d+) \|$/;

export function readReport(markdown: string): ReadReport {
  const lines = markdown.split("\n");
  const firstSection = lines.findIndex((line) => line.startsWith("## "));
  const isSeverity = (word: string): word is Severity => (SEVERITIES as readonly string[]).includes(word);
  return {
    summary: lines
      .slice(0, firstSection)
      .filter((line) => line.startsWith("> "))
      .map((line) => line.slice(2))
      .join("\n"),
    findings: lines.flatMap((line) => {
      const [, severity = "", , span = "", id = ""] = ITEM.exec(line) ?? [];
      return isSeverity(severity) ? [{ id, severity, place: unpadded(span) }] : [];
    }),
    counts: new Map(
      lines.flatMap((line) => {
        const [, name, files = "", error, warning, info] = ROW.exec(line) ?? [];
        if (name === undefined) return [];
        return [
          [name, { files: files === "" ? undefined : Number(files), error: Number(error), warning: Number(warning), info: Number(info) }],
        ];
      }),
    ),
    failed: lines.flatMap((line) => /^- \*\*Failed:\*\* (\w+):/.exec(line)?.[1] ?? []),
    unlisted: /^Not listed one by one: (.+)\.$/m.exec(markdown)?.[1],
  };
}

/** Markdown takes one space off each end of a code span that has both. */
const unpadded = (span: string): string => (/^ .* $/.test(span) ? span.slice(1, -1) : span);
