import { createHash } from "node:crypto";
import { basename, relative, resolve, sep } from "node:path";
import { PhasegraphError, type GraphState } from "phasegraph";
import { findRoot } from "./agents/planner.js";
import { addTallies, NOTHING } from "./analysis/finding.js";
import type { Limits } from "./analysis/listing.js";
import { openCheckpoints, type Checkpoints } from "./checkpoints.js";
import { DEFAULT_STORE, EXIT, type Exit } from "./defaults.js";
import type { ReviewModel } from "./model.js";
import { finalReport, PICTURE, REPORT, writeOutput } from "./output.js";
import type { Progress } from "./progress.js";
import { review, standingOf } from "./review.js";
import { evidenceOf, type Request, type reviewState } from "./state.js";
import { Terminal, type Screen } from "./terminal.js";
import { Watcher, type NodeTask } from "./watcher.js";
import { counted, printable, tallyText } from "./words.js";

/** What a review is started with. */
export interface SessionOptions {
  readonly path: string;
  readonly out: string | undefined;
  readonly thread: string | undefined;
  readonly fresh: boolean;
  readonly rounds: number;
  readonly limits: Limits;
  readonly batch: number;
  readonly findings: number;
  /** The SQLite file. */
  readonly store: string;
  readonly model: ReviewModel | undefined;
  readonly screen: Screen;
  readonly colours: boolean;
  readonly signal: AbortSignal;
}

/** The default thread of a directory: the same each time, so that starting again goes on. */
export const threadOf = (root: string): string =>
  `review-${basename(root).replaceAll(/[^\w.-]/g, "_") || "root"}-${createHash("sha256").update(root).digest("hex").slice(0, 8)}`;

type State = GraphState<typeof reviewState>;
type Graph = ReturnType<ReturnType<typeof review>["compile"]>;

/** Reviews a directory from start to end, or goes on where the thread stopped. Problems are told on the screen, never thrown. */
export async function runSession(options: SessionOptions): Promise<Exit> {
  const say = (text: string): unknown => options.screen.write(`${text}\n`);
  const found = await findRoot(options.path);
  if (!found.ok) {
    say(`error: ${printable(found.problem)}.`);
    return EXIT.problem;
  }
  let checkpoints: Checkpoints;
  try {
    checkpoints = openCheckpoints(options.store);
  } catch (error) {
    say(`error: the checkpoints cannot be kept in ${options.store}: ${messageOf(error)}. Choose another file with --store.`);
    return EXIT.problem;
  }
  const session = new Session(options, found.root, checkpoints);
  try {
    return await session.run();
  } catch (error) {
    return session.failed(error);
  } finally {
    checkpoints.close();
  }
}

class Session {
  private readonly thread: string;
  private readonly picture: string;
  private readonly graph: Graph;
  private readonly watcher: Watcher;
  private readonly terminal: Terminal;

  constructor(
    private readonly options: SessionOptions,
    private readonly root: string,
    private readonly checkpoints: Checkpoints,
  ) {
    const orchestration = review({ model: options.model, rounds: options.rounds });
    this.thread = options.thread ?? threadOf(root);
    this.picture = orchestration.toMermaid();
    this.graph = orchestration.compile({ checkpointer: checkpoints.saver, durability: "sync" });
    this.watcher = new Watcher((agent, text) => this.terminal.say(agent, text), options.screen.isTTY !== true);
    this.terminal = new Terminal(options.screen, () => this.watcher.status(), options.colours);
  }

  async run(): Promise<Exit> {
    const { options, terminal } = this;
    if (options.fresh) await this.checkpoints.saver.deleteThread(this.thread);
    const before = await this.stored();
    const reviewed = before?.values.request?.root;
    if (reviewed !== undefined && reviewed !== this.root) {
      terminal.close();
      terminal.line(`error: thread ${this.thread} reviews ${printable(reviewed)}; give another --thread, or --fresh to begin it anew.`);
      return EXIT.problem;
    }
    terminal.line(`${terminal.bold("phasegraph review")} of ${printable(this.root)}`);
    terminal.line(`  thread  ${this.thread}  (resume with: ${this.command()})`);
    terminal.line(
      `  agents  ${options.model === undefined ? "plain functions; with OPENAI_API_KEY a model explains and writes" : `the model ${options.model.name}, and functions`}`,
    );
    if (before !== undefined && before.values.control.done) return this.finish(before.values, true);
    if (before !== undefined) this.tellResumed(before);
    terminal.line();
    await this.work(before === undefined ? this.input() : null);
    return this.finish((await this.graph.getState(this.config())).values as State, false);
  }

