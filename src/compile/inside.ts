import type { RunnableConfig } from "@langchain/core/runnables";
import type { BaseCheckpointSaver, StateSnapshot } from "@langchain/langgraph";
import type { PhaseRun } from "../agent/agent.js";
import type { TaskRecord, TaskRecords } from "../agent/task.js";
import { saverFor, type Stored } from "./branch.js";
import { checkpointOf, saverOf, threadOf } from "../langgraph/config.js";
import { agentOfWork, insideWork, isWork } from "../langgraph/inner-thread.js";
import { keyOf, lastingNamespace, namespaceOf, partsOf } from "../langgraph/namespace.js";
import { isAtWork } from "./answers.js";

/** A graph that tasks run in, as far as others look into it. */
export interface InnerGraph {
  getState(config: RunnableConfig, options?: { readonly subgraphs?: boolean }): Promise<StateSnapshot>;
}

/** What runs inside of each phase, where that is more than its agent: graphs of its own, and those of a fan-out's tasks. */
export type Inside = ReadonlyMap<string, Pick<PhaseRun, "subgraphs" | "workers">>;

/** A graph of ours, as far as it tells what is inside. */
interface Holder {
  readonly guard?: { readonly parts: Inside };
}

/**
 * The state that a config names, with what LangGraph does not find: tasks that run in the thread by themselves, for whoever asks for
 * what is inside. `known` is LangGraph's own answer.
 */
export async function withInside(graph: Holder & Stored, config: RunnableConfig, options: Options, known: () => Promise<StateSnapshot>) {
  const saver = saverFor(graph, config);
  const work = saver === undefined ? undefined : await stateOfWork(graph, saver, config, options);
  if (work !== undefined) return work;
  return saver === undefined || options?.subgraphs !== true ? known() : withTasksInside(graph, saver, await known());
}

type Options = { readonly subgraphs?: boolean } | undefined;

/**
 * The state of a task that runs in the thread by itself, or of a graph in one, when the config's namespace leads there: LangGraph
 * knows of neither. Undefined when it leads elsewhere.
 */
async function stateOfWork(
  graph: Holder,
  saver: BaseCheckpointSaver,
  config: RunnableConfig,
  options: Options,
): Promise<StateSnapshot | undefined> {
  const parts = partsOf(lastingNamespace(namespaceOf(config)));
  const at = parts.findIndex(isWork);
  if (at < 1) return undefined;
  const worker = graphAt(graph, parts.slice(0, at - 1))
    ?.guard?.parts.get(parts[at - 1] ?? "")
    ?.workers?.get(agentOfWork(parts[at] ?? "")) as InnerGraph | undefined; // what a fan-out gives
  return worker === undefined
    ? undefined
    : stateIn(worker, saver, threadOf(config), { parts, at, checkpoint: checkpointOf(config) }, options);
}

/** Where something stands: in the piece of work that is the part `at` of the way. */
interface Way {
  readonly parts: readonly string[];
  readonly at: number;
  readonly checkpoint?: unknown;
  /** At which checkpoints the graphs around stand, where that is known. */
  readonly around?: object;
}

async function stateIn(
  worker: InnerGraph,
  saver: BaseCheckpointSaver,
  thread: unknown,
  { parts, at, checkpoint, around }: Way,
  options: Options,
): Promise<StateSnapshot> {
  const [work, rest] = [keyOf(parts.slice(0, at + 1)), parts.slice(at + 1)];
  const named = checkpoint === undefined ? {} : { checkpoint_id: checkpoint };
  const inner = { configurable: { thread_id: thread, ...insideWork(saver, work), checkpoint_ns: keyOf(rest), ...named } };
  const deeper = await stateOfWork(worker as Holder, saverOf(inner) ?? saver, inner, options);
  const graph = (graphAt(worker as Holder, rest) ?? worker) as InnerGraph; // every graph tells its state
  return asSeenFrom(deeper ?? (await graph.getState(inner, options)), work, around);
}

/** The nested graph that a way of phases leads to; undefined when there is none. */
function graphAt(graph: Holder, phases: readonly string[]): Holder | undefined {
  let holder: Holder | undefined = graph;
  for (const phase of phases) holder = holder?.guard?.parts.get(phase)?.subgraphs?.[0] as Holder | undefined; // a graph of LangGraph
  return holder;
}

/** A state that was read in a piece of work, and those inside of it, under the namespaces that they have in what is around. */
function asSeenFrom(state: StateSnapshot, work: string, around: object | undefined): StateSnapshot {
  const named = ({ configurable = {} }: RunnableConfig): RunnableConfig => {
    const { thread_id, checkpoint_id } = configurable;
    const namespace = keyOf([work, ...partsOf(namespaceOf({ configurable }))]);
    const stands = {
      ...(checkpoint_id === undefined ? {} : { checkpoint_id }),
      ...(around === undefined ? {} : { checkpoint_map: around }),
    };
    return { configurable: { thread_id, checkpoint_ns: namespace, ...stands } };
  };
  const tasks = state.tasks.map((task) => {
    if (task.state === undefined) return task;
    return { ...task, state: "values" in task.state ? asSeenFrom(task.state, work, around) : named(task.state) };
  });
  const before = state.parentConfig === undefined ? {} : { parentConfig: named(state.parentConfig) };
  return { ...state, ...before, config: named(state.config), tasks };
}

/**
 * The state of a phase that is a fan-out is that of its tasks which are under way: each stands in `tasks` under its id, with what it
 * asks and its own state.
 */
async function withTasksInside({ guard }: Holder, saver: BaseCheckpointSaver, snapshot: StateSnapshot): Promise<StateSnapshot> {
  const { tasks = {} } = snapshot.values as { readonly tasks?: TaskRecords };
  const thread = threadOf(snapshot.config);
  const path = partsOf(lastingNamespace(namespaceOf(snapshot.config)));
  const { checkpoint_map: map } = snapshot.config.configurable ?? {};
  const around = { [keyOf(path)]: checkpointOf(snapshot.config), ...(map as object | undefined) };
  const shown = snapshot.tasks.map(async (task): Promise<StateSnapshot["tasks"][number]> => {
    const workers = guard?.parts.get(task.name)?.workers;
    if (workers === undefined) return task;
    const open = Object.values(tasks).filter(({ phase, status }) => phase === task.name && status === "in_progress");
    const inside = await Promise.all(
      open.map((record) => taskInside(workers, saver, { parts: [...path, task.name], at: path.length + 1, around }, thread, record)),
    );
    const found = inside.filter((one) => one !== undefined);
    const config = { configurable: { thread_id: thread as string, checkpoint_ns: keyOf([...path, task.name]), checkpoint_map: around } };
    return found.length === 0 ? task : { ...task, state: { values: {}, next: found.map(({ id }) => id), tasks: found, config } };
  });
  return { ...snapshot, tasks: await Promise.all(shown) };
}

async function taskInside(
  workers: NonNullable<PhaseRun["workers"]>,
  saver: BaseCheckpointSaver,
  phase: Way,
  thread: unknown,
  { task: id, agent, namespace }: TaskRecord,
): Promise<StateSnapshot["tasks"][number] | undefined> {
  const worker = workers.get(agent) as InnerGraph | undefined; // what a fan-out gives
  const work = partsOf(namespace ?? "").at(-1);
  if (worker === undefined || work === undefined) return undefined;
  const state = await stateIn(worker, saver, thread, { ...phase, parts: [...phase.parts, work] }, { subgraphs: true });
  return { id, name: agent, interrupts: state.tasks.filter(isAtWork).flatMap(({ interrupts }) => interrupts), state };
}
