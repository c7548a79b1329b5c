import { spawn } from "node:child_process";

/** Everything `npm run check` looks at, in groups: the steps of a group run side by side, a group waits for the one before. */
const GROUPS: readonly Readonly<Record<string, readonly string[]>>[] = [
  { format: ["oxfmt", "--check", "."], lint: ["oxlint", "--type-aware"] },
  { types: ["tsc"], unused: ["knip"] },
  { build: ["npm", "run", "--silent", "build"] },
  {
    publint: ["publint", "--strict"],
    snippets: ["tsx", "scripts/snippets.ts", "--check"],
    "api docs": ["tsx", "scripts/api-docs.ts", "--check"],
  },
  { "package types": ["attw", "--pack", ".", "--profile", "esm-only", "--quiet"] }, // packs, and so builds anew
];

const SIDE_BY_SIDE = 2;
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

for (const group of GROUPS) {
  const steps = Object.entries(group);
  const results: boolean[] = [];
  const next = async (): Promise<void> => {
    for (let entry = steps.shift(); entry !== undefined; entry = steps.shift()) results.push(await step(...entry));
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, next));
  if (results.includes(false)) process.exit(1);
}
