import { InvalidRequestError } from "../base/errors.js";
import { each, maybe, number, record, requireForm, shape } from "../base/form.js";
import { estimateComplexity } from "./complexity.js";
import type { Task } from "./plan.js";
import { suggestAgent, type Candidate } from "./suggest.js";
import { stepsOf, type Step } from "./text.js";

/** How the parts of a task depend on each other. */
export type DecompositionStrategy = "sequential" | "parallel" | "hierarchical";

/** How a task is taken apart. */
export interface DecomposeOptions {
  /** Who may do the parts; each part is given to whoever suits it, or left to the executor's first worker. Default: nobody. */
  readonly candidates?: readonly Candidate[];
  /** Default 100; a text that names more steps is refused. */
  readonly maxTasks?: number;
}

const OPTIONS = shape<DecomposeOptions>({ candidates: maybe(each(record)), maxTasks: maybe(number) });

/**
 * Takes a task apart by what its text says, without a model: the steps of its lists, or its sentences. `sequential`: each part
 * after the one before. `parallel`: all at once. `hierarchical`: a part is done when its own parts are, with their results, and the
 * task itself last of all. Ids say where in the text a part stands: `2.1` is the first part of the second step.
 * @throws InvalidRequestError for a text without words, or with more steps than `maxTasks`.
 */
export function decompose(task: string, strategy: DecompositionStrategy, options: DecomposeOptions = {}): Task[] {
  requireForm("The options of decompose()", options, OPTIONS);
  const { candidates = [], maxTasks = 100 } = options;
  if (task.trim() === "") throw new InvalidRequestError("The task to decompose", "it is empty", "a text that says what to do");
  const found = stepsOf(task);
  const tasks = strategy === "hierarchical" ? tree({ text: task.trim(), parts: found.length > 1 ? found : [] }, "task") : flat(found, "");
  if (tasks.length > maxTasks) {
    throw new InvalidRequestError("The task to decompose", `it names ${tasks.length} steps`, `at most ${maxTasks} (maxTasks)`);
  }
  return tasks.map((part, index) => {
    const [best] = suggestAgent(part.input, candidates);
    const before = tasks[index - 1];
    return {
      ...part,
      ...(best === undefined ? {} : { agent: best.agent }),
      ...(strategy === "sequential" && before !== undefined ? { dependsOn: [before.id] } : {}),
      estimate: 1 + Math.round(9 * estimateComplexity(part.input).score),
    };
  });
}

/** Every step, and those it consists of instead of itself where it has any. */
function flat(steps: readonly Step[], prefix: string): Task[] {
  return steps.flatMap((step, index) => {
    const id = `${prefix}${index + 1}`;
    return step.parts.length === 0
      ? [{ id, input: step.text }]
      : flat(step.parts, `${id}.`).map((part) => ({ ...part, input: `${step.text}: ${part.input}` }));
  });
}

function tree(step: Step, id: string): Task[] {
  const children = step.parts.map((part, index) => ({ part, id: id === "task" ? String(index + 1) : `${id}.${index + 1}` }));
  const below = children.flatMap((child) => tree(child.part, child.id));
  return [...below, { id, input: step.text, ...(children.length === 0 ? {} : { dependsOn: children.map((child) => child.id) }) }];
}
