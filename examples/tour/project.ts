import { extname, join, resolve } from "node:path";
import { Limits, listFiles } from "../review/analysis/listing.js";
import { readText } from "../review/analysis/read-text.js";

/** A text file of the directory that the tour is given. */
export interface SourceFile {
  /** Below the root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  /** `.ts`, or `""`. */
  readonly type: string;
}

/** What all sections of the tour work on. */
export interface Project {
  readonly root: string;
  readonly name: string;
  /** The longest first. */
  readonly files: readonly SourceFile[];
}

const LIMITS = Limits.parse({ files: 400, totalBytes: 16_777_216 });

/**
 * Reads the text files of a directory: 400 of them, and 16 MB, at most.
 * @throws Error when it is not there, cannot be read, or holds no text file.
 */
export async function readProject(path: string): Promise<Project> {
  const root = resolve(path);
  const { files: paths } = await listFiles(root, LIMITS).catch((error: unknown) => {
    const { code } = error as { readonly code?: string }; // what the file system throws carries one
    const problem =
      code === "ENOENT" ? "does not exist" : code === "ENOTDIR" ? "is no directory" : `cannot be read (${code ?? String(error)})`;
    throw new Error(`${root} ${problem}. Give the tour a directory: npm run tour -- <path>`);
  });
  const files = await Promise.all(
    paths.map(async (file): Promise<SourceFile> => {
      const text = await readText(join(root, file)).catch(() => "");
      return { path: file, text, lines: text.split("\n").length, type: extname(file) };
    }),
  );
  const readable = files.filter((file) => file.text !== "").sort((a, b) => b.lines - a.lines || (a.path < b.path ? -1 : 1));
  if (readable.length === 0) throw new Error(`${root} holds no text file that can be read. Give the tour a directory with some.`);
  return { root, name: root.split(/[\\/]/).at(-1) ?? root, files: readable };
}

/** The sum of some number of each file. */
export const total = (files: readonly SourceFile[], count: (file: SourceFile) => number): number =>
  files.reduce((sum, file) => sum + count(file), 0);

/** How often a pattern is found in a text. */
export const occurrences = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/** Files by type, the most frequent type first. */
export function byType(files: readonly SourceFile[]): [type: string, files: readonly SourceFile[]][] {
  const types = new Map<string, SourceFile[]>();
  for (const file of files) types.set(file.type, [...(types.get(file.type) ?? []), file]);
  return [...types].sort(([, a], [, b]) => b.length - a.length);
}
