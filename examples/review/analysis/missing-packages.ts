import ts from "typescript";

/**
 * The files whose types hang on packages that are not installed: they import one, or a file that does, however far away. What the
 * compiler says about their types may be wrong.
 */
export function filesLackingPackages(program: ts.Program, files: readonly string[]): ReadonlySet<string> {
  const options = program.getCompilerOptions();
  const cache = ts.createModuleResolutionCache(program.getCurrentDirectory(), (name) => name, options);
  const declared = declaredModules(program);
  const importers = new Map<string, string[]>();
  const lacking = new Set<string>();
  for (const file of files) {
    const source = program.getSourceFile(file);
    for (const { fileName } of source === undefined ? [] : ts.preProcessFile(source.text, true, true).importedFiles) {
      const found = ts.resolveModuleName(fileName, file, options, ts.sys, cache, undefined, source?.impliedNodeFormat).resolvedModule;
      if (found !== undefined) importers.set(found.resolvedFileName, [...(importers.get(found.resolvedFileName) ?? []), file]);
      else if (isPackage(fileName) && !declared(fileName)) lacking.add(file);
    }
  }
  for (const file of lacking) for (const importer of importers.get(file) ?? []) lacking.add(importer); // a Set is walked with what is added
  return lacking;
}

/** Modules that a declaration names, such as Node's own and `declare module "*.svg"`. */
function declaredModules(program: ts.Program): (specifier: string) => boolean {
  const names = program
    .getTypeChecker()
    .getAmbientModules()
    .map(({ name }) => name.slice(1, -1)); // they come in quotes
  const exact = new Set(names);
  const patterns = names.filter((name) => name.includes("*")).map((name) => name.split("*", 2));
  return (specifier) =>
    exact.has(specifier) || patterns.some(([start = "", end = ""]) => specifier.startsWith(start) && specifier.endsWith(end));
}

/** True for what an import takes from elsewhere than the project: neither a relative nor an absolute path. */
export const isPackage = (specifier: string): boolean => !/^\.{0,2}\//.test(specifier) && specifier !== "." && specifier !== "..";
