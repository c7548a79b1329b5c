import { z } from "zod";
import type { Agent, Turn } from "../src/agent/agent.js";
import { reply } from "../src/agent/outcome.js";
import { InvalidDefinitionError } from "../src/base/errors.js";
import { each, maybe, number, oneOf, record, readForm, shape, text } from "../src/base/form.js";
import { decompose, type DecompositionStrategy } from "../src/planning/decompose.js";
import { readPlan, type Task } from "../src/planning/plan.js";
import type { Candidate } from "../src/planning/suggest.js";
import { agent } from "./agent.js";
import { MODEL, type ChatModel } from "./chat-model.js";

/** An agent whose data is a plan. */
export interface PlannerDefinition<Id extends string> {
  readonly id: Id;
  readonly description?: string;
  /** Who carries the plan out. */
  readonly workers: readonly Candidate[];
  /** Default `"parallel"`: tasks wait for each other only where one needs another's result. */
  readonly strategy?: DecompositionStrategy;
  /** Writes the plan. Without one the text itself is taken apart, as `decompose` does. */
  readonly model?: ChatModel;
  /** Said to the model before the rules of a plan. */
  readonly prompt?: string;
  /** Default 100. */
  readonly maxTasks?: number;
}

const DEFINITION = shape<PlannerDefinition<string>>({
  id: text,
  description: maybe(text),
  workers: each(record),
  strategy: maybe(oneOf("sequential", "parallel", "hierarchical")),
  model: maybe(MODEL),
  prompt: maybe(text),
  maxTasks: maybe(number),
});

const HOW: Readonly<Record<DecompositionStrategy, string>> = {
  sequential: "Each task builds on the one before it: give it in dependsOn.",
  parallel: "Tasks run at the same time unless dependsOn says that one needs the result of another; say so only where it is true.",
  hierarchical:
    "Divide the work into parts and these into tasks; the task that puts a part together depends on its tasks, and one last task on all parts.",
};

/** An agent that turns what the user wants into `{ tasks }`. A model is told what is wrong with a plan that cannot be carried out. */
export function planner<const Id extends string>(given: PlannerDefinition<Id>): Agent<Id> {
  const definition = readForm("Planner", given, DEFINITION);
  const { id, description = "Makes the plan", workers, strategy = "parallel", model, maxTasks = 100 } = definition;
  if (model === undefined) {
    return agent({
      id,
      description,
      run: (turn) => {
        const tasks = decompose(lastWords(turn), strategy, { candidates: workers, maxTasks });
        return reply(summaryOf(tasks), { data: { tasks } });
      },
    });
  }
  const team = workers.map((worker) => `- ${worker.id}: ${worker.description ?? worker.capabilities?.join(", ") ?? "no description"}`);
  const rules = `Plan the work for this team; at most ${maxTasks} tasks.\n${team.join("\n")}\n${HOW[strategy]}\nA worker sees its task and the results of the tasks it depends on, nothing else.`;
  const prompt = definition.prompt === undefined ? rules : `${definition.prompt}\n\n${rules}`;
  return agent({
    id,
    description,
    model,
    prompt,
    output: planSchema(
      workers.map((worker) => worker.id),
      maxTasks,
    ),
    decide: ({ tasks }) => reply(summaryOf(tasks), { data: { tasks } }),
  });
}

const lastWords = (turn: Turn): string => turn.messages.findLast((message) => message.getType() === "human")?.text ?? "";

const summaryOf = (tasks: readonly Task[]): string => `A plan of ${tasks.length} ${tasks.length === 1 ? "task" : "tasks"}.`;

/** What a plan of a model has to be: workers there are, dependencies there are, no cycle. */
export const planSchema = (workers: readonly string[], maxTasks: number) =>
  z
    .object({
      tasks: z
        .array(
          z.object({
            id: z.string().min(1).max(64).describe("short and unique, such as t1"),
            input: z.string().min(1).describe("all the worker needs to know"),
            agent: z.enum(workers).describe("who does it"),
            dependsOn: z.array(z.string()).default([]).describe("ids of the tasks whose results it needs"),
            estimate: z.number().positive().default(1).describe("how long it takes, compared with the other tasks"),
          }),
        )
        .min(1)
        .max(maxTasks),
    })
    .superRefine(({ tasks }, context) => {
      for (const message of planProblems(tasks, new Set(workers))) context.addIssue({ code: "custom", path: ["tasks"], message });
    });

function planProblems(tasks: readonly Task[], workers: ReadonlySet<string>): string[] {
  try {
    readPlan("The plan", tasks, workers);
    return [];
  } catch (error) {
    if (error instanceof InvalidDefinitionError) return error.issues.map((issue) => `${issue.path}: ${issue.message}`); // our own class: thrown just above
    throw error;
  }
}
