import { HumanMessage } from "@langchain/core/messages";
import type { Agent, Place, Result, Turn } from "../../src/agent/agent.js";
import type { Budget } from "../../src/agent/budget.js";
import type { TaskRecord } from "../../src/agent/task.js";
import { IllegalTransitionError, InvalidRequestError, invariant, StepTimeoutError } from "../../src/base/errors.js";
import { jsonIssue } from "../../src/base/json.js";
import { BUDGET_KEY } from "../../src/compile/phase-node.js";
import { outsideNode, ChildThreads } from "./child.js";
import type { TaskEnd } from "./flight.js";
import type { Task } from "./plan.js";

/** One run of one task. */
export interface Assignment<State> {
  readonly task: Task;
  /** What the tasks it depends on came to. */
  readonly before: readonly TaskRecord[];
  /** The newest turn of the phase: its budget is the one that counts. */
  readonly turn: () => Turn<State>;
  readonly signal: AbortSignal;
  /** A person's answers to what the task asked, by question. */
  readonly answers: Readonly<Record<string, unknown>> | undefined;
}

const MAX_DATA_BYTES = 1_048_576;

/** The workers of a phase: functions, which run as they are, and all others, which run in threads of their own. */
export class Workforce<State> {
  private readonly workers: ReadonlyMap<
    string,
    (turn: Turn<State>, assignment: Assignment<State>, signal: AbortSignal) => Promise<TaskEnd>
  >;
  readonly ids: ReadonlySet<string>;
  readonly first: string;

  constructor(
    workers: readonly Agent<string, State>[],
    place: Place,
    private readonly timeout: number,
  ) {
    this.ids = new Set(workers.map((worker) => worker.id));
    this.first = workers[0]?.id ?? "";
    this.workers = new Map(
      workers.map((worker) => {
        const { plain, run } = worker.node({ ...place, agent: worker.id });
        if (plain !== true) {
          const threads = new ChildThreads(worker as Agent); // the child's own state is its own
          return [
            worker.id,
            (turn, { task, answers }, signal) => threads.run({ turn: turn as Turn, task: task.id, signal, answers }),
          ] as const;
        }
        return [worker.id, async (turn) => endOf(worker.id, await outsideNode(() => run(turn)))] as const;
      }),
    );
  }

  async run(assignment: Assignment<State>): Promise<TaskEnd> {
    const { task, signal } = assignment;
    const agent = task.agent ?? this.first;
    const work = this.workers.get(agent);
    invariant(work, `no worker "${agent}"`);
    return withTimeout(agent, this.timeout, signal, (limited) => work(turnFor(assignment, agent, limited), assignment, limited));
  }
}

/** What a worker sees: its task and what that builds on. Not the transcript of the phase, nor the chart around it. */
function turnFor<State>({ task, before, turn }: Assignment<State>, agent: string, signal: AbortSignal): Turn<State> {
  const outer = turn();
  const budget: Budget = { spend: (...spent) => turn().budget.spend(...spent), used: (resource) => turn().budget.used(resource) };
  const results = Object.fromEntries(before.map((record) => [record.task, resultOf(record)]));
  const words = [task.input, ...before.flatMap((record) => (record.content ? [`[Result of ${record.task}]\n${record.content}`] : []))];
  return {
    ...outer,
    agent,
    messages: [new HumanMessage({ content: words.join("\n\n"), id: `${outer.phase}/${task.id}` })],
    results,
    handover: undefined,
    waits: false,
    task,
    legal: () => [],
    can: () => false,
    handoffs: () => [],
    budget,
    config: { ...outer.config, signal, configurable: { ...outer.config.configurable, [BUDGET_KEY]: budget } },
  };
}

const resultOf = ({ task, agent, episode, at, content = "", data }: TaskRecord): Result => ({
  agent,
  phase: task,
  episode,
  at,
  status: "ok",
  content,
  ...(data === undefined ? {} : { data }),
});

function endOf<State>(agent: string, outcome: Awaited<ReturnType<ReturnType<Agent<string, State>["node"]>["run"]>>): TaskEnd {
  const { next, content, messages, data, update } = outcome;
  if (next.kind !== "done") {
    throw new IllegalTransitionError(
      next.kind === "handoff" ? `HANDOFF.${next.to}` : next.kind,
      "task",
      [],
      `worker "${agent}" has to end its task with a reply`,
    );
  }
  if (update !== undefined && Object.keys(update).length > 0) {
    throw new InvalidRequestError(
      `Worker "${agent}"`,
      "it updates state of the thread",
      "a reply with data; the phase decides what is kept",
    );
  }
  const issue = jsonIssue(data, MAX_DATA_BYTES);
  if (issue !== undefined) throw new InvalidRequestError(`The data of worker "${agent}"`, issue, "plain JSON");
  return { content: content ?? messages?.at(-1)?.text ?? "", ...(data === undefined ? {} : { data }) };
}

async function withTimeout<T>(
  agent: string,
  milliseconds: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = (): void => controller.abort(outer.reason);
  outer.addEventListener("abort", stop, { once: true });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    controller.signal.addEventListener("abort", () => reject(controller.signal.reason as Error), { once: true });
    timer = setTimeout(() => controller.abort(new StepTimeoutError(agent, milliseconds)), milliseconds);
  });
  try {
    return await Promise.race([work(controller.signal), ended]);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener("abort", stop);
  }
}
