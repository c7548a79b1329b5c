import { isSettled, type TaskRecord, type TaskStatus, type Tokens } from "../../src/agent/task.js";
import { openAbort } from "../../src/base/abort.js";
import { after, sleep, type Clock } from "../../src/base/clock.js";
import type { Plan, Task } from "../../src/planning/plan.js";
import { Heap } from "../../src/base/heap.js";
import { notAwaited } from "../../src/base/listener.js";
import { shownError, shownValue, type ShownError } from "../../src/base/shown-error.js";
import { PLAN_CANCELLED, PLAN_STOPPED, TASK_CANCELLED } from "./cancellation.js";

/** What a run of a task came to. An error is thrown instead. */
export interface TaskEnd {
  readonly content?: string;
  readonly data?: unknown;
  readonly tokens?: Tokens;
  /** Set when the task cannot go on before a person has answered. */
  readonly questions?: readonly Question[];
}

/** Something a task asks a person: LangGraph's interrupt of its thread. */
export interface Question {
  readonly id: string;
  readonly value: unknown;
}

/** How a plan is carried out. */
export interface FlightOptions {
  readonly plan: Plan;
  readonly phase: string;
  readonly episode: number;
  readonly clock: Clock;
  readonly concurrency: number;
  readonly perAgent: Readonly<Record<string, number>>;
  readonly agentOf: (task: Task) => string;
  /** What a record is about, beyond its task's id. */
  readonly identityOf: (task: Task, status: TaskStatus, records: ReadonlyMap<string, TaskRecord>) => string;
  /** Where in the thread the worker of a task that begins keeps what it stores; undefined when nowhere. */
  readonly namespaceOf: (task: Task, identity: string) => string | undefined;
  readonly retries: number;
  /** Milliseconds before the next attempt. */
  readonly backoff: (attempt: number) => number;
  /** What a task that failed for good means for the others. */
  readonly onFailure: "skip" | "stop";
  /** Milliseconds after which a finished task is returned, however few there are. */
  readonly flush: number;
  /** Aborting the controller ends the run; with a `StepTimeoutError` it counts as a failure. */
  readonly run: (task: Task, controller: AbortController) => Promise<TaskEnd>;
  /** Why a task that had begun did not come to its end, with what it had done by then. */
  readonly told: (task: Task, reason: string) => string;
}

interface Entry {
  readonly task: Task;
  readonly order: number;
}

/**
 * A plan being carried out in this process, across supersteps: what is ready runs, as far as the limits allow; what has finished is
 * handed over in batches. Nothing here outlives the process: what was returned is in the checkpoint, the rest runs again.
 */
export class Flight {
  private readonly records: Map<string, TaskRecord>;
  private readonly ready = new Map<string, Heap<Entry>>();
  private readonly missing = new Map<string, number>();
  private readonly running = new Map<string, AbortController>();
  private readonly load = new Map<string, number>();
  /** Tasks that are known outside as begun. */
  private readonly told: Set<string>;
  private readonly asked = new Map<string, readonly Question[]>();
  private readonly order = new Map<string, number>();
  private news = new Map<string, TaskRecord>();
  private finishedNews = 0;
  private returnedAt: number;
  private failure: TaskRecord | undefined;
  private broken: { readonly error: unknown } | undefined;
  private isEnding = false;
  private wake: () => void = () => undefined;

  constructor(
    private readonly options: FlightOptions,
    known: ReadonlyMap<string, TaskRecord>,
  ) {
    const { plan, clock } = options;
    this.returnedAt = clock.now();
    this.records = new Map([...known].filter(([id]) => plan.tasks.has(id)));
    this.told = new Set(this.records.keys());
    for (const task of plan.tasks.values()) {
      this.order.set(task.id, this.order.size);
      this.missing.set(task.id, [...new Set(task.dependsOn)].filter((before) => this.statusOf(before) !== "completed").length);
    }
    for (const record of this.records.values()) if (isSettled(record.status) && record.status !== "completed") this.afterFailure(record);
    for (const task of plan.tasks.values()) if (this.missing.get(task.id) === 0 && !this.isSettled(task.id)) this.enqueue(task);
  }

  /** Begins what may begin. */
  start(): void {
    this.fill();
  }

  /** The newest record of a task; undefined while it has not begun. */
  record(task: string): TaskRecord | undefined {
    return this.records.get(task);
  }

  /** The task whose failure stopped the plan. */
  get stoppedBy(): TaskRecord | undefined {
    return this.failure;
  }

  /** What went wrong here and in no task. */
  get fault(): { readonly error: unknown } | undefined {
    return this.broken;
  }

  /** True when nothing is left to do. */
  get isOver(): boolean {
    return this.running.size === 0 && this.waitingToBegin === 0 && this.asked.size === 0;
  }

  /** Questions of tasks that cannot go on, by task; only when nothing else can go on either, and all that finished was taken. */
  get questions(): ReadonlyMap<string, readonly Question[]> | undefined {
    const isIdle = this.running.size === 0 && this.waitingToBegin === 0 && this.finishedNews === 0;
    return isIdle && this.asked.size > 0 ? this.asked : undefined;
  }

