import { basename, extname, join } from "node:path";
import { lintSource } from "@secretlint/core";
import { creator } from "@secretlint/secretlint-rule-preset-recommend";
import type { SecretLintCoreResultMessage } from "@secretlint/types";
import { finding, type Analysed, type Finding } from "./finding.js";
import { codeOf } from "./listing.js";
import { readText } from "./read-text.js";

const PRESET = "@secretlint/secretlint-rule-preset-recommend";

/** Passwords, tokens and keys in files. The secrets themselves are never in what it returns. */
export async function findSecrets(root: string, files: readonly string[]): Promise<Analysed> {
  const findings: Finding[] = [];
  const skipped: Record<string, number> = {};
  for (const file of files) {
    try {
      const messages = await secretsIn(await readText(join(root, file)), file);
      findings.push(...messages.map((message) => toFinding(file, message)));
    } catch (error) {
      const reason = `files that cannot be read any more (${codeOf(error)})`;
      skipped[reason] = (skipped[reason] ?? 0) + 1;
    }
  }
  return { findings, skipped };
}

/** The same text with every secret replaced by stars: what is quoted from a file passes here before it is shown or sent. */
export async function maskSecrets(text: string): Promise<string> {
  let masked = text;
  for (const { range } of await secretsIn(text, "quoted.txt")) {
    const [from, to] = range;
    masked = masked.slice(0, from) + "*".repeat(to - from) + masked.slice(to);
  }
  return masked;
}

/** Rules go by a file's name. Only its plain characters are passed on: the library's profiler throws on a line break in it, beyond any catch. */
async function secretsIn(content: string, file: string): Promise<SecretLintCoreResultMessage[]> {
  const filePath = basename(file).replaceAll(/[^\w.-]/g, "_");
  const { messages } = await lintSource({
    source: { content, filePath, ext: extname(filePath), contentType: "text" },
    options: { maskSecrets: true, noPhysicFilePath: true, config: { rules: [{ id: PRESET, rule: creator }] } },
  });
  return messages;
}

const toFinding = (file: string, { ruleId, messageId, message, severity, loc }: SecretLintCoreResultMessage): Finding =>
  finding({
    reviewer: "secrets",
    rule: `${ruleId.replace("@secretlint/secretlint-rule-", "")}/${messageId}`,
    severity,
    file,
    line: loc.start.line,
    column: loc.start.column + 1,
    message,
  });