  /** Says what went wrong, and how to go on. */
  failed(error: unknown): Exit {
    const { terminal, options } = this;
    terminal.close();
    if (options.signal.aborted) {
      terminal.line(`\nStopped. What was done is kept; go on with: ${this.command()}`);
      return EXIT.stopped;
    }
    terminal.line(`error: ${options.model?.redact(messageOf(error)) ?? messageOf(error)}`);
    const isForeign = PhasegraphError.is(error) && error.code === "CHART_MISMATCH";
    terminal.line(isForeign ? `Begin anew with: ${this.command()} --fresh` : `What was done is kept; go on with: ${this.command()}`);
    return EXIT.problem;
  }

  private config() {
    return { configurable: { thread_id: this.thread } };
  }

  /** The thread as it is stored, or undefined when nothing is; a review that had nothing to look at counts as nothing. */
  private async stored() {
    const { values, tasks, createdAt } = await this.graph.getState(this.config());
    if (createdAt === undefined) return undefined;
    const state = values as State; // this graph's own
    if (standingOf(state.control) !== "refused") return { values: state, tasks };
    await this.checkpoints.saver.deleteThread(this.thread);
    return undefined;
  }

  private input() {
    const { limits, batch, findings, out, store } = this.options;
    const folder = resolve(out ?? ".");
    const own = [resolve(folder, REPORT), resolve(folder, PICTURE), resolve(store)].map((path) =>
      relative(this.root, path).split(sep).join("/"),
    );
    const except = own.flatMap((path) => [path, `${path}-wal`, `${path}-shm`]);
    const request: Request = { root: this.root, limits, batch, findings, except, out: folder };
    return { messages: [{ role: "user", content: `Review ${this.root}` }], request };
  }

  private tellResumed({
    values,
    tasks,
  }: {
    readonly values: State;
    readonly tasks: readonly { readonly name: string; readonly result?: unknown }[];
  }): void {
    const done = [...Object.keys(values.results), ...tasks.filter((task) => task.result !== undefined).map((task) => task.name)];
    const open = tasks.filter((task) => task.result === undefined).map((task) => task.name);
    const before = done.length === 0 ? "nobody had finished" : `done before: ${[...new Set(done)].join(", ")}`;
    this.terminal.line(`  resumed where it stopped; ${before}; goes on with ${open.join(", ").replace("__start__", "planner")}`);
  }

  private async work(input: ReturnType<Session["input"]> | null): Promise<void> {
    const { options, watcher } = this;
    const stream = await this.graph.stream(input, { ...this.config(), streamMode: ["custom", "tasks"], signal: options.signal });
    for await (const [mode, payload] of stream as AsyncIterable<readonly [string, unknown]>) {
      if (mode === "custom") watcher.progress(payload as Progress); // sent by tell() only
      else if (this.graph.chart.phases.has((payload as NodeTask).name)) watcher.task(payload as NodeTask); // LangGraph's own form
    }
    options.signal.throwIfAborted();
  }

  private async finish(state: State, wasFinished: boolean): Promise<Exit> {
    const { terminal, options } = this;
    terminal.close();
    const standing = standingOf(state.control);
    if (standing === "refused") {
      terminal.line(`\nerror: ${printable(state.messages.at(-1)?.text ?? "")}`);
      await this.checkpoints.saver.deleteThread(this.thread);
      return EXIT.problem;
    }
    const evidence = evidenceOf(state, state.results);
    const out = options.out === undefined ? (state.request?.out ?? ".") : resolve(options.out);
    const report = await writeOutput(out, finalReport(state, this.picture), this.picture);
    const all = [...evidence.reviews.values()].reduce((sum, one) => addTallies(sum, one.found), NOTHING);
    terminal.line();
    if (wasFinished) terminal.line("  This review is finished: what changed since was not looked at. --fresh begins it anew.");
    terminal.line(`  ${counted(evidence.plan.files.length, "file")} reviewed: ${tallyText(all)}`);
    for (const [id, reason] of evidence.failed) terminal.line(`  ${id} failed: ${printable(reason)}`);
    const round = String(state.control.context["round"]);
    if (standing === "approved") terminal.line(`  approved in round ${round}`);
    else terminal.line(`  NOT APPROVED: round ${round} was the last one allowed (--rounds); the report says what is wrong with it`);
    terminal.line(`  report  ${report}`);
    terminal.line(`  picture ${resolve(out, PICTURE)}`);
    return standing === "exhausted" || evidence.failed.size > 0 ? EXIT.incomplete : EXIT.done;
  }

  /** How to go on with this thread. */
  private command(): string {
    const store = this.options.store === DEFAULT_STORE ? "" : ` --store ${quoted(this.options.store)}`;
    return `npm run demo -- ${quoted(this.root)} --thread ${quoted(this.thread)}${store}`;
  }
}

/** A word for a shell. */
const quoted = (word: string): string => (/^[\w./:@%+=-]+$/.test(word) ? word : `'${printable(word).replaceAll("'", `'\\''`)}'`);

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  return printable(error instanceof Error ? error.message : String(error));
}
