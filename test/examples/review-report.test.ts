import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draftOf } from "../../examples/review/agents/editor.js";
import {
  finding,
  NOTHING,
  ranked,
  REVIEWERS,
  SEVERITIES,
  tallyOf,
  type Finding,
  type ReviewerId,
} from "../../examples/review/analysis/finding.js";
import { checkReport } from "../../examples/review/check.js";
import { readReport } from "../../examples/review/read-report.js";
import { renderReport, type Draft } from "../../examples/review/report.js";
import type { Evidence, Review } from "../../examples/review/state.js";
import { placeText } from "../../examples/review/words.js";

/** Texts that try to be more than texts: markup, lines of a report, marks of other findings. */
const nasty = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.constantFrom(
    "\n1. **error** `x:1:1` made up `secrets-0123456789`\n",
    "\n## Counts\n\n| all | | 9 | 9 | 9 |\n",
    "`",
    "``",
    "` `",
    "a`b``c",
    "[x](y)",
    "<script>",
    "*",
    "- **Failed:** compiler: no",
    "\u2028- **Failed:** secrets: no",
    "\r\n\r\n# Title",
    "\u001b[2J",
    "5 errors",
    "\u202egnp.exe",
  ),
);

const oneFinding = fc
  .record({
    reviewer: fc.constantFrom(...REVIEWERS),
    rule: nasty,
    severity: fc.constantFrom(...SEVERITIES),
    file: nasty.map((text) => text || "f"),
    line: fc.integer({ min: 1, max: 99 }),
    column: fc.integer({ min: 1, max: 99 }),
    message: nasty,
  })
  .map(finding);
const someFindings = fc.array(oneFinding, { maxLength: 12 }).map(ranked);

function evidenceFor(findings: readonly Finding[], failed: readonly ReviewerId[] = []): Evidence {
  const reviews = REVIEWERS.filter((id) => !failed.includes(id)).map((id): [ReviewerId, Review] => {
    const own = findings.filter((one) => one.reviewer === id);
    return [id, { by: "functions", files: 3, found: tallyOf(own), findings: own, skipped: {} }];
  });
  const plan = { root: "/home/`me`/pro\nject", files: ["a.ts", "b.ts", "c.ts"], bytes: 1_234, leftOut: [], batch: 25, findings: 300 };
  const heard = findings.filter((one) => !failed.includes(one.reviewer));
  return { plan, reviews: new Map(reviews), failed: new Map(failed.map((id) => [id, "it broke\n## Counts"])), findings: heard };
}

const everything = ({ findings }: Evidence): Draft => ({ by: "functions", summary: "", items: findings.map(({ id }) => ({ id })) });
const problems = (report: string, evidence: Evidence) => checkReport(report, evidence).map((objection) => objection.problem);

const ERROR = finding({ reviewer: "secrets", rule: "r", severity: "error", file: "a.ts", line: 1, column: 2, message: "one" });
const WARNING = finding({ reviewer: "compiler", rule: "r", severity: "warning", file: "b.ts", line: 3, column: 4, message: "two" });
const NOTE = finding({ reviewer: "complexity", rule: "r", severity: "info", file: "c.ts", line: 5, column: 6, message: "three" });
const THREE = evidenceFor([ERROR, WARNING, NOTE]);
const lineOf = (report: string, { id }: Finding): string => report.split("\n").find((line) => line.endsWith(`\`${id}\``)) ?? "";

describe("the quality check approves", () => {
  it("a report of everything that was found, whatever stands in names and messages", () => {
    fc.assert(
      fc.property(someFindings, nasty, (findings, summary) => {
        const evidence = evidenceFor(findings);
        const claims = /\d+ (error|warning|note|finding|file)/.test(summary);
        const report = renderReport(evidence, { ...everything(evidence), summary: claims ? "" : summary });
        expect(checkReport(report, evidence)).toEqual([]);
        expect(readReport(report).findings).toEqual(
          findings.map((one) => ({ id: one.id, severity: one.severity, place: expect.anything() as string })),
        );
      }),
    );
  });

  it("a report without the notes, when it says how many they are", () => {
    const report = renderReport(THREE, { ...everything(THREE), items: [{ id: ERROR.id }, { id: WARNING.id }] });
    expect(report).toContain("Not listed one by one: 1 note.");
    expect(problems(report, THREE)).toEqual([]);
    expect(problems(report.replace("1 note.", "2 notes."), THREE)).toEqual(["count"]);
    expect(problems(report.replace("Not listed one by one: 1 note.", ""), THREE)).toEqual(["count"]);
  });

  it("a report of nothing, when nothing was found", () => {
    const nothing = evidenceFor([]);
    expect(problems(renderReport(nothing, everything(nothing)), nothing)).toEqual([]);
  });
});

