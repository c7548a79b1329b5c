import { spawnSync } from "node:child_process";

/** Milliseconds that a new Node process needs to import a package by its public name. */
export function importTime(specifier: string): number {
  const script = `const begin = performance.now(); await import(${JSON.stringify(specifier)}); console.log(performance.now() - begin);`;
  const child = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: import.meta.dirname,
    encoding: "utf8",
    timeout: 30_000,
  });
  if (child.status !== 0) throw new Error(`Importing ${specifier} failed; build the package first (npm run build).\n${child.stderr}`);
  return Number(child.stdout);
}
