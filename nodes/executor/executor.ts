import { isGraphBubbleUp } from "@langchain/langgraph";
import { AGENT_ID, type Agent, type Turn } from "../../src/agent/agent.js";
import { agents as agentList } from "../../src/agent/agent-rule.js";
import type { Outcome } from "../../src/agent/outcome.js";
import { JOURNAL, Journal } from "../../src/agent/work.js";
import { isSettled, taskKey, tasksOf, type TaskRecord, type TaskUpdates } from "../../src/agent/task.js";
import { InvalidDefinitionError, InvalidRequestError, TaskFailedError, type Issue } from "../../src/base/errors.js";
import {
  anything,
  callable,
  everyValue,
  maybe,
  number,
  oneOf,
  record,
  readForm,
  shape,
  text,
  type Form,
  type Rule,
} from "../../src/base/form.js";
import { isPlainObject, jsonIssue } from "../../src/base/json.js";
import { notAwaited } from "../../src/base/listener.js";
import { soundError } from "../../src/base/shown-error.js";
import { RUN } from "../../src/compile/run.js";
import { placeInThread, partOfWork } from "../../src/langgraph/inner-thread.js";
import { keyOf, partsOf } from "../../src/langgraph/namespace.js";
import { isResuming, threadOf } from "../../src/langgraph/config.js";
import { outsideNode } from "../../src/langgraph/outside.js";
import { entryKey } from "../../src/statechart/entries.js";
import { PLAN_STOPPED, type Cancellation } from "./cancellation.js";
import { Flight } from "./flight.js";
import { readPlan, type Plan, type Task } from "../../src/planning/plan.js";
import { digest, Identities, knownOf } from "./identity.js";
import { asking, Questions } from "./questions.js";
import { withWhatWasDone } from "./what-was-done.js";
import { Workforce } from "./worker.js";

/** Runs any number of tasks: bounded, with dependencies, isolated from each other, resumed after a crash. */
export interface ExecutorDefinition<Id extends string, State> {
  readonly id: Id;
  readonly description?: string;
  /** Who does the work. A task names its worker, or is done by the first. */
  readonly workers: readonly Agent<string, State>[];
  /** The plan, made from what the turn shows. Called again when the run is resumed: the same state has to give the same tasks. */
  readonly tasks: (turn: Turn<State>) => readonly Task[] | Promise<readonly Task[]>;
  /**
   * What stays the same as long as results of earlier visits of the phase may be taken over, such as the first plan of several.
   * Default: nothing does, each visit has its own.
   */
  readonly visit?: (turn: Turn<State>) => string;
  /** Sums up completed tasks as they come, in the plan's order; the value so far is the phase's `data`, and the one at the end with it. */
  readonly fold?: Fold;
  /** What follows when every task is settled. Default: a reply with the completed tasks' words, in the plan's order. */
  readonly done?: (turn: Turn<State>, records: readonly TaskRecord[]) => Outcome<State> | Promise<Outcome<State>>;
  /** Tasks at once. Default 16. */
  readonly concurrency?: number;
  /** Tasks at once by worker; a worker that is not named has no limit of its own. */
  readonly perAgent?: Readonly<Record<string, number>>;
  /** Milliseconds for one run of a task; waiting for a person does not count. Default 300,000. */
  readonly timeout?: number;
  /** Further runs of a task that failed. Default 0. */
  readonly retries?: number;
  /** Milliseconds before another run. Default: 200, doubled each time, at most 10,000. */
  readonly backoff?: (attempt: number) => number;
  /**
   * `"skip"` (default): tasks that depend on a failed one are skipped, all others go on. `"stop"`: the first failure ends the plan with
   * an error; the next run of the phase does again what failed and what was stopped with it.
   */
  readonly onFailure?: "skip" | "stop";
  /** Milliseconds between two returns of what has finished: what a crash may cost. Default 250. */
  readonly flush?: number;
  /** Lets this process stop tasks of plans at work in it. */
  readonly cancellation?: Cancellation;
}

/** How a fan-out may be carried out, in every pattern that has one. */
export const LIMITS_FORM: Form<ExecutorLimits> = {
  concurrency: maybe(number),
  perAgent: maybe(everyValue(number)),
  timeout: maybe(number),
  retries: maybe(number),
  backoff: maybe(callable),
  onFailure: maybe(oneOf("skip", "stop")),
  flush: maybe(number),
  cancellation: maybe(record),
};
export const FOLD: Rule = shape<Fold>({ initial: anything, step: callable });

/** A value made from the completed tasks one after another; plain JSON. */
export interface Fold {
  readonly initial: unknown;
  readonly step: (value: unknown, record: TaskRecord) => unknown;
}

