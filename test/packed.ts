import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The package as `npm pack` makes it. */
export interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** Builds, without a check of types, and packs into a folder. */
export function pack(folder: string): Packed {
  execFileSync("npm", ["run", "--silent", "build"], { stdio: "ignore" });
  const answer = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--silent", "--pack-destination", folder], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [first] = JSON.parse(answer.slice(answer.indexOf("[\n"))) as Packed[];
  if (first === undefined) throw new Error(`npm pack said: ${answer}`);
  return first;
}

/** Where what is slow to install is kept between runs. */
export const CACHE = resolve("node_modules/.cache/phasegraph-package");

/** Whether this very package, by the content of its files, has passed a check before; `passed` notes that it has. */
export class Passed {
  private readonly mark: string;

  constructor(tarball: string, check: string) {
    const content = execFileSync("tar", ["-xzOf", tarball], { maxBuffer: 64 * 1_048_576 });
    const hash = createHash("sha256").update(content).update(check).update(process.version).digest("hex").slice(0, 32);
    this.mark = join(CACHE, `${hash}.passed`);
  }

  get before(): boolean {
    return existsSync(this.mark);
  }

  now(): void {
    mkdirSync(CACHE, { recursive: true });
    writeFileSync(this.mark, "");
  }
}
