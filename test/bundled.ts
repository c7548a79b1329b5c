import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { build } from "esbuild";

/** A script as one file, which a new process loads five times sooner. Gives its path. */
export async function bundled(script: string): Promise<string> {
  const outfile = resolve("node_modules/.cache/phasegraph-tests", `${script.replace(/\.ts$/, "").replaceAll("/", "-")}.mjs`);
  mkdirSync(dirname(outfile), { recursive: true });
  await build({
    entryPoints: [script],
    outfile,
    bundle: true,
    external: ["better-sqlite3"],
    platform: "node",
    format: "esm",
    logLevel: "error",
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  return outfile;
}
