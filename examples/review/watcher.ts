import type { BaseMessage } from "@langchain/core/messages";
import { addTallies, NOTHING, type Tally } from "./analysis/finding.js";
import type { Progress } from "./progress.js";
import { counted, tallyText } from "./words.js";

/** A node's start or end, as LangGraph's `tasks` stream tells it. */
export interface NodeTask {
  readonly name: string;
  readonly error?: string;
  readonly input?: { readonly control?: { readonly value: unknown } };
  readonly result?: { readonly control?: { readonly type: string; readonly reason?: unknown }; readonly messages?: readonly BaseMessage[] };
}

/** Turns the streams of a run into lines for people, and keeps who is at work. */
export class Watcher {
  private readonly working = new Map<string, { batch: number; of: number }>();
  private readonly found = new Map<string, Tally>();
  /** Who ended since somebody last began: the ones who hand over. */
  private finished: string[] = [];
  private begun = false;
  private readonly stored = new Map<string, number>();

  constructor(
    private readonly say: (agent: string, text: string) => void,
    /** On a terminal the status line shows batches; elsewhere each is a line. */
    private readonly batchesAsLines: boolean,
  ) {}

  /** Who is at work, and how far: `compiler 3/5 · complexity 2/5 · 12 errors so far`. Empty when nobody is. */
  status(): string {
    if (this.working.size === 0) return "";
    const who = [...this.working].map(([agent, { batch, of }]) => (of === 0 ? agent : `${agent} ${batch}/${of}`));
    const all = [...this.found.values()].reduce(addTallies, NOTHING);
    return [...who, ...(this.found.size === 0 ? [] : [`${tallyText(all)} so far`])].join(" · ");
  }

  progress(progress: Progress): void {
    const { agent } = progress;
    if (progress.kind === "note") return this.say(agent, progress.text);
    const { batch, of, files, found, stored } = progress;
    this.working.set(agent, { batch, of });
    this.found.set(agent, found);
    if (stored) this.stored.set(agent, (this.stored.get(agent) ?? 0) + 1);
    const source = stored ? "from the checkpoint" : `${counted(files, "file")} analysed`;
    if (this.batchesAsLines) this.say(agent, `batch ${batch} of ${of}: ${source}; ${tallyText(found)} so far`);
    else if (batch === of && this.stored.has(agent)) this.say(agent, `${this.stored.get(agent)} of ${of} batches came from the checkpoint`);
  }

  task({ name: agent, input, error, result }: NodeTask): void {
    if (result?.control?.type === "phasegraph.enter") return; // it looked whether it was its turn, and it was not
    if (result === undefined && error === undefined) return this.begins(agent, input?.control?.value);
    this.working.delete(agent);
    this.finished = this.begun ? [agent] : [...this.finished, agent];
    this.begun = false;
    const failure = error ?? failureOf(result);
    if (failure !== undefined) this.say(agent, `failed: ${failure}`);
    else if (agent !== "editor") this.say(agent, wordsOf(result)); // the editor's words are the whole report
  }

  private begins(agent: string, phase: unknown): void {
    if (typeof phase === "string" && phase !== agent) return;
    this.begun = true;
    this.working.set(agent, { batch: 0, of: 0 });
    if (this.finished.length > 0) this.say(agent, `takes over from ${this.finished.join(", ")}`);
  }
}

const failureOf = (result: NodeTask["result"]): string | undefined =>
  result?.control?.type.startsWith("FAIL") === true ? String(result.control.reason) : undefined;

const wordsOf = (result: NodeTask["result"]): string => result?.messages?.at(-1)?.text ?? "";
