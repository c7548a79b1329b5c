import { existsSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import ts from "typescript";
import { filesLackingPackages, isPackage } from "./missing-packages.js";
import { repositoryOf } from "./repository.js";
import { finding, type Analysed, type Finding } from "./finding.js";

/** Without a tsconfig: what TypeScript assumes, with today's modules. */
const DEFAULTS: ts.CompilerOptions = {
  allowJs: true,
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.Preserve,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  jsx: ts.JsxEmit.Preserve,
  allowImportingTsExtensions: true,
};
/** Whatever the project says: nothing is written, and declarations of libraries are not reviewed. */
const FORCED: ts.CompilerOptions = { noEmit: true, skipLibCheck: true, incremental: false, composite: false, allowJs: true };

/** A module or global that an installed dependency would declare. */
const MISSING_DEPENDENCY = new Set([2307, 2503, 2580, 2581, 2582, 2584, 2591, 2592, 2593, 2688, 2792, 2874, 2875, 7016, 7026]);
/** Says that a type is `any`: usually because an import is. */
const NO_SUCH_MODULE = 2307;
const IMPLICIT_ANY = new Set([2347, 7005, 7006, 7019, 7022, 7023, 7031, 7034, 7053]);

export const UNRESOLVED = "compiler messages about imports that are not installed";
export const BECAUSE_UNRESOLVED = "implicit any that comes from such imports";
/** Said of what remains in such files. */
export const DOUBT = "This may come from packages that are not installed: install them and review again.";
export const SYNTAX_ONLY = "files of no tsconfig, checked for syntax only";

const KEPT_PROGRAMS = 3;

interface Project {
  readonly program: ts.Program;
  /** Files the tsconfig names; undefined when there is none, and so all. */
  readonly named: ReadonlySet<string> | undefined;
  readonly problems: readonly ts.Diagnostic[];
  readonly config: string | undefined;
  /** Files whose types hang on packages that are not installed. */
  readonly lacking: ReadonlySet<string>;
}

/** The files to review, as TypeScript programs: one for each tsconfig, built when a file of it is first asked for. */
export class Projects {
  private readonly byConfig = new Map<string, string[]>();
  private readonly open = new Map<string, Project>();
  private readonly told = new Set<string>();
  private readonly top: string;

  constructor(
    private readonly root: string,
    files: readonly string[],
    private readonly onBuild: (config: string | undefined, files: number) => void = () => undefined,
  ) {
    this.top = repositoryOf(root) ?? root;
    for (const file of files) {
      const key = this.configOf(file);
      this.byConfig.set(key, [...(this.byConfig.get(key) ?? []), file]);
    }
  }

  /** What the compiler says about these files: syntax, and types where the project's tsconfig covers them. */
  diagnose(files: readonly string[]): Analysed {
    const findings: Finding[] = [];
    const skipped: Record<string, number> = {};
    const skip = (reason: string): number => (skipped[reason] = (skipped[reason] ?? 0) + 1);
    for (const file of files) {
      const project = this.projectOf(file);
      const source = project.program.getSourceFile(join(this.root, file));
      if (source === undefined) {
        skip("files that cannot be read any more");
        continue;
      }
      if (!this.told.has(project.config ?? "")) {
        this.told.add(project.config ?? "");
        findings.push(...project.problems.flatMap((problem) => this.toFinding(problem, project.config)));
      }
      const syntax = project.program.getSyntacticDiagnostics(source);
      findings.push(...syntax.flatMap((diagnostic) => this.toFinding(diagnostic, file)));
      if (project.named !== undefined && !project.named.has(source.fileName)) skip(SYNTAX_ONLY);
      else if (syntax.length === 0) findings.push(...this.semantic(project, source, file, skip));
    }
    return { findings, skipped };
  }

  private semantic(project: Project, source: ts.SourceFile, file: string, skip: (reason: string) => void): Finding[] {
    const isLacking = project.lacking.has(source.fileName);
    return project.program.getSemanticDiagnostics(source).flatMap((diagnostic) => {
      if (isMissingDependency(diagnostic)) skip(UNRESOLVED);
      else if (isLacking && IMPLICIT_ANY.has(diagnostic.code)) skip(BECAUSE_UNRESOLVED);
      else if (!isLacking || diagnostic.code === NO_SUCH_MODULE) return this.toFinding(diagnostic, file);
      else return this.toFinding(diagnostic, file).map((one): Finding => ({ ...one, severity: "warning", advice: DOUBT }));
      return [];
    });
  }

  private toFinding(diagnostic: ts.Diagnostic, fallback: string | undefined): Finding[] {
    const { file, start, code, category, messageText } = diagnostic;
    if (category === ts.DiagnosticCategory.Suggestion) return [];
    const place = file === undefined ? { line: 0, character: 0 } : file.getLineAndCharacterOfPosition(start ?? 0);
    return [
      finding({
        reviewer: "compiler",
        rule: `TS${code}`,
        severity: category === ts.DiagnosticCategory.Error ? "error" : category === ts.DiagnosticCategory.Warning ? "warning" : "info",
        file: file === undefined ? (fallback ?? "tsconfig.json") : below(this.root, file.fileName),
        line: place.line + 1,
        column: place.character + 1,
        message: ts.flattenDiagnosticMessageText(messageText, " "),
      }),
    ];
  }

  /** The nearest tsconfig from the file up to the top of the repository (of the root, outside of one), or "". */
  private configOf(file: string): string {
    for (let folder = dirname(join(this.root, file)); ; folder = dirname(folder)) {
      const config = join(folder, "tsconfig.json");
      if (existsSync(config)) return config;
      if (folder === this.top || folder === dirname(folder)) return "";
    }
  }

  /** The last few programs are kept: files come sorted, so one project's files come nearly together, and memory stays bounded. */
  private projectOf(file: string): Project {
    const key = this.configOf(file);
    let project = this.open.get(key);
    if (project === undefined) {
      const files = this.byConfig.get(key) ?? [file];
      this.onBuild(key === "" ? undefined : below(this.root, key), files.length);
      const [oldest] = this.open.keys();
      if (this.open.size >= KEPT_PROGRAMS && oldest !== undefined) this.open.delete(oldest);
      project = this.build(key, files);
    }
    this.open.delete(key); // so that it counts as the newest
    this.open.set(key, project);
    return project;
  }

  private build(config: string, files: readonly string[]): Project {
    const paths = files.map((file) => join(this.root, file));
    const withPackages = (program: ts.Program, rest: Pick<Project, "named" | "problems" | "config">): Project => {
      return { program, lacking: filesLackingPackages(program, paths), ...rest };
    };
    if (config === "")
      return withPackages(ts.createProgram(paths, { ...DEFAULTS, ...FORCED }), { named: undefined, problems: [], config: undefined });
    const problems: ts.Diagnostic[] = [];
    const host: ts.ParseConfigFileHost = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (diagnostic) => void problems.push(diagnostic) };
    const parsed = ts.getParsedCommandLineOfConfigFile(config, FORCED, host);
    const options = { ...(parsed?.options ?? DEFAULTS), ...FORCED };
    const named = (parsed?.fileNames ?? []).map((file) => resolve(file));
    const declarations = named.filter((file) => /\.d\.[cm]?ts$/.test(file));
    return withPackages(ts.createProgram([...new Set([...paths, ...declarations])], options), {
      named: new Set(named),
      problems: [...problems, ...(parsed?.errors ?? [])].filter((problem) => !EMPTY_PROJECT.has(problem.code)),
      config: below(this.root, config),
    });
  }
}

/** "No inputs were found", "the files list is empty": nothing is wrong with a project of references. */
const EMPTY_PROJECT = new Set([18002, 18003]);

const below = (root: string, path: string): string => relative(root, resolve(path)).split(sep).join("/");

/** A package that is not there is the environment's business; a file of the project that is not there is a fault. */
function isMissingDependency({ code, messageText }: ts.Diagnostic): boolean {
  if (!MISSING_DEPENDENCY.has(code)) return false;
  const [, module] = /['"]([^'"]+)['"]/.exec(ts.flattenDiagnosticMessageText(messageText, " ")) ?? [];
  return module === undefined || isPackage(module);
}
