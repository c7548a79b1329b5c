import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import { z } from "zod";
import { finding, type Analysed, type Finding } from "./finding.js";
import { isCode } from "./languages.js";

const OXLINT = join(dirname(createRequire(import.meta.url).resolve("oxlint/package.json")), "bin", "oxlint");
const RULES = join(import.meta.dirname, "complexity.rules.json");
const TIMEOUT = 120_000;
const MAX_OUTPUT = 67_108_864;

/** What of oxlint's report is read. */
const Report = z.object({
  diagnostics: z.array(
    z.object({
      message: z.string(),
      code: z.string().optional(),
      severity: z.string(),
      help: z.string().optional(),
      filename: z.string().optional(),
      labels: z.array(z.object({ span: z.object({ line: z.number().default(1), column: z.number().default(1) }) })),
    }),
  ),
});

type Diagnostic = z.infer<typeof Report>["diagnostics"][number];

/**
 * Functions that are too complex, and code that is most likely wrong, found by oxlint under the rules beside this file (the
 * project's own lint rules do not count here).
 * @throws Error when oxlint cannot run or says nothing that can be read.
 */
export async function findComplexity(root: string, files: readonly string[], signal?: AbortSignal): Promise<Analysed> {
  const present = files.filter((file) => existsSync(join(root, file)));
  const { diagnostics } = present.length === 0 ? { diagnostics: [] } : await oxlint(root, present, signal);
  const isUnparsed = ({ code, filename = "" }: Diagnostic): boolean => code === undefined && isCode(filename); // a syntax error, which is the compiler's to report
  return {
    findings: diagnostics.filter((one) => !isUnparsed(one)).flatMap(toFinding),
    skipped: withoutZeros({
      "files in another encoding than UTF-8, not linted": diagnostics.filter((one) => one.filename === undefined).length,
      "files with syntax errors, not linted": diagnostics.filter(isUnparsed).length,
      "files that are gone": files.length - present.length,
    }),
  };
}

function toFinding({ code, filename, message, help, severity, labels }: Diagnostic): Finding[] {
  if (filename === undefined) return []; // it could not be opened
  const { line, column } = labels[0]?.span ?? { line: 1, column: 1 };
  return [
    finding({
      reviewer: "complexity",
      rule: code ?? "syntax",
      severity: severity === "error" || severity === "warning" ? severity : "info",
      file: filename,
      line,
      column,
      message,
      ...(help === undefined ? {} : { advice: help }),
    }),
  ];
}

const withoutZeros = (counts: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));

function oxlint(root: string, files: readonly string[], signal?: AbortSignal): Promise<z.infer<typeof Report>> {
  const paths = files.map((file) => `./${file}`); // a name may begin with a dash
  const options = {
    cwd: root,
    timeout: TIMEOUT,
    maxBuffer: MAX_OUTPUT,
    ...(signal === undefined ? {} : { signal }),
  };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [OXLINT, "-c", RULES, "-f", "json", "--no-ignore", ...paths], options, (error, stdout, stderr) => {
      try {
        resolve(Report.parse(JSON.parse(stdout)));
      } catch {
        const said = (stderr || stdout || error?.message || "").trim().slice(0, 300);
        reject(new Error(`oxlint gave no report: ${said}`, { cause: error }));
      }
    });
  });
}
