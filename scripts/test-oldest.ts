import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/*
 * The suite on the oldest versions that are supported, in a folder of its own: the tracked files as they are now, and an install that
 * is kept. Arguments go to vitest: `npm run test:oldest -- test/compile`.
 */

/** What is the oldest of each, by the peer range of LangGraph in package.json and what goes with that version. */
const OLDEST: Readonly<Record<string, string>> = {
  "@langchain/core": "1.2.13",
  "@langchain/langgraph": "1.4.18",
  "@langchain/langgraph-checkpoint": "1.1.5",
  "@langchain/langgraph-sdk": "1.12.4",
};

const folder = resolve("node_modules/.cache/phasegraph-oldest");
const installed = join(folder, "node_modules/.oldest");

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { devDependencies: Record<string, string> };
const oldest = JSON.stringify({ ...manifest, devDependencies: { ...manifest.devDependencies, ...OLDEST } }, null, 2);
const wanted = createHash("sha256")
  .update(JSON.stringify(JSON.parse(oldest).devDependencies))
  .update(process.version)
  .digest("hex");

mkdirSync(folder, { recursive: true });
for (const name of ["bench", "docs", "examples", "graphs", "nodes", "scripts", "src", "test", "testing"])
  rmSync(join(folder, name), { recursive: true, force: true });
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" }).split("\n");
for (const file of files.filter((name) => name !== "" && name !== "package.json" && name !== "package-lock.json" && existsSync(name))) {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  cpSync(file, join(folder, file));
}
writeFileSync(join(folder, "package.json"), oldest);

function run(command: string, ...args: readonly string[]): void {
  console.log(`\n> ${command} ${args.join(" ")}`);
  const { status } = spawnSync(command, args, { cwd: folder, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(installed) || readFileSync(installed, "utf8") !== wanted) {
  rmSync(join(folder, "package-lock.json"), { force: true });
  run("npm", "install", "--no-audit", "--no-fund");
  writeFileSync(installed, wanted);
}
run("npx", "tsc");
run("npm", "run", "--silent", "build"); // some tests run what is built
run("npx", "vitest", "run", ...process.argv.slice(2));
