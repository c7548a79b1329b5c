import { Compiler } from "../analysis/compiler.js";
import { findComplexity } from "../analysis/complexity.js";
import type { Analysed, Finding, ReviewerId } from "../analysis/finding.js";
import { isCode, isLinted } from "../analysis/languages.js";
import { findSecrets } from "../analysis/secrets.js";

/** An analyser at work on one directory. */
export interface Analyst {
  analyse(files: readonly string[], signal: AbortSignal | undefined): Promise<Analysed>;
  close?(): Promise<void>;
}

/** What makes one reviewer differ from another. */
export interface Specialist {
  readonly id: ReviewerId;
  readonly description: string;
  readonly accepts: (file: string) => boolean;
  readonly open: (root: string, files: readonly string[], note: (text: string) => void) => Analyst;
  /** What to do about a finding, where the analyser does not say. */
  readonly advice?: (finding: Finding) => string | undefined;
  /** What a model should look at. */
  readonly task: string;
  /** Whether the lines around a finding may be shown to a model. */
  readonly quotes: boolean;
}

/** One for each reviewer. */
export type Specialists = { readonly [Id in ReviewerId]: Specialist };

export const specialists: Specialists = {
  compiler: {
    id: "compiler",
    description: "Asks the TypeScript compiler",
    accepts: isCode,
    open: (root, files, note) => {
      const compiler = new Compiler(root, files, (config, count) => note(`builds ${config ?? "files without a tsconfig"}: ${count} files`));
      return { analyse: (batch, signal) => compiler.diagnose(batch, signal), close: () => compiler.close() };
    },
    task: "You review type and syntax errors that the TypeScript compiler found. Say for each what goes wrong at run time, and the smallest fix.",
    quotes: true,
  },
  secrets: {
    id: "secrets",
    description: "Looks for passwords, tokens and keys",
    accepts: () => true,
    open: (root) => ({ analyse: (batch) => findSecrets(root, batch) }),
    advice: () => "Revoke it, read it from the environment, and remove it from the history.",
    task: "You review places where a secret may have been committed. You see the file's name and the kind of secret, never the secret. Say whether it is likely real or a sample, and what to do.",
    quotes: false,
  },
  complexity: {
    id: "complexity",
    description: "Finds complex and doubtful code",
    accepts: isLinted,
    open: (root) => ({ analyse: (batch, signal) => findComplexity(root, batch, signal) }),
    task: "You review functions that are too complex and code that a linter takes to be wrong. Say for each why it matters here, and how to make it simpler.",
    quotes: true,
  },
};
