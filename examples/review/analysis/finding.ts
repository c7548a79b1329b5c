import { createHash } from "node:crypto";
import { z } from "zod";

/** The reviewers, in the order in which findings of the same severity are ranked. */
export const REVIEWERS = ["secrets", "compiler", "complexity"] as const;
export type ReviewerId = (typeof REVIEWERS)[number];

/** From worst to least. */
export const SEVERITIES = ["error", "warning", "info"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One thing an analyser found, at one place. Plain JSON: it is stored in the checkpoint. */
export const Finding = z.object({
  /** The same for the same finding in every run: reports and checks refer to it. */
  id: z.string(),
  reviewer: z.enum(REVIEWERS),
  /** The analyser's own name of the rule: `TS2322`, `eslint(complexity)`. */
  rule: z.string(),
  severity: z.enum(SEVERITIES),
  /** Path below the root, with `/`. */
  file: z.string(),
  /** From 1. */
  line: z.number().int(),
  /** From 1. */
  column: z.number().int(),
  message: z.string(),
  /** What the reviewer says about it. */
  advice: z.string().optional(),
  /** A model thinks that the analyser is wrong. The finding stays. */
  doubted: z.boolean().optional(),
});
export type Finding = z.infer<typeof Finding>;

/** How many findings of each severity. */
export const Tally = z.object({ error: z.number().int(), warning: z.number().int(), info: z.number().int() });
export type Tally = z.infer<typeof Tally>;

/** What an analyser says about some files. */
export interface Analysed {
  readonly findings: readonly Finding[];
  /** What it left out, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
}

const MAX_MESSAGE = 300;

/** A finding with its id; the message is one line of at most 300 characters. */
export function finding(parts: Omit<Finding, "id">): Finding {
  const flat = parts.message.replaceAll(/\s+/g, " ").trim();
  const message = flat.length <= MAX_MESSAGE ? flat : `${flat.slice(0, MAX_MESSAGE - 1)}…`;
  const { reviewer, rule, file, line, column } = parts;
  const hash = createHash("sha256").update(JSON.stringify([reviewer, rule, file, line, column, message]));
  return { ...parts, message, id: `${reviewer}-${hash.digest("hex").slice(0, 10)}` };
}

/** The worst first; then secrets before types before complexity; then by place. */
export function compareFindings(one: Finding, other: Finding): number {
  return (
    SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity) ||
    REVIEWERS.indexOf(one.reviewer) - REVIEWERS.indexOf(other.reviewer) ||
    compareText(one.file, other.file) ||
    one.line - other.line ||
    one.column - other.column ||
    compareText(one.id, other.id)
  );
}

/** By code unit, the same on every machine. */
export const compareText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

export function tallyOf(findings: readonly Pick<Finding, "severity">[]): Tally {
  const count = (severity: Severity): number => findings.filter((one) => one.severity === severity).length;
  return { error: count("error"), warning: count("warning"), info: count("info") };
}

export const addTallies = (one: Tally, other: Tally): Tally => ({
  error: one.error + other.error,
  warning: one.warning + other.warning,
  info: one.info + other.info,
});

export const NOTHING: Tally = { error: 0, warning: 0, info: 0 };

/** Each finding once, ranked. */
export const ranked = (findings: readonly Finding[]): Finding[] =>
  [...new Map(findings.map((one) => [one.id, one])).values()].sort(compareFindings);
