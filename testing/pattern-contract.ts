import { everyValue, maybe, requireForm, shape, text } from "../src/base/form.js";
import type { Orchestration } from "../src/compile/orchestration.js";
import type { Fields } from "../src/state/schema.js";
import { allDriven, drawn, edgeChecks, pictured } from "./contract/edges.js";
import { remembered } from "./contract/early-ends.js";
import { survived } from "./contract/kills.js";
import { nests } from "./contract/nesting.js";
import { refused } from "./contract/refusals.js";
import type { Check, Subject } from "./contract/subject.js";
import { saysForWhom } from "./contract/waits.js";
import { endsOnce } from "./contract/terminal.js";
import { staffedPhases } from "./drive.js";
import { everyEdge } from "./every-edge.js";
import { EXPLORE, type ExploreOptions } from "./steps.js";

/** What the contract has to know of an orchestration. */
export interface ContractOptions extends ExploreOptions {
  /** Edges that no run can take, by name (`draft —DONE→ end`), each with the reason. Default: none. */
  readonly unreachable?: Readonly<Record<string, string>>;
}

const OPTIONS = shape<ContractOptions>({ ...EXPLORE, unreachable: maybe(everyValue(text)) });

/**
 * What every orchestration must keep to, as checks for any test runner. Its agents are replaced by scripted ones, so that nothing
 * but the chart decides; no model is called.
 * @example
 * for (const check of patternContract(orchestration)) it(check.title, check.run);
 */
export function patternContract<Phase extends string, F extends Fields>(
  given: Orchestration<Phase, F>,
  options: ContractOptions = {},
): Check[] {
  requireForm("patternContract()", options, OPTIONS);
  const { unreachable = {}, ...exploring } = options;
  const orchestration = given as unknown as Orchestration; // phases and state are looked at as data here
  const staffed = staffedPhases(orchestration);
  const exploration = everyEdge(orchestration.chart, { ...exploring, staffed });
  const subject: Subject = { orchestration, exploration, options: { ...exploring, staffed } };
  const check = (title: string, run: () => void | Promise<void>): Check => ({ title, run: async () => run() });
  return [
    check("LangGraph draws the edges of the chart, no more and no fewer", () => drawn(subject)),
    check("whatever the chart can do is in its picture", () => pictured(subject)),
    check("every edge of the chart can be driven", () => allDriven(subject, unreachable)),
    ...edgeChecks(subject),
    check("an event that is illegal in a reachable state is refused, and the checkpoint keeps every byte", () => refused(subject)),
    check("a run that dies between any two writes comes to the same end as one that does not", () => survived(subject)),
    check("what was stored of a run that died is in the conversation when the next message comes", () => remembered(subject)),
    check("it works in a branch of a sequence, and its questions survive", () => nests(subject)),
    check("a run that stops says for whom, be it an answer, a message or an event", () => saysForWhom(subject)),
    check("a run ends in exactly one terminal event", () => endsOnce(subject)),
  ];
}