  /** Whether a task asks of which nobody outside knows that it has begun: whoever answers has to see it. */
  get asksUnseen(): boolean {
    return [...this.asked.keys()].some((task) => !this.told.has(task));
  }

  /** Records that changed since the last call. */
  take(): TaskRecord[] {
    const taken = [...this.news.values()];
    for (const { task } of taken) this.told.add(task);
    this.news = new Map();
    this.finishedNews = 0;
    this.returnedAt = this.options.clock.now();
    return taken;
  }

  /** Waits until it is worth a checkpoint: something has finished and the time is over, or nothing can go on. */
  async enough(): Promise<void> {
    const { clock, flush } = this.options;
    for (;;) {
      if (this.running.size === 0 && this.waitingToBegin === 0) return;
      const isWorth = this.finishedNews > 0 && !this.isEnding; // what is ending is handed over as a whole
      const left = this.returnedAt + flush - clock.now();
      if (isWorth && left <= 0) return;
      await this.change(isWorth ? left : undefined);
    }
  }

  /** Lets tasks that asked go on with their answers. */
  resume(tasks: Iterable<string>): void {
    for (const id of tasks) {
      const task = this.options.plan.tasks.get(id);
      if (task !== undefined && this.asked.delete(id)) this.enqueue(task);
    }
    this.fill();
  }

  /** Ends everything that runs; nothing begins any more. */
  cancel(): void {
    this.isEnding = true;
    this.ready.clear();
    for (const controller of this.running.values()) controller.abort(CANCELLED);
  }

  /** Ends the plan before its end: no task that has begun is left without an end of its own. */
  stop(): void {
    this.cancel();
    this.asked.clear();
    for (const { task: id, status, attempts } of this.records.values()) {
      const task = this.options.plan.tasks.get(id);
      if (task !== undefined && status === "in_progress" && !this.running.has(id)) this.noteStopped(task, attempts);
    }
    this.wake();
  }

  /** Stops a task for good, or every one that is not settled; what depends on it is skipped. */
  cancelTask(id: string | undefined): boolean {
    const found = [...this.options.plan.tasks.values()].filter((task) => (id === undefined || task.id === id) && !this.isSettled(task.id));
    const name = id === undefined ? PLAN_CANCELLED : TASK_CANCELLED;
    for (const task of found) {
      if (this.isSettled(task.id)) continue; // skipped by one before it
      const { attempts = 0 } = this.records.get(task.id) ?? {};
      this.asked.delete(task.id);
      this.running.get(task.id)?.abort(CANCELLED);
      const record = this.note(task, { status: "cancelled", attempts, error: this.why(task, name, "It was cancelled.") });
      if (id !== undefined) this.afterFailure(record);
    }
    this.wake();
    return found.length > 0;
  }

  private get waitingToBegin(): number {
    let count = 0;
    for (const queue of this.ready.values()) count += queue.size;
    return count;
  }

  private statusOf = (task: string): TaskStatus | undefined => this.records.get(task)?.status;

  private isSettled(task: string): boolean {
    const status = this.statusOf(task);
    return status !== undefined && isSettled(status);
  }

  private enqueue(task: Task): void {
    if (this.isEnding) return;
    const agent = this.options.agentOf(task);
    const queue = this.ready.get(agent) ?? new Heap<Entry>((a, b) => this.isBefore(a, b));
    this.ready.set(agent, queue);
    queue.add({ task, order: this.order.get(task.id) ?? 0 });
  }

  private isBefore(one: Entry, other: Entry): boolean {
    const priority = (one.task.priority ?? 0) - (other.task.priority ?? 0);
    if (priority !== 0) return priority > 0;
    const rank = (this.options.plan.rank.get(one.task.id) ?? 0) - (this.options.plan.rank.get(other.task.id) ?? 0);
    return rank === 0 ? one.order < other.order : rank > 0;
  }

  private fill(): void {
    const { concurrency, perAgent } = this.options;
    while (this.running.size < concurrency) {
      let best: readonly [agent: string, entry: Entry] | undefined;
      for (const [agent, queue] of this.ready) {
        const entry = queue.peek();
        if (entry === undefined || (this.load.get(agent) ?? 0) >= (perAgent[agent] ?? Infinity)) continue;
        if (best === undefined || this.isBefore(entry, best[1])) best = [agent, entry];
      }
      if (best === undefined) return;
      this.ready.get(best[0])?.take();
      if (!this.isSettled(best[1].task.id)) this.begin(best[0], best[1].task);
    }
  }

  private begin(agent: string, task: Task): void {
    const controller = openAbort();
    const attempt = (this.records.get(task.id)?.attempts ?? 0) + 1;
    this.running.set(task.id, controller);
    this.load.set(agent, (this.load.get(agent) ?? 0) + 1);
    this.note(task, { status: "in_progress", attempts: attempt });
    void this.attempt(task, attempt, controller)
      .finally(() => {
        this.running.delete(task.id);
        this.load.set(agent, (this.load.get(agent) ?? 1) - 1);
        this.fill();
      })
      .catch((error: unknown) => (this.broken ??= { error }))
      .finally(() => this.wake());
  }

