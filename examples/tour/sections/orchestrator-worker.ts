import { agent, orchestratorWorker, planOf, reply } from "phasegraph";
import { byType, total } from "../project.js";
import type { SectionOf } from "../section.js";

export const orchestratorWorkerSection: SectionOf = ({ files }) => {
  const types = byType(files).slice(0, 5);
  const lines = types.map(([type, of]) => ({ type: type === "" ? "none" : type, lines: total(of, (file) => file.lines) }));
  return {
    pattern: "orchestratorWorker",
    says: "a plan with dependencies, made at run time and carried out as far as it can be at once",
    orchestration: orchestratorWorker({
      name: "plan",
      planner: agent({
        id: "planner",
        run: () => {
          const counts = lines.map(({ type }, index) => ({ id: `count-${index + 1}`, agent: "counter", input: type, data: index }));
          const rank = { id: "rank", agent: "ranker", input: "Rank them.", dependsOn: counts.map((task) => task.id) };
          return reply(`${counts.length} counts, then a ranking`, { data: { tasks: [...counts, rank] } });
        },
      }),
      workers: [
        agent({ id: "counter", run: (turn) => `${lines[Number(turn.task?.data)]?.lines} lines` }),
        agent({
          id: "ranker",
          run: () =>
            [...lines]
              .sort((a, b) => b.lines - a.lines)
              .map(({ type }) => type)
              .join(" > "),
        }),
      ],
    }),
    input: "Rank the types of files by their lines.",
    outcome: (state) => {
      const plan = planOf(state);
      return [
        `${plan?.counts.completed} of ${plan?.progress.length} tasks completed, ${plan?.estimate.criticalPath.tasks.length} one after another`,
        ...(plan?.progress.map(({ task, content }) => `${task}: ${content}`) ?? []),
      ];
    },
  };
};
