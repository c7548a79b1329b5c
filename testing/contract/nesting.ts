import { deepEqual, equal, ok } from "node:assert/strict";
import { Command, interrupt } from "@langchain/langgraph";
import { parallel } from "../../graphs/parallel.js";
import { sequential } from "../../graphs/sequential.js";
import { reply } from "../../src/agent/outcome.js";
import type { Agent } from "../../src/agent/agent.js";
import type { BaseState } from "../../src/state/schema.js";
import type { Control } from "../../src/statechart/control.js";
import { inputOf, staffedPhases } from "../drive.js";
import { KillableSaver } from "../killable-saver.js";
import { playTurn } from "../play-script.js";
import { scripted } from "../scripted-agent.js";
import { longestRest } from "./rests.js";
import type { Subject } from "./subject.js";

const CONFIG = { configurable: { thread_id: "nested" } };
const MAX_QUESTIONS = 50;

/**
 * Inside a branch inside a sequence it comes to the same end as alone, though each of its turns first asks a question that is
 * answered in a new process; and what had finished beside it is not run again.
 */
export async function nests(subject: Subject): Promise<void> {
  const alone = await longestRest(subject);
  const { orchestration, options } = subject;
  const { chart } = orchestration;
  const part = { chart, script: alone.script, staffed: staffedPhases(orchestration), options };
  const inner = scripted(orchestration, (turn) => {
    equal(interrupt(`May ${turn.phase} go on?`), `yes, ${turn.phase}`);
    return playTurn(part, turn);
  });
  const runs = { beside: 0, after: 0 };
  const counted = (id: keyof typeof runs): Agent<string> => ({
    id: `contract-${id}`,
    node: () => ({
      run: async () => {
        runs[id] += 1;
        return reply(id);
      },
    }),
  });
  const middle = parallel({ name: "contract-middle", branches: [inner, counted("beside")], onFailure: "stop" });
  const outer = sequential({ name: "contract-outer", agents: [middle, counted("after")] });
  const saver = new KillableSaver();
  let input: Parameters<ReturnType<typeof outer.compile>["stream"]>[0] = inputOf(undefined);
  let nested: Control | undefined;
  let root: BaseState | undefined;
  for (let asked = 0; ; asked += 1) {
    ok(asked <= MAX_QUESTIONS, "the questions come to an end");
    const questions: { readonly id?: string; readonly value?: unknown }[] = [];
    const stream = await outer
      .compile({ checkpointer: saver, durability: "sync" })
      .stream(input, { ...CONFIG, subgraphs: true, streamMode: ["values"] });
    for await (const chunk of stream) {
      const [namespace, , values] = chunk as unknown as [string[], string, BaseState & { __interrupt__?: typeof questions }]; // what these options make of a chunk
      if (namespace.length === 0) questions.push(...(values.__interrupt__ ?? []));
      if (values.control === undefined) continue;
      if (namespace.length === 0) root = values;
      if (values.control.chart.name === chart.name) nested = values.control;
    }
    if (questions.length === 0) break;
    const answers = questions.map(({ id, value }) => [id, /^May (.*) go on\?$/.exec(String(value))?.[1]] as const);
    input = new Command({ resume: Object.fromEntries(answers.map(([id, phase]) => [id, `yes, ${phase}`])) });
  }
  const { value, context, done, waiting, seq } = alone.control;
  deepEqual(nested && pick(nested), { value, context, done, seq }, "nested, it comes to the same end as alone");
  // the stream has it as it is stored: without those who ask, and phases where nobody works
  ok(
    nested?.waiting.every((phase) => waiting.includes(phase)),
    "nested, nobody waits who does not wait alone",
  );
  equal(root?.control.done, true, "those around it come to their end");
  deepEqual(runs, { beside: 1, after: 1 }, "what stands beside and after it runs once");
}

const pick = ({ value, context, done, seq }: Control) => ({ value, context, done, seq });
