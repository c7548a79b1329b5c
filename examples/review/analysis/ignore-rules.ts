import { dirname, join, relative, sep } from "node:path";
import ignore, { type Ignore } from "ignore";
import type { FileSystem } from "./file-system.js";
import { repositoryOf } from "./repository.js";

/** The `.gitignore` files that apply to a folder, outermost first. */
export interface IgnoreRules {
  ignores(path: string, isFolder: boolean): boolean;
  /** The rules inside a folder: these and its own. */
  within(folder: string): Promise<IgnoreRules>;
}

/** The rules in a root: also those of the folders around it, up to the repository's, unless they ignore the root itself. */
export async function ignoreRules(root: string, files: FileSystem): Promise<IgnoreRules> {
  let outer = rules([], files);
  for (const folder of foldersAround(root)) outer = await outer.within(folder);
  return outer.ignores(root, true) ? rules([], files) : outer;
}

function rules(layers: readonly { readonly folder: string; readonly rule: Ignore }[], files: FileSystem): IgnoreRules {
  return {
    ignores(path, isFolder) {
      let ignored = false;
      for (const { folder, rule } of layers) {
        const below = relative(folder, path).split(sep).join("/");
        const verdict = rule.test(isFolder ? `${below}/` : below);
        if (verdict.ignored || verdict.unignored) ignored = verdict.ignored; // the innermost file decides
      }
      return ignored;
    },
    async within(folder) {
      const text = await files.text(join(folder, ".gitignore"));
      return text === undefined ? this : rules([...layers, { folder, rule: ignore().add(text) }], files);
    },
  };
}

/** The folders from the repository's top down to the root's parent; none when the root is in no repository, or is its top. */
function foldersAround(root: string): string[] {
  const top = repositoryOf(root);
  const folders: string[] = [];
  for (let at = root; top !== undefined && at !== top;) folders.unshift((at = dirname(at)));
  return folders;
}