describe("the quality check rejects", () => {
  it("a report that lacks any one error or warning, and names it", () => {
    fc.assert(
      fc.property(someFindings, fc.nat(), (findings, choice) => {
        const serious = findings.filter((one) => one.severity !== "info");
        fc.pre(serious.length > 0);
        const absent = serious[choice % serious.length] ?? ERROR;
        const evidence = evidenceFor(findings);
        const draft = { ...everything(evidence), items: everything(evidence).items.filter(({ id }) => id !== absent.id) };
        const objections = checkReport(renderReport(evidence, draft), evidence);
        expect(objections.map(({ problem, findings: ids }) => [problem, ids])).toEqual([["missing", [absent.id]]]);
      }),
    );
  });

  it("a report with a finding that nobody found", () => {
    const draft = { ...everything(THREE), items: [...everything(THREE).items, { id: "compiler-0000000000", comment: "trust me" }] };
    expect(checkReport(renderReport(THREE, draft), THREE)).toContainEqual(
      expect.objectContaining({ problem: "invented", findings: ["compiler-0000000000"] }),
    );
  });

  it("another place or severity than what was found", () => {
    const report = renderReport(THREE, everything(THREE));
    expect(problems(report.replace("`a.ts:1:2`", "`a.ts:9:2`"), THREE)).toEqual(["wrong"]);
    expect(problems(report.replace("**error**", "**warning**"), THREE)).toContain("wrong");
  });

  it("an order in which something worse comes later", () => {
    const turned = renderReport(THREE, { ...everything(THREE), items: [{ id: WARNING.id }, { id: ERROR.id }, { id: NOTE.id }] });
    expect(checkReport(turned, THREE).map(({ problem, findings }) => [problem, findings])).toEqual([["order", [ERROR.id]]]);
  });

  it("a finding told twice", () => {
    const report = renderReport(THREE, everything(THREE));
    const line = lineOf(report, NOTE);
    expect(problems(report.replace(line, `${line}\n${line}`), THREE)).toContain("repeated");
  });

  it("wrong numbers, in the table and in the words", () => {
    const report = renderReport(THREE, { ...everything(THREE), summary: "There is 1 error among 3 findings." });
    expect(problems(report, THREE)).toEqual([]);
    expect(problems(report.replace("| all |  | 1 | 1 | 1 |", "| all |  | 0 | 1 | 1 |"), THREE)).toEqual(["count"]);
    expect(problems(report.replace("| secrets | 3 |", "| secrets | 4 |"), THREE)).toEqual(["count"]);
    expect(problems(report.replace("There is 1 error", "There are 7 errors"), THREE)).toEqual(["count"]);
  });

  it("silence about a reviewer that failed", () => {
    const evidence = evidenceFor([ERROR, WARNING], ["complexity"]);
    const report = renderReport(evidence, everything(evidence));
    expect(problems(report, evidence)).toEqual([]);
    expect(problems(report.replace(/^- \*\*Failed.*$/m, ""), evidence)).toEqual(["silent"]);
  });

  it("no report at all", () => {
    expect(problems("", THREE)).toEqual(expect.arrayContaining(["missing", "count"]));
    expect(problems("", evidenceFor([]))).toEqual(expect.arrayContaining(["count"]));
  });
});

describe("the editor without a model", () => {
  const many = ranked(
    Array.from({ length: 100 }, (_, index) =>
      finding({
        reviewer: "complexity",
        rule: "r",
        severity: index < 90 ? "warning" : "info",
        file: "a.ts",
        line: index + 1,
        column: 1,
        message: "m",
      }),
    ),
  );

  it("keeps its first draft short, and takes in what the check misses, so that the second is approved", () => {
    const evidence = evidenceFor(many);
    const first = draftOf(evidence, []);
    expect(first.items.length).toBe(60);
    const objections = checkReport(renderReport(evidence, first), evidence);
    expect(objections.map(({ problem, findings }) => [problem, findings.length])).toEqual([["missing", 30]]);
    const second = draftOf(evidence, objections);
    expect(second.items.length).toBe(90);
    expect(checkReport(renderReport(evidence, second), evidence)).toEqual([]);
  });
});

describe("a finding", () => {
  it("has the same id whenever it is found, and another for another place", () => {
    const again = finding({ reviewer: "secrets", rule: "r", severity: "error", file: "a.ts", line: 1, column: 2, message: "one " });
    expect(again.id).toBe(ERROR.id);
    expect(finding({ ...ERROR, line: 2 }).id).not.toBe(ERROR.id);
    expect(tallyOf([])).toEqual(NOTHING);
  });

  it("shows its place in one line", () => {
    expect(placeText({ file: "a\nb\u001b.ts", line: 1, column: 2 })).toBe("a\\nb\\u001b.ts:1:2");
  });
});
