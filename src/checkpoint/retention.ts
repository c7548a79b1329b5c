import { maybe, number, type Form } from "../base/form.js";
import { workIn } from "../langgraph/inner-thread.js";
import { isOfOneRun } from "../langgraph/namespace.js";

/** Which checkpoints stay. One stays when any rule given here keeps it, and always when something needs it. */
export interface RetentionRules {
  /** The newest ones of each namespace, as many as this. At least 1, which is also the default. */
  readonly keepLast?: number;
  /** Those written in the last so many milliseconds, by the time in the checkpoint. */
  readonly keepMilliseconds?: number;
}

export const RETENTION: Form<RetentionRules> = { keepLast: maybe(number), keepMilliseconds: maybe(number) };

/** What retention looks at of a checkpoint. */
export interface RetentionRow {
  readonly ns: string;
  readonly id: string;
  readonly parent: string | null;
  readonly root: string | null;
  /** How many ancestors its delta channels need; {@link AS_PARENT} when only the parent can tell. */
  readonly delta: number;
  readonly created: number;
  readonly label: string | null;
  /** Whether it holds a question that `interrupt()` asked. */
  readonly hasInterrupt: boolean;
}

/** The ids of checkpoints, and the keys of work, that a checkpoint names in its state or its pending writes; undefined when nobody can tell. */
export type NamedBy = (row: RetentionRow) => Iterable<string> | undefined;

/** `delta` of a checkpoint made by `updateState`: LangGraph does not count on there. */
export const AS_PARENT = -1;

/**
 * The checkpoints of one thread that go; `rows` are all of them, in the order in which they came. What stays beyond the rules: the newest of each namespace, named ones, those with an open
 * interrupt, the subgraph checkpoints that belong to one that stays, those that the state of one that stays names, and the ancestors from which delta channels are rebuilt.
 */
export function expendable(rows: readonly RetentionRow[], rules: RetentionRules, now: number, namedBy: NamedBy = () => []): RetentionRow[] {
  const lines = new Map<string, Map<string, RetentionRow>>();
  for (const row of rows) {
    const line = lines.get(row.ns) ?? new Map<string, RetentionRow>();
    lines.set(row.ns, line.set(row.id, row));
  }
  const kept = new Set<RetentionRow>();
  const own = [...lines].map(([ns, line]) => [ns, [...line.values()]] as const);
  const works = own.filter(([ns, line]) => isOfWork(ns, line));
  const others = own.filter(([ns, line]) => !isOfWork(ns, line));
  for (const [ns, line] of others) if (!isOfOneRun(ns)) keepLine(line, rules, now, kept);
  const roots = new Set([...kept].filter((row) => row.ns === "").map((row) => row.id));
  const belongs = ({ root }: RetentionRow): boolean => root !== null && roots.has(root);
  for (const [ns, line] of others) {
    for (const row of line) if (belongs(row)) kept.add(row);
    if (isOfOneRun(ns)) keepUnowned(line, kept);
  }
  const fresh = sinceLastStep(rows);
  for (const [, line] of works) {
    const newest = line.at(-1);
    for (const row of line) if (row.label !== null || (row === newest && (fresh.has(row) || line.some(belongs)))) kept.add(row);
  }
  keepNamed(rows, lines, namedBy, kept);
  const usesDeltas = rows.some((row) => row.delta > 0);
  // a copy: what is added on the way has its sources added with it
  if (usesDeltas) for (const row of Array.from(kept)) keepSources(row, lines.get(row.ns) ?? new Map(), kept);
  return rows.filter((row) => !kept.has(row));
}

function keepLine(line: readonly RetentionRow[], rules: RetentionRules, now: number, kept: Set<RetentionRow>): void {
  const count = Math.max(1, rules.keepLast ?? 1);
  const newestFirst = line.toReversed();
  const parents = new Set(line.map((row) => row.parent));
  for (const [rank, row] of newestFirst.entries()) {
    const isYoung = rules.keepMilliseconds !== undefined && now - row.created < rules.keepMilliseconds;
    const isOpen = row.hasInterrupt && !parents.has(row.id);
    if (rank < count || isYoung || isOpen || row.label !== null) kept.add(row);
  }
}

/** What was written since the step before the newest: it may be of tasks that the newest state does not know yet. */
function sinceLastStep(rows: readonly RetentionRow[]): ReadonlySet<RetentionRow> {
  const newest = rows.findLastIndex(({ ns }) => ns === "");
  return new Set(
    rows.slice(
      Math.max(
        0,
        rows.findLastIndex(({ ns }, index) => ns === "" && index < newest),
      ),
    ),
  );
}

/**
 * What a task of a fan-out stores in the thread, under a namespace of its own, is needed as long as the state in which it is under way.
 * Lines of earlier releases do not say to what they belong.
 */
const isOfWork = (ns: string, line: readonly RetentionRow[]): boolean => workIn(ns) !== undefined && line.every((row) => row.root !== null);

// written without LangGraph's usual metadata: nobody can tell what they belong to
function keepUnowned(line: readonly RetentionRow[], kept: Set<RetentionRow>): void {
  for (const row of line) if (row.root === null || row.label !== null) kept.add(row);
}

/**
 * The state of a nested graph is what the state around it names, and that may be older than the newest of its line: after a fork, say.
 * Where a state cannot be read, the newest of each line stays.
 */
function keepNamed(
  rows: readonly RetentionRow[],
  lines: ReadonlyMap<string, ReadonlyMap<string, RetentionRow>>,
  namedBy: NamedBy,
  kept: Set<RetentionRow>,
): void {
  const inside = new Map(rows.filter((row) => row.ns !== "" && !kept.has(row)).map((row) => [row.id, [row]]));
  if (inside.size === 0) return;
  for (const [ns, line] of lines) {
    const work = workIn(ns);
    const newest = [...line.values()].at(-1);
    if (work !== undefined && newest !== undefined) inside.set(work, [...(inside.get(work) ?? []), newest]);
  }
  // a set is walked in the order in which it grows: what is kept on the way may name more
  for (const row of kept) {
    const names = namedBy(row);
    if (names === undefined) for (const line of lines.values()) kept.add([...line.values()].at(-1) as RetentionRow); // no line is empty
    for (const name of names ?? []) for (const named of inside.get(name) ?? []) kept.add(named);
  }
}

/** LangGraph counts the steps since a delta channel was stored whole, but starts again after an `updateState`. */
function keepSources(start: RetentionRow, line: ReadonlyMap<string, RetentionRow>, kept: Set<RetentionRow>): void {
  let left = start.delta;
  let row: RetentionRow | undefined = start;
  while (row !== undefined && (left > 0 || row.delta === AS_PARENT)) {
    const isUpdate: boolean = row.delta === AS_PARENT;
    const parent: RetentionRow | undefined = row.parent === null || row.parent === row.id ? undefined : line.get(row.parent);
    if (parent === undefined) return;
    left = isUpdate ? Math.max(left - 1, parent.delta) : left - 1;
    kept.add(parent);
    row = parent;
  }
}
