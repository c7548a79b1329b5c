import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import ts from "typescript";

/** Writes docs/api.md from the declarations of the built package, so that a change of the surface is a visible diff. `--check` only compares. */
const PAGE = "docs/api.md";
const doors = Object.entries(
  (JSON.parse(readFileSync("package.json", "utf8")) as { exports: Record<string, { types: string } | string> }).exports,
).flatMap(([door, target]) => (typeof target === "string" ? [] : [[door, resolve(target.types)] as const]));
const program = ts.createProgram(
  doors.map(([, file]) => file),
  {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    skipLibCheck: true,
    strict: true,
  },
);
const checker = program.getTypeChecker();

/** A declaration as the d.ts has it, without its comments and modifiers. */
function textOf(declaration: ts.Declaration): string {
  const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  const printed = ts.createPrinter({ removeComments: true }).printNode(ts.EmitHint.Unspecified, node, node.getSourceFile());
  return printed.replace(/^export (declare )?/, "").replace(/^declare /, "");
}

function entryOf(symbol: ts.Symbol): string {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const declarations = (target.declarations ?? []).filter((declaration) => declaration.getSourceFile().fileName.includes("/dist/"));
  const words = ts.displayPartsToString(target.getDocumentationComment(checker)).trim();
  const code =
    declarations.length === 0
      ? `// from ${target.declarations?.[0]?.getSourceFile().fileName.split("node_modules/").at(-1) ?? "elsewhere"}`
      : declarations.map(textOf).join("\n");
  return `### ${symbol.name}\n\n${words === "" ? "" : `${words}\n\n`}\`\`\`ts\n${code}\n\`\`\`\n`;
}

const sections = doors.map(([door, file]) => {
  const source = program.getSourceFile(file);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${file} is not there; build first (npm run build).`);
  const entries = checker
    .getExportsOfModule(module)
    .sort((a, b) => a.name.localeCompare(b.name, "en"))
    .map(entryOf);
  return `## ${door === "." ? "phasegraph" : door.replace("./", "phasegraph/")}\n\n${entries.join("\n")}`;
});
const page = `# API\n\nMade from the declarations of the package by \`npm run docs\`.\n\n${sections.join("\n")}`;

if (!process.argv.includes("--check")) writeFileSync(PAGE, page);
else if (!existsSync(PAGE) || readFileSync(PAGE, "utf8") !== page) {
  console.error(`${PAGE} is not what the package exports; run: npm run docs`);
  process.exitCode = 1;
}
