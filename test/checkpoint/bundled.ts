import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";

/** A script of this folder as one file, which a new process loads five times sooner. Gives its path. */
export async function bundled(script: string): Promise<string> {
  const outfile = resolve("node_modules/.cache/phasegraph-crash", `checkpoint-${script.replace(/\.ts$/, ".mjs")}`);
  mkdirSync(join(outfile, ".."), { recursive: true });
  await build({
    entryPoints: [`test/checkpoint/${script}`],
    outfile,
    bundle: true,
    external: ["better-sqlite3"],
    platform: "node",
    format: "esm",
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  return outfile;
}