  private async attempt(task: Task, attempt: number, controller: AbortController): Promise<void> {
    try {
      const { questions, ...end } = await this.options.run(task, controller);
      if (this.isSettled(task.id)) return; // cancelled meanwhile
      if (questions === undefined) this.complete(task, attempt, end);
      else this.park(task, attempt, questions);
    } catch (error) {
      if (this.isSettled(task.id)) return; // cancelled meanwhile
      if (isCancelled(controller)) this.noteStopped(task, attempt);
      else await this.fail(task, attempt, shownError(error), controller);
    }
  }

  /** What is answered goes on, in this process or another, and counts as the same attempt. */
  private park(task: Task, attempt: number, questions: readonly Question[]): void {
    this.asked.set(task.id, questions);
    this.note(task, { status: "in_progress", attempts: attempt - 1 });
  }

  private complete(task: Task, attempts: number, end: TaskEnd): void {
    const content = end.content ?? "";
    const { data, tokens } = end;
    this.note(task, {
      status: "completed",
      attempts,
      content,
      ...(data === undefined ? {} : { data }),
      ...(tokens === undefined ? {} : { tokens }),
    });
    for (const next of new Set(this.options.plan.dependents.get(task.id))) {
      const left = (this.missing.get(next) ?? 0) - 1;
      this.missing.set(next, left);
      const dependent = this.options.plan.tasks.get(next);
      if (left === 0 && dependent !== undefined && !this.isSettled(next)) this.enqueue(dependent);
    }
  }

  private async fail(task: Task, attempt: number, error: ShownError, controller: AbortController): Promise<void> {
    const isLast = attempt > this.options.retries || this.failure !== undefined;
    const wait = isLast ? undefined : this.backoff(attempt);
    if (typeof wait !== "number") {
      const message = wait === undefined ? error.message : `${error.message} (not run again: ${wait.problem})`;
      this.afterFailure(this.note(task, { status: "failed", attempts: attempt, error: this.why(task, error.name, message) }));
      return;
    }
    await sleep(this.options.clock, wait, controller.signal);
    if (this.isSettled(task.id)) return; // cancelled meanwhile
    if (isCancelled(controller)) this.noteStopped(task, attempt);
    else this.enqueue(task);
  }

  /** The user's word for how long to wait, or what is wrong with it: then the task has failed, with the error it had. */
  private backoff(attempt: number): number | { readonly problem: string } {
    try {
      const wait: unknown = this.options.backoff(attempt);
      if (typeof wait === "number" && wait >= 0) return Math.min(wait, MAX_BACKOFF);
      if (notAwaited(wait)) return { problem: "backoff gave a promise, which is no number of milliseconds" };
      return { problem: `backoff gave ${shownValue(wait)}, which is no number of milliseconds` };
    } catch (error) {
      return { problem: `backoff threw ${shownError(error).message}` };
    }
  }

  private afterFailure(record: TaskRecord): void {
    if (this.options.onFailure === "stop" && record.status === "failed") {
      this.failure ??= record;
      this.stop();
      return;
    }
    const queue = [record.task];
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      for (const next of this.options.plan.dependents.get(id) ?? []) {
        const task = this.options.plan.tasks.get(next);
        if (task === undefined || this.isSettled(next)) continue;
        const error = { name: "DependencyFailed", message: `Task "${id}", which it depends on, was not completed.` };
        this.note(task, { status: "skipped", attempts: 0, error });
        queue.push(next);
      }
    }
  }

  private note(task: Task, news: Pick<TaskRecord, "status" | "attempts" | "content" | "data" | "error" | "tokens">): TaskRecord {
    const { phase, episode, clock, agentOf, identityOf } = this.options;
    const identity = identityOf(task, news.status, this.records);
    const begins = news.status === "in_progress";
    const namespace = begins ? this.options.namespaceOf(task, identity) : this.records.get(task.id)?.namespace;
    const place = namespace === undefined ? {} : { namespace };
    const record: TaskRecord = { task: task.id, phase, agent: agentOf(task), episode, at: clock.now(), identity, ...place, ...news };
    this.records.set(task.id, record);
    this.news.set(task.id, record);
    if (isSettled(record.status)) this.finishedNews += 1;
    return record;
  }

  private noteStopped(task: Task, attempts: number): void {
    const error = this.why(task, PLAN_STOPPED, "The plan was stopped before it was done.");
    this.note(task, { status: "cancelled", attempts, error });
  }

  private why(task: Task, name: string, reason: string): ShownError {
    return { name, message: this.options.told(task, reason) };
  }

  /** Settles at the next change, or when the time is over. */
  private async change(milliseconds: number | undefined): Promise<void> {
    let takeBack: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      if (milliseconds !== undefined) takeBack = after(this.options.clock, milliseconds, resolve);
    });
    takeBack?.();
  }
}

/** A day; what is longer is no pause between two tries. */
const MAX_BACKOFF = 86_400_000;
const CANCELLED = new Error("The plan was stopped.");
const isCancelled = ({ signal }: AbortController): boolean => signal.aborted && signal.reason === CANCELLED;
