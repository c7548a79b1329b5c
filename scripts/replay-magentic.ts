import { readFileSync, statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import {
  magenticReport,
  magenticSummary,
  magenticTable,
  readMagenticLog,
  replayMagentic,
  type MagenticLog,
  type MagenticReplay,
} from "../testing/index.js";

const HELP = `Replays recorded Magentic-One runs through our orchestration.

  npm run replay:magentic -- FILE… [options]

  --json OUT         writes { runs: [{ file, rounds, ledgers, agreed, stalls, loops, replanAt, stopAt, roundsSaved, unused }] }
  --table            prints a Markdown table in place of the rounds
  --max-rounds N     progress ledgers for one task (30)
  --max-stalls N     stalls that make a new plan (3)
  --max-resets N     new plans for one task (2)
  --help             this text

FILE is JSON with "history", a list of { role, content }, as the Who&When data set has it.
Exit code: 0 all replayed, 1 a file could not be replayed or OUT not written, 2 wrong arguments.`;

const MAX_MEGABYTES = 100;

interface Replayed {
  readonly file: string;
  readonly name: string;
  readonly log: MagenticLog;
  readonly replay: MagenticReplay;
}

class UsageError extends Error {}

function argumentsOf(argv: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const options = {
    json: text,
    table: flag,
    "max-rounds": text,
    "max-stalls": text,
    "max-resets": text,
    help: { ...flag, short: "h" },
  } as const;
  try {
    return parseArgs({ args: [...argv], allowPositionals: true, options });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function limitOf(name: string, value: string | undefined, low: number): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,6}$/.test(value) || Number(value) < low)
    throw new UsageError(`--${name} takes a whole number from ${low} up, not "${value}".`);
  return Number(value);
}

/** @throws Error that says what is wrong with the file, in a line. */
function textOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) throw new Error("there is no such file");
  if (!found.isFile()) throw new Error(found.isDirectory() ? "this is a directory; give the files in it" : "this is no file");
  if (found.size === 0) throw new Error("the file is empty");
  if (found.size > MAX_MEGABYTES * 1_048_576) throw new Error(`the file is larger than ${MAX_MEGABYTES} MB`);
  const bytes = readFileSync(file);
  try {
    if (bytes.includes(0)) throw new TypeError();
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error("this is a binary file, no JSON text");
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = argumentsOf(argv);
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  if (positionals.length === 0) throw new UsageError("Give at least one file.");
  const given = [
    ["maxRounds", limitOf("max-rounds", values["max-rounds"], 1)],
    ["maxStalls", limitOf("max-stalls", values["max-stalls"], 1)],
    ["maxResets", limitOf("max-resets", values["max-resets"], 0)],
  ] as const;
  const limits = Object.fromEntries(given.filter(([, value]) => value !== undefined));

  const replayed: Replayed[] = [];
  let isClean = true;
  for (const file of positionals) {
    try {
      const log = readMagenticLog(textOf(file));
      const replay = await replayMagentic(log, limits);
      replayed.push({ file, name: basename(file, ".json"), log, replay });
      if (values.table !== true) console.log(`${magenticReport(file, log, replay)}\n`);
    } catch (error) {
      isClean = false;
      console.error(`${file}: ${messageOf(error)}`);
    }
  }
  if (values.table === true && replayed.length > 0) console.log(magenticTable(replayed));
  if (values.json !== undefined) {
    const runs = replayed.map(({ file, log, replay }) => magenticSummary(file, log, replay));
    try {
      writeFileSync(values.json, `${JSON.stringify({ runs }, null, 2)}\n`);
    } catch (error) {
      isClean = false;
      console.error(`${values.json}: cannot be written (${messageOf(error)})`);
    }
  }
  return isClean ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${HELP}`);
  process.exitCode = 2;
}
