import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { Orchestration } from "phasegraph";

/**
 * Pulls the regions of examples into the documentation: what stands between `<!-- snippet: FILE#REGION -->` and `<!-- /snippet -->`
 * is the code between `// #region REGION` and `// #endregion` of FILE, and what stands between `<!-- picture: FILE -->` and
 * `<!-- /picture -->` is the graph of the orchestration that FILE exports. With `--check` nothing is written, and what differs is an error.
 */
const pages = [
  "README.md",
  ...readdirSync("docs")
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`),
];
const isCheck = process.argv.includes("--check");
let stale = 0;

function regionOf(file: string, name: string): string {
  const [, body] = new RegExp(`// #region ${name}\\n([\\s\\S]*?)\\n\\s*// #endregion`).exec(readFileSync(file, "utf8")) ?? [];
  if (body === undefined) throw new Error(`${file} has no region "${name}".`);
  return body;
}

async function pictureOf(file: string): Promise<string> {
  const { orchestration } = (await import(pathToFileURL(file).href)) as { orchestration: Orchestration };
  return orchestration.toMermaid().trimEnd();
}

for (const page of pages) {
  const before = readFileSync(page, "utf8");
  const pictures = new Map<string, string>();
  for (const [, file = ""] of before.matchAll(/<!-- picture: (\S+) -->/g)) pictures.set(file, await pictureOf(file));
  const drawn = before.replace(
    /(<!-- picture: (\S+) -->\n)[\s\S]*?(<!-- \/picture -->)/g,
    (_all, open: string, file: string, close: string) => `${open}\`\`\`mermaid\n${pictures.get(file)}\n\`\`\`\n${close}`,
  );
  const after = drawn.replace(
    /(<!-- snippet: (\S+)#(\S+) -->\n)[\s\S]*?(\n?<!-- \/snippet -->)/g,
    (_all, open: string, file: string, name: string) => {
      return `${open}\`\`\`ts\n${regionOf(file, name)}\n\`\`\`\n<!-- /snippet -->`;
    },
  );
  if (before === after) continue;
  stale += 1;
  if (isCheck) console.error(`${page} shows code that has changed; run: npm run docs`);
  else writeFileSync(page, after);
}
if (isCheck && stale > 0) process.exitCode = 1;
