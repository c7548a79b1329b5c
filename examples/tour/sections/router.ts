import { agent, router } from "phasegraph";
import { total, type SourceFile } from "../project.js";
import type { SectionOf } from "../section.js";

export const routerSection: SectionOf = ({ files }) => {
  const isText = ({ type }: SourceFile): boolean => [".md", ".txt", ".rst"].includes(type);
  const desk = (id: string, of: readonly SourceFile[]) =>
    agent({ id, run: () => `${of.length} files, ${total(of, (file) => file.lines)} lines, the longest ${of[0]?.path ?? "none"}` });
  return {
    pattern: "router",
    says: "a message goes to whom it is addressed to, to whom has the conversation, by rule, or to the default",
    orchestration: router({
      name: "switchboard",
      agents: [
        desk("prose", files.filter(isText)),
        desk(
          "code",
          files.filter((file) => !isText(file)),
        ),
        desk("everything", files),
      ],
      about: (turn) => ({ intent: /document|prose|text/i.test(turn.messages.at(-1)?.text ?? "") ? "prose" : "code" }),
      rules: [
        { to: "prose", when: { intents: ["prose"] } },
        { to: "code", when: { intents: ["code"] } },
      ],
      default: "everything",
    }),
    input: "How much documentation is there?",
    outcome: (state) => [
      `routed by ${String((state.results["route"]?.data as { via?: string } | undefined)?.via)}`,
      state.messages.at(-1)?.text ?? "",
    ],
  };
};
