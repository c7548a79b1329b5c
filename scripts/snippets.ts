import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/**
 * Pulls the regions of examples into the documentation: what stands between `<!-- snippet: FILE#REGION -->` and `<!-- /snippet -->`
 * is the code between `// #region REGION` and `// #endregion` of FILE. With `--check` nothing is written, and what differs is an error.
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

for (const page of pages) {
  const before = readFileSync(page, "utf8");
  const after = before.replace(
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
