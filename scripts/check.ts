import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const VERSION = (JSON.parse(readFileSync("package.json", "utf8")) as { version: string }).version;

/** Where the package is packed, as it is built: `npm pack` alone would build it anew. */
const packed = mkdtempSync(join(tmpdir(), "phasegraph-check-"));
const tarball = join(packed, `phasegraph-${VERSION}.tgz`);

/** Everything `npm run check` looks at, in two lanes that run side by side and are about as long; the steps of a lane wait for each other. */
const LANES: readonly Readonly<Record<string, readonly string[]>>[] = [
  { types: ["tsc"], unused: ["knip"] },
  {
    format: ["oxfmt", "--check", "."],
    build: ["npm", "run", "--silent", "build"], // no types are checked here
    snippets: ["tsx", "scripts/snippets.ts", "--check"],
    "api docs": ["tsx", "scripts/api-docs.ts", "--check"],
    pack: ["npm", "pack", "--ignore-scripts", "--silent", "--pack-destination", packed],
    publint: ["publint", "run", tarball, "--strict"],
    "package types": ["attw", tarball, "--profile", "esm-only", "--quiet"],
    lint: ["oxlint", "--type-aware"],
  },
];

const STEP_MILLISECONDS = 300_000;

/** Runs one step and prints a line; the output of a step that failed follows it. */
async function step(name: string, [command = "", ...args]: readonly string[]): Promise<boolean> {
  const begin = performance.now();
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], timeout: STEP_MILLISECONDS });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((done) => {
    child.once("error", (error) => {
      output += String(error);
      done(1);
    });
    child.once("close", done);
  });
  const seconds = ((performance.now() - begin) / 1_000).toFixed(1);
  console.log(`${code === 0 ? "ok    " : "FAILED"} ${name.padEnd(14)} ${seconds} s${code === 0 ? "" : `\n${output}`}`);
  return code === 0;
}

async function lane(steps: Readonly<Record<string, readonly string[]>>): Promise<boolean> {
  const results: boolean[] = [];
  for (const [name, command] of Object.entries(steps)) results.push(await step(name, command));
  return !results.includes(false);
}

try {
  const passed = await Promise.all(LANES.map(lane));
  if (passed.includes(false)) process.exitCode = 1;
} finally {
  rmSync(packed, { recursive: true, force: true });
}