/** How a fan-out is carried out: what patterns that have one pass on. */
export type ExecutorLimits = Pick<
  ExecutorDefinition<string, never>,
  "concurrency" | "perAgent" | "timeout" | "retries" | "backoff" | "onFailure" | "flush" | "cancellation"
>;

/** The limits among a pattern's options, those that were given. */
export function limitsOf(options: ExecutorLimits): ExecutorLimits {
  const { concurrency, perAgent, timeout, retries, backoff, onFailure, flush, cancellation } = options;
  const given = Object.entries({ concurrency, perAgent, timeout, retries, backoff, onFailure, flush, cancellation });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

const MAX_DATA_BYTES = 1_048_576;
const DEFAULTS = { concurrency: 16, timeout: 300_000, retries: 0, flush: 250 } as const;
const defaultBackoff = (attempt: number): number => Math.min(200 * 2 ** (attempt - 1), 10_000);

const DEFINITION = shape<ExecutorDefinition<string, never>>({
  ...LIMITS_FORM,
  id: text,
  description: maybe(text),
  workers: agentList,
  tasks: callable,
  visit: maybe(callable),
  fold: maybe(FOLD),
  done: maybe(callable),
});

/**
 * A phase that carries out a plan. It keeps work in flight across supersteps and returns, with the event `PROGRESS`, what has finished;
 * the chart has to lead `PROGRESS` back to the phase. Functions run as they are, every other worker in a thread of its own.
 * @throws InvalidDefinitionError for a bad limit, no worker, or an id that is none.
 */
export function executor<const Id extends string, State = object>(given: ExecutorDefinition<Id, State>): Agent<Id, State> {
  const definition = readForm("Executor", given, DEFINITION);
  const issues = definitionIssues(definition);
  if (issues.length > 0) throw new InvalidDefinitionError(`Executor "${definition.id}"`, issues);
  return {
    id: definition.id,
    description: definition.description,
    members: definition.workers.map((worker) => {
      const most = Math.min(definition.perAgent?.[worker.id] ?? Infinity, definition.concurrency ?? DEFAULTS.concurrency);
      return { agent: worker, as: "worker", most };
    }),
    node: (place) => {
      const workforce = new Workforce<State>(definition.workers, place, definition.timeout ?? DEFAULTS.timeout);
      const open = new WeakMap<object, Mission<State>>();
      return {
        workers: workforce.graphs,
        run: async (turn) => {
          const run = RUN.of(turn.config) as AbortSignal; // set for every run of an orchestration
          const known = open.get(run);
          const mission = known?.belongsTo(turn) === true ? known : await Mission.open(definition, turn, workforce);
          if (mission !== known) known?.end();
          if (known === undefined) run.addEventListener("abort", () => open.get(run)?.end(), { once: true });
          open.set(run, mission);
          return mission.go(turn);
        },
      };
    },
  };
}

/** One plan on its way, for as long as the run lasts. */
class Mission<State> {
  private readonly order: readonly string[];
  private summed = 0;
  private fault: { readonly error: unknown } | undefined;
  private isEnded = false;
  private readonly questions = new Questions();
  private forget: (() => void) | undefined;
  private value: unknown;

  private constructor(
    private readonly definition: ExecutorDefinition<string, State>,
    plan: Plan,
    private readonly flight: Flight,
    private readonly workforce: Workforce<State>,
    private turn: Turn<State>,
    private readonly answers: Map<string, Readonly<Record<string, unknown>>>,
    private stale: readonly string[],
  ) {
    this.value = definition.fold?.initial;
    this.order = [...plan.tasks.keys()];
  }

  static async open<State>(
    definition: ExecutorDefinition<string, State>,
    turn: Turn<State>,
    workforce: Workforce<State>,
  ): Promise<Mission<State>> {
    const entry = turn.control.entries?.[turn.phase];
    const isNew = entry?.turn === turn.control.turn && !isResuming(turn.config);
    // a worker that is gone since is a matter of its tasks; of the plan, while it is new
    const plan = readPlan(`The plan of "${definition.id}"`, await definition.tasks(turn), isNew ? workforce.ids : undefined);
    const answers = new Map<string, Readonly<Record<string, unknown>>>();
    const labelOf = (id: string): string => plan.tasks.get(id)?.label ?? id;
    const agentOf = (task: Task): string => task.agent ?? workforce.first;
    const stored = stillKnown(definition, tasksOf(turn.tasks, turn.phase, turn.control.episode));
    const visit = definition.visit?.(turn) ?? entry?.visit ?? "";
    const identities = new Identities(visit, agentOf);
    const known = knownOf(plan, stored, identities);
    const workOf = (task: Task, identity: string): string => partOfWork(agentOf(task), task.id, digest([`${entryKey(entry)}/${identity}`]));
    const flight: Flight = new Flight(
      {
        plan,
        phase: turn.phase,
        episode: turn.control.episode,
        clock: turn.clock,
        concurrency: definition.concurrency ?? DEFAULTS.concurrency,
        perAgent: definition.perAgent ?? {},
        agentOf,
        identityOf: (task, status, records) => identities.of(task, status, records),
        namespaceOf: (task, identity) => (workforce.stores(task, turn) ? within(turn, workOf(task, identity)) : undefined),
        retries: definition.retries ?? DEFAULTS.retries,
        backoff: definition.backoff ?? defaultBackoff,
        onFailure: definition.onFailure ?? "skip",
        flush: definition.flush ?? DEFAULTS.flush,
        run: async (task, controller) => {
          if (!begun.has(task.id)) mission.turn.budget.spend("tasks");
          begun.add(task.id);
          const given = answers.get(task.id);
          answers.delete(task.id);
          const before = (task.dependsOn ?? []).flatMap((id) => flight.record(id) ?? []);
          const mayBeKnown = !isNew || given !== undefined || (flight.record(task.id)?.attempts ?? 0) > 1;
          const journal = journals.get(task.id) ?? opened(task.id);
          const work = workOf(task, flight.record(task.id)?.identity ?? "");
          const rest = { controller, answers: given, work, journal, mayBeKnown, labelOf };
          const end = await workforce.run({ task, before, turn: () => mission.turn, ...rest });
          if (end.questions === undefined) journals.delete(task.id);
          return end;
        },
        told: (task, reason) => withWhatWasDone(reason, journals.get(task.id)?.said ?? []),
      },
      known,
    );
    const journals = new Map<string, Journal>();
    const opened = (task: string): Journal => {
      const journal = new Journal();
      journals.set(task, journal);
      JOURNAL.of(turn.config)?.add(journal); // of the task around, where this plan is part of one
      return journal;
    };
    const begun = new Set([...plan.tasks.keys()].filter((id) => flight.record(id) !== undefined));
    const toBegin = [...plan.tasks.values()].filter(({ id }) => !begun.has(id));
    turn.budget.require("modelCalls", toBegin.filter((task) => workforce.callsModel(task)).length, toBegin.length);
    const mission: Mission<State> = new Mission(definition, plan, flight, workforce, turn, answers, gone(turn, known));
    const thread = String(threadOf(turn.config) ?? "");
    mission.forget = definition.cancellation?.add(thread, { cancel: (task) => flight.cancelTask(task) });
    outsideNode(() => flight.start());
    return mission;
  }

  belongsTo(turn: Turn<State>): boolean {
    return stayOf(turn) === stayOf(this.turn) && !this.isEnded;
  }

  end(): void {
    this.forget?.();
    this.flight.cancel();
  }

  /** One superstep: waits for news, hands them over, and says whether there is more to come. */
  async go(turn: Turn<State>): Promise<Outcome<State>> {
    this.turn = turn;
    for (;;) {
      await this.flight.enough();
      const { questions } = this.flight;
      if (questions !== undefined) {
        for (const [task, answer] of this.questions.answers(turn as Turn, questions)) this.answers.set(task, answer);
        if (this.answers.size === 0 && !this.flight.asksUnseen) throw asking(questions);
        outsideNode(() => this.flight.resume([...this.answers.keys()]));
        if (this.answers.size > 0) continue;
      }
      const folded = this.fold();
      if (this.fault !== undefined && !this.flight.isOver) continue; // what it stopped comes to its end first
      const news = this.flight.take();
      const records = news.map((record) => [taskKey(record.phase, record.task), record] as const);
      const tasks: TaskUpdates = { ...Object.fromEntries(this.stale.map((key) => [key, null])), ...Object.fromEntries(records) };
      const isDone = this.flight.isOver && this.flight.stoppedBy === undefined && this.fault === undefined;
      const end = isDone ? await this.done(news.length > 0) : undefined;
      this.isEnded = end !== undefined;
      this.stale = [];
      if (end !== undefined) return { ...folded, ...end, tasks };
      if (news.length > 0) return { ...folded, tasks, next: { kind: "progress" } };
      if (this.flight.isOver) this.throwFailure();
    }
  }

  /** All that finished was handed over before: an error ends the phase, not what is known of its tasks. */
  private throwFailure(): void {
    const { stoppedBy } = this.flight;
    this.isEnded = true;
    if (this.fault !== undefined) throw this.fault.error;
    if (stoppedBy !== undefined)
      throw new TaskFailedError(this.definition.id, stoppedBy.task, stoppedBy.agent, stoppedBy.error?.message ?? "");
  }

  /** The sum so far as the phase's data. What the user's function throws stops the plan, as does what broke in the flight. */
  private fold(): Pick<Outcome<State>, "data"> {
    try {
      const { fault } = this.flight;
      if (fault !== undefined) throw fault.error;
      return this.definition.fold === undefined || this.fault !== undefined ? {} : { data: this.folded(this.definition.fold) };
    } catch (error) {
      if (this.fault === undefined) this.flight.stop();
      this.fault ??= { error };
      return {};
    }
  }

  /** Takes the settled tasks that follow those already summed up; what comes later waits for them. */
  private folded(fold: Fold): unknown {
    for (; this.summed < this.order.length; this.summed += 1) {
      const record = this.flight.record(this.order[this.summed] ?? "");
      if (record === undefined || !isSettled(record.status)) break;
      if (record.status === "completed") this.value = this.stepped(fold, record);
    }
    return this.value;
  }

  private stepped(fold: Fold, record: TaskRecord): unknown {
    const value = fold.step(this.value, record);
    const issue = notAwaited(value) ? "is a promise" : jsonIssue(value, MAX_DATA_BYTES);
    if (issue === undefined) return value;
    throw new InvalidRequestError(`The fold of "${this.definition.id}"`, `its value ${issue}`, "plain JSON, at once");
  }

  /** What follows when all is done; undefined when that failed and there are records to be kept first. */
  private async done(hasNews: boolean): Promise<Outcome<State> | undefined> {
    const records = this.order.flatMap((id) => this.flight.record(id) ?? []);
    if (this.definition.done === undefined) {
      const words = records.flatMap((record) => (record.status === "completed" && record.content !== undefined ? [record.content] : []));
      return { content: words.join("\n"), next: { kind: "done" } };
    }
    try {
      const end: unknown = await this.definition.done(this.turn, records);
      if (isPlainObject(end) && isPlainObject(end["next"])) return end as unknown as Outcome<State>; // made by reply(), handoff() or send()
      throw new InvalidRequestError(`"done" of "${this.definition.id}"`, "it returned no outcome", "reply(…), handoff(…) or send(…)");
    } catch (thrown) {
      const error = soundError(thrown);
      if (!hasNews || !isGraphBubbleUp(error)) this.fault = { error };
      return undefined;
    }
  }
}

/** A plan that was stopped is gone on with: what failed and what was stopped with it is done again, what was done is not. */
function stillKnown<State>(
  { onFailure }: ExecutorDefinition<string, State>,
  records: ReadonlyMap<string, TaskRecord>,
): ReadonlyMap<string, TaskRecord> {
  const isStopped = ({ status, error }: TaskRecord): boolean =>
    (status === "cancelled" && (error === undefined || error.name === PLAN_STOPPED)) || (status === "failed" && onFailure === "stop");
  return new Map([...records].filter(([, record]) => !isStopped(record)));
}

/** The whole way to a piece of work in the thread. */
const within = <State>({ config }: Turn<State>, work: string): string => keyOf([...partsOf(placeInThread(config)), work]);

/** The stay in the phase that a turn is part of. */
const stayOf = ({ control, phase }: Pick<Turn, "control" | "phase">): string => `${control.episode}/${entryKey(control.entries?.[phase])}`;

/** The phase's records that are about nothing in its plan any more, by key. */
function gone({ tasks, phase }: Pick<Turn, "tasks" | "phase">, known: ReadonlyMap<string, TaskRecord>): string[] {
  const records = Object.entries(tasks);
  return records.flatMap(([key, record]) => (record.phase === phase && known.get(record.task) !== record ? [key] : []));
}

function definitionIssues<State>(definition: ExecutorDefinition<string, State>): Issue[] {
  const numbers = { concurrency: 1, timeout: 1, retries: 0, flush: 0 } as const;
  return [
    ...(AGENT_ID.test(definition.id) ? [] : [{ path: "id", code: "BAD_NAME", message: "use letters, digits, _ and - only (at most 64)" }]),
    ...(definition.workers.length > 0 ? [] : [{ path: "workers", code: "NO_AGENTS", message: "give at least one worker" }]),
    ...Object.entries(numbers).flatMap(([key, low]) => {
      const value = definition[key as keyof typeof numbers];
      const isFine = value === undefined || (Number.isInteger(value) && value >= low);
      return isFine ? [] : [{ path: key, code: "BAD_LIMIT", message: `must be a whole number from ${low} up, not ${value}` }];
    }),
  ];
}
