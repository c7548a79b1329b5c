import { agent, hierarchical, reply } from "phasegraph";
import { byType, total, type SourceFile } from "../project.js";
import type { SectionOf } from "../section.js";

export const hierarchicalSection: SectionOf = ({ files }) => {
  const counter = (id: string, of: readonly SourceFile[]) =>
    agent({ id, run: () => reply("", { data: { [id]: { files: of.length, lines: total(of, (file) => file.lines) } } }) });
  const [[, first], ...others] = byType(files) as [[string, readonly SourceFile[]], ...[string, readonly SourceFile[]][]]; // there is a file
  const isTest = ({ path }: SourceFile): boolean => /test|spec/i.test(path);
  return {
    pattern: "hierarchical",
    says: "a main task in parts, one of them done by a team of its own; their findings become one object",
    orchestration: hierarchical({
      name: "census",
      members: [
        hierarchical({
          name: "main-type",
          aggregate: "merge",
          members: [
            counter("tests", first.filter(isTest)),
            counter(
              "sources",
              first.filter((file) => !isTest(file)),
            ),
          ],
        }),
        counter(
          "others",
          others.flatMap(([, rest]) => rest),
        ),
      ],
      aggregate: "merge",
    }),
    input: "Count tests, sources and the rest.",
    outcome: (state) => [JSON.stringify(state.results["aggregate"]?.data)],
  };
};
