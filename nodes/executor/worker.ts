import { HumanMessage, type BaseMessage } from "@langchain/core/messages";
import type { Agent, Place, Result, Runner, Turn } from "../../src/agent/agent.js";
import { taskBudget } from "../../src/agent/budget.js";
import type { Journal } from "../../src/agent/work.js";
import type { TaskRecord } from "../../src/agent/task.js";
import { untilAborted } from "../../src/base/abort.js";
import { after } from "../../src/base/clock.js";
import { IllegalTransitionError, InvalidRequestError, StepTimeoutError, UnknownAgentError } from "../../src/base/errors.js";
import { jsonIssue } from "../../src/base/json.js";
import type { InnerGraph } from "../../src/compile/inside.js";
import { BUDGET } from "../../src/compile/phase-node.js";
import { saverOf } from "../../src/langgraph/config.js";
import { ChildThreads } from "./child.js";
import type { TaskEnd } from "./flight.js";
import type { Task } from "../../src/planning/plan.js";

/** One run of one task. */
export interface Assignment<State> {
  readonly task: Task;
  /** What the tasks it depends on came to. */
  readonly before: readonly TaskRecord[];
  /** How a task is called where its result is read. */
  readonly labelOf: (task: string) => string;
  /** The newest turn of the phase: its budget is the one that counts. */
  readonly turn: () => Turn<State>;
  readonly controller: AbortController;
  /** A person's answers to what the task asked, by question. */
  readonly answers: Readonly<Record<string, unknown>> | undefined;
  /** The part of the namespace it is stored under: this task in this stay, with what it builds on. */
  readonly work: string;
  /** What is said on the way, for whoever is told when the task fails. */
  readonly journal: Journal;
  /** False when no thread of that name can be there yet. */
  readonly mayBeKnown: boolean;
}

const MAX_DATA_BYTES = 1_048_576;

/** The workers of a phase: functions, which run as they are, and all others, which run in threads of their own. */
export class Workforce<State> {
  private readonly workers: ReadonlyMap<string, (assignment: Assignment<State>) => Promise<TaskEnd>>;
  /** What tasks run in by themselves, by worker: those of functions in nothing. */
  readonly graphs: ReadonlyMap<string, InnerGraph>;
  private readonly withModel: ReadonlySet<string>;
  readonly ids: ReadonlySet<string>;
  readonly first: string;

  constructor(
    workers: readonly Agent<string, State>[],
    place: Place,
    private readonly timeout: number,
  ) {
    this.ids = new Set(workers.map((worker) => worker.id));
    this.first = workers[0]?.id ?? "";
    const runs = workers.map((worker) => [worker, worker.node({ ...place, agent: worker.id })] as const);
    const threads = new Map(
      runs.flatMap(([worker, { plain, brief }]) => {
        const own = worker as Agent; // the child's own state is its own
        return plain === true ? [] : [[worker.id, new ChildThreads(own, brief === true, place.options)] as const];
      }),
    );
    this.graphs = new Map([...threads].map(([id, { graph }]) => [id, graph]));
    this.workers = new Map(runs.map(([worker, { run }]) => [worker.id, workOf(worker, run, threads.get(worker.id))]));
    this.withModel = new Set(runs.flatMap(([{ id }, { callsModel }]) => (callsModel === true ? [id] : [])));
  }

  /** Whether what the worker of a task does is stored by itself. */
  stores(task: Task, { config }: Turn<State>): boolean {
    return this.graphs.has(task.agent ?? this.first) && saverOf(config) !== undefined;
  }

  /** Whether a task is certain to call a model. */
  callsModel(task: Task): boolean {
    return this.withModel.has(task.agent ?? this.first);
  }

  async run(assignment: Assignment<State>): Promise<TaskEnd> {
    const agent = assignment.task.agent ?? this.first;
    const work = this.workers.get(agent);
    if (work === undefined) throw new UnknownAgentError(agent, [...this.ids]);
    return this.inTime(agent, assignment, () => work(assignment));
  }

  /** Ends with the work, or with the abort: also when the work does not listen. */
  private async inTime<T>(agent: string, { controller, turn }: Assignment<State>, work: () => Promise<T>): Promise<T> {
    const late = (): void => controller.abort(new StepTimeoutError(agent, this.timeout, "timeout"));
    const takeBack = after(turn().clock, this.timeout, late);
    try {
      return await untilAborted(controller.signal, work);
    } finally {
      takeBack();
    }
  }
}

function workOf<State>(
  worker: Agent<string, State>,
  run: Runner<State>,
  threads: ChildThreads | undefined,
): (assignment: Assignment<State>) => Promise<TaskEnd> {
  if (threads === undefined) return async (assignment) => endOf(worker.id, await run(turnFor(assignment, worker.id)));
  return (assignment) => {
    const { task, controller, answers, work, journal, mayBeKnown } = assignment;
    const { signal } = controller;
    return threads.run({ turn: turnFor(assignment, worker.id) as Turn, task: task.id, signal, answers, work, journal, mayBeKnown });
  };
}

/** What a worker sees: its task and what that builds on. Not the transcript of the phase, nor the chart around it. */
function turnFor<State>({ task, before, labelOf, turn, controller }: Assignment<State>, agent: string): Turn<State> {
  const outer = turn();
  const common = sharedBy(outer, turn);
  let messages: BaseMessage[] | undefined;
  return {
    ...common,
    agent,
    get messages() {
      return (messages ??= [taskMessage(outer.phase, task, before, labelOf)]);
    },
    results: before.length === 0 ? NO_RESULTS : Object.fromEntries(before.map((record) => [record.task, resultOf(record)])),
    task,
    config: { ...common.config, signal: controller.signal },
  };
}

const shared = new WeakMap<object, unknown>();

/** What the tasks that begin in one turn of the phase have in common; made once for each turn. `newest` is the phase's turn by then. */
function sharedBy<State>(outer: Turn<State>, newest: () => Turn<State>): Turn<State> {
  const made = shared.get(outer) as Turn<State> | undefined; // kept by the turn it was made of
  if (made !== undefined) return made;
  const budget = taskBudget(() => newest().budget);
  const turn: Turn<State> = {
    ...outer,
    handover: undefined,
    waits: false,
    legal: () => [],
    can: () => false,
    refusal: () => "the worker of a task sends no events",
    handoffs: () => [],
    budget,
    config: BUDGET.with(outer.config, budget),
  };
  shared.set(outer, turn);
  return turn;
}

const NO_RESULTS: Turn["results"] = Object.freeze({});

function taskMessage(phase: string, task: Task, before: readonly TaskRecord[], labelOf: (task: string) => string): BaseMessage {
  const built = before.flatMap(({ task: id, content }) =>
    content === undefined || content === "" ? [] : [`[Result of ${labelOf(id)}]\n${content}`],
  );
  return new HumanMessage({ content: [task.input, ...built].join("\n\n"), id: `${phase}/${task.id}` });
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
