import { join, relative, sep } from "node:path";
import { z } from "zod";
import { compareText } from "./finding.js";
import { nodeFiles, type FileSystem } from "./file-system.js";
import { ignoreRules, type IgnoreRules } from "./ignore-rules.js";

/** What may be reviewed at most; what is beyond is left out, and said. */
export const Limits = z.object({
  /** Files. */
  files: z.number().int().positive().default(2_000),
  /** Bytes of one file. */
  fileBytes: z.number().int().positive().default(1_048_576),
  /** Bytes of all files together. */
  totalBytes: z.number().int().positive().default(67_108_864),
  /** Folders below the root. */
  depth: z.number().int().nonnegative().default(25),
  /** Names looked at; then the walk ends. */
  entries: z.number().int().positive().default(100_000),
});
export type Limits = z.infer<typeof Limits>;

/** Files or folders that are not reviewed, for one reason. */
export const LeftOut = z.object({ reason: z.string(), count: z.number().int(), examples: z.array(z.string()) });
export type LeftOut = z.infer<typeof LeftOut>;

export interface Listing {
  /** Paths below the root with `/`, sorted. */
  readonly files: readonly string[];
  readonly bytes: number;
  readonly leftOut: readonly LeftOut[];
}

/** Folders that hold what others made. */
const FOREIGN = new Set([
  ".cache",
  ".git",
  ".hg",
  ".langgraph_api",
  ".next",
  ".nuxt",
  ".phasegraph",
  ".svn",
  ".turbo",
  ".venv",
  "__pycache__",
  "bower_components",
  "coverage",
  "dist",
  "node_modules",
]);
const HEAD_BYTES = 8_192;
const EXAMPLES = 3;
const REPORT_EVERY = 10_000;

export interface ListingOptions {
  readonly files?: FileSystem;
  /** Paths below the root that are not looked at: the review's own output. */
  readonly except?: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with the number of names looked at. */
  readonly onProgress?: (entries: number) => void;
}

/**
 * The text files of a directory, near ones first when there are too many. Links are not followed, so there are no cycles; nothing
 * that cannot be read, except the root itself, is an error.
 */
export async function listFiles(root: string, limits: Limits, options: ListingOptions = {}): Promise<Listing> {
  return new Walk(root, limits, options).run();
}

interface Folder {
  readonly path: string;
  readonly depth: number;
  /** Those of the folders around it. */
  readonly rules: IgnoreRules;
}
type Entry = Awaited<ReturnType<FileSystem["readdir"]>>[number];

/** One walk, level by level, which ends with the folders that are due. */
class Walk {
  private readonly found: string[] = [];
  private readonly leftOut = new Map<string, { count: number; examples: string[] }>();
  private readonly due: Folder[] = [];
  private readonly system: FileSystem;
  private bytes = 0;
  private entries = 0;

  constructor(
    private readonly root: string,
    private readonly limits: Limits,
    private readonly options: ListingOptions,
  ) {
    this.system = options.files ?? nodeFiles;
  }

  async run(): Promise<Listing> {
    this.due.push({ path: this.root, depth: 0, rules: await ignoreRules(this.root, this.system) });
    for (let folder = this.due.shift(); folder !== undefined; folder = this.due.shift()) await this.enter(folder);
    const leftOut = [...this.leftOut].map(([reason, rest]) => ({ reason, ...rest }));
    return { files: this.found.sort(compareText), bytes: this.bytes, leftOut };
  }

  private async enter({ path, depth, rules: outer }: Folder): Promise<void> {
    this.options.signal?.throwIfAborted();
    const rules = await outer.within(path);
    const names = await this.system.readdir(path).catch((error: unknown) => {
      if (path === this.root) throw error;
      this.leave(`cannot be read (${codeOf(error)})`, `${this.below(path)}/`);
      return [];
    });
    for (const entry of [...names].sort((one, other) => compareText(one.name, other.name))) {
      await this.look({ path: join(path, entry.name), depth: depth + 1, rules }, entry);
    }
  }

  private async look(at: Folder, entry: Entry): Promise<void> {
    const below = this.below(at.path);
    if (this.entries >= this.limits.entries) return this.leave(`not looked at: the walk ended after ${this.limits.entries} names`, below);
    this.entries += 1;
    if (this.entries % REPORT_EVERY === 0) this.options.onProgress?.(this.entries);
    if (this.options.except?.includes(below) === true) return;
    if (entry.isSymbolicLink()) return this.leave("symbolic links, not followed", below);
    if (entry.isDirectory()) return this.descend(at, entry.name, `${below}/`);
    if (!entry.isFile()) return this.leave("no regular files", below);
    if (at.rules.ignores(at.path, false)) return this.leave("ignored by .gitignore", below);
    await this.take(at.path, below);
  }

  private descend(folder: Folder, name: string, below: string): void {
    if (FOREIGN.has(name)) this.leave("folders of generated or foreign files", below);
    else if (folder.rules.ignores(folder.path, true)) this.leave("ignored by .gitignore", below);
    else if (folder.depth > this.limits.depth) this.leave(`deeper than ${this.limits.depth} folders`, below);
    else this.due.push(folder);
  }

  private async take(path: string, below: string): Promise<void> {
    const { files, fileBytes, totalBytes } = this.limits;
    if (this.found.length >= files) return this.leave(`beyond the limit of ${files} files`, below);
    const head = await this.system.head(path, HEAD_BYTES).catch((error: unknown) => codeOf(error));
    if (typeof head === "string") return this.leave(`cannot be read (${head})`, below);
    if (head.size > fileBytes) return this.leave(`larger than ${fileBytes} bytes`, below);
    if (isBinary(head.start)) return this.leave("binary", below);
    if (this.bytes + head.size > totalBytes) return this.leave(`beyond the limit of ${totalBytes} bytes in all`, below);
    this.bytes += head.size;
    this.found.push(below);
  }

  private leave(reason: string, path: string): void {
    const entry = this.leftOut.get(reason) ?? { count: 0, examples: [] };
    entry.count += 1;
    if (entry.examples.length < EXAMPLES) entry.examples.push(path);
    this.leftOut.set(reason, entry);
  }

  private below(path: string): string {
    return relative(this.root, path).split(sep).join("/");
  }
}

/** A zero byte says binary, unless the file begins with the mark of UTF-16. */
function isBinary(start: Uint8Array): boolean {
  const isUtf16 = (start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0xfe && start[1] === 0xff);
  return !isUtf16 && start.includes(0);
}

/** The system's word for what went wrong: `EACCES`. */
export function codeOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown }; // what the file system throws carries a code
  return typeof code === "string" ? code : error instanceof Error ? error.message : String(error);
}
