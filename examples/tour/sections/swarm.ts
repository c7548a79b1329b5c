import { agent, handoff, swarm } from "phasegraph";
import { byType } from "../project.js";
import type { SectionOf } from "../section.js";

export const swarmSection: SectionOf = ({ files }) => {
  const types = byType(files).slice(0, 3);
  const idOf = (type: string): string => type.slice(1).replaceAll(/[^\w-]/g, "_") || "plain";
  const experts = types.map(([type, known]) =>
    agent({
      id: idOf(type),
      description: `Knows the ${type} files`,
      run: (turn) => {
        const [path] = /\S+$/.exec(turn.handover?.summary ?? "") ?? [];
        const file = known.find((candidate) => candidate.path === path);
        return file === undefined
          ? `I know ${known.length} files, and that is none of them.`
          : `${file.path} begins: ${file.text.trim().split("\n", 1).join()}`;
      },
    }),
  );
  const asked = types.at(-1)?.[1][0] ?? files[0];
  return {
    pattern: "swarm",
    says: "whoever can answer takes over, and has the next word too",
    orchestration: swarm({
      name: "desk",
      agents: [
        agent({
          id: "reception",
          run: (turn) => {
            const expert = turn.handoffs().find(({ agent: id }) => id === idOf(asked?.type ?? ""));
            return expert === undefined ? "Nobody here knows." : handoff(expert.target, { summary: turn.messages.at(-1)?.text ?? "" });
          },
        }),
        ...experts,
      ],
    }),
    input: `How does it begin: ${asked?.path}`,
    outcome: (state) => [state.messages.at(-1)?.text ?? "", `the next message goes to: ${state.control.waiting.join()}`],
  };
};
