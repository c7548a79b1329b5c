import { agent, broadcast, roleChain, roundRobin } from "phasegraph";
import { byType, occurrences, total, type SourceFile } from "../project.js";
import type { SectionOf } from "../section.js";

const summary = (of: readonly SourceFile[]): string => `${of.length} files, ${total(of, (file) => file.lines)} lines`;

export const roundRobinSection: SectionOf = ({ files }) => {
  const reader = (id: string) => agent({ id, run: () => `${files[0]?.path} has ${files[0]?.lines} lines` });
  return {
    pattern: "roundRobin",
    says: "the agents of a role take turns; a lite one stands in when the one whose turn it is fails",
    orchestration: roundRobin({
      name: "readers",
      roles: {
        reading: {
          agents: [
            agent({
              id: "anna",
              run: () => {
                throw new Error("Anna is ill.");
              },
            }),
            reader("ben"),
          ],
          lite: [reader("stand-in")],
        },
      },
    }),
    input: "What is the longest file?",
    outcome: (state) => [state.messages.at(-1)?.text ?? ""],
  };
};

export const roleChainSection: SectionOf = ({ files }) => ({
  pattern: "roleChain",
  says: "one role after another, each with what the role before it made",
  orchestration: roleChain({
    name: "relay",
    roles: {
      picker: {
        agents: [
          agent({
            id: "picker",
            run: () =>
              files
                .slice(0, 3)
                .map((file) => file.path)
                .join(", "),
          }),
        ],
      },
      judge: { agents: [agent({ id: "judge", run: (turn) => `of ${turn.messages.at(-1)?.text}, the first is the longest` })] },
    },
    chain: ["picker", "judge"],
  }),
  input: "Which files are long?",
  outcome: (state) => [state.messages.findLast((message) => message.getType() === "ai")?.text ?? ""],
});

export const broadcastSection: SectionOf = ({ files }) => ({
  pattern: "broadcast",
  says: "one message to everybody at once, and one answer made of theirs",
  orchestration: broadcast({
    name: "everybody",
    roles: {
      types: {
        agents: byType(files)
          .slice(0, 3)
          .map(([, of], index) => agent({ id: `type-${index + 1}`, run: () => `${of[0]?.type || "no type"}: ${summary(of)}` })),
      },
      words: { agents: [agent({ id: "words", run: () => `${total(files, (file) => occurrences(file.text, /\p{L}+/gu))} words` })] },
    },
    synthesizer: agent({
      id: "editor",
      run: ({ results }) =>
        Object.values(results)
          .flatMap(({ content }) => content || [])
          .join("; "),
    }),
  }),
  input: "What do you know?",
  outcome: (state) => [state.messages.at(-1)?.text ?? ""],
});
