import { Command, InvalidArgumentError } from "commander";
import { Limits } from "./analysis/listing.js";
import { DEFAULT_BATCH, DEFAULT_FINDINGS, DEFAULT_ROUNDS, DEFAULT_STORE, EXIT } from "./defaults.js";
import { modelFrom } from "./model.js";

const KB = 1_024;
const MB = KB * KB;

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("Give a whole number from 1 up.");
  return value;
}

const limits = Limits.parse({});
const program = new Command("demo")
  .description("Reviews a directory with a team of agents: a planner, three reviewers at once, an editor and a quality check.")
  .argument("[path]", "directory to review", ".")
  .option("--out <dir>", "where review.md and review.mmd are written (default: the current directory)")
  .option("--thread <id>", "go on with this review, or give a new one its name (default: made from the path)")
  .option("--fresh", "forget what is stored of the thread and begin anew", false)
  .option("--rounds <n>", "drafts the editor may make", count, DEFAULT_ROUNDS)
  .option("--batch <n>", "files analysed in one stored step", count, DEFAULT_BATCH)
  .option("--max-files <n>", "files reviewed at most", count, limits.files)
  .option("--max-file-kb <n>", "size of one file", count, limits.fileBytes / KB)
  .option("--max-total-mb <n>", "size of all files together", count, limits.totalBytes / MB)
  .option("--max-depth <n>", "folders below the directory", count, limits.depth)
  .option("--max-entries <n>", "names looked at", count, limits.entries)
  .option("--max-findings <n>", "findings of one reviewer that are listed, the worst first", count, DEFAULT_FINDINGS)
  .option("--store <file>", "SQLite file of the checkpoints", DEFAULT_STORE)
  .addHelpText(
    "after",
    `
Without a key, reviewers and editor are plain functions. With OPENAI_API_KEY (and OPENAI_BASE_URL, OPENAI_MODEL, default
gpt-5-mini) the model explains the findings and writes the report; the check of the report never uses a model.
Started again, a review goes on where it stopped, under the limits of its first start.

Exit code: ${EXIT.done} done; ${EXIT.problem} a problem with the input; ${EXIT.incomplete} not approved within the rounds, or a reviewer failed; ${EXIT.stopped} stopped.`,
  );

interface Flags {
  readonly out?: string;
  readonly thread?: string;
  readonly fresh: boolean;
  readonly rounds: number;
  readonly batch: number;
  readonly maxFiles: number;
  readonly maxFileKb: number;
  readonly maxTotalMb: number;
  readonly maxDepth: number;
  readonly maxEntries: number;
  readonly maxFindings: number;
  readonly store: string;
}

program.parse();
const flags = program.opts<Flags>();
const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    if (stop.signal.aborted) process.exit(EXIT.stopped);
    stop.abort();
  });
}
process.stdout.on("error", () => undefined); // whoever read the progress has left; the report is written all the same

const { runSession } = await import("./session.js"); // the agents and LangGraph, which --help need not load
process.exitCode = await runSession({
  path: program.processedArgs[0] as string, // has a default
  out: flags.out,
  thread: flags.thread,
  fresh: flags.fresh,
  rounds: flags.rounds,
  batch: flags.batch,
  findings: flags.maxFindings,
  limits: {
    files: flags.maxFiles,
    fileBytes: flags.maxFileKb * KB,
    totalBytes: flags.maxTotalMb * MB,
    depth: flags.maxDepth,
    entries: flags.maxEntries,
  },
  store: flags.store,
  model: modelFrom(process.env),
  screen: process.stdout,
  colours: process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
  signal: stop.signal,
});
