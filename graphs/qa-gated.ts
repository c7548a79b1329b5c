import { HumanMessage, ToolMessage } from "@langchain/core/messages";
import { z } from "zod";
import type { Agent, Turn } from "../src/agent/agent.js";
import { anAgent } from "../src/agent/agent-rule.js";
import { reply, send, type Outcome } from "../src/agent/outcome.js";
import { InvalidDefinitionError, InvalidRequestError, type Issue } from "../src/base/errors.js";
import {
  ChangeRecord,
  Charter,
  CharterDraft,
  itemsOf,
  QaVerdict,
  readChange,
  readCharter,
  readVerdicts,
  unmetItems,
  type CharterStatus,
  type ItemVerdict,
  type RecordedChange,
} from "../src/charter/charter.js";
import { charterFrom, charterMarkdown } from "../src/charter/markdown.js";
import { callable, maybe, number, record, readForm, shape } from "../src/base/form.js";
import { orchestrate, ORCHESTRATION, type Orchestration, type OrchestrationOptions } from "../src/compile/orchestration.js";
import { collect, count, keep, put, reset, set } from "../src/statechart/data/assignments.js";
import { field, inContext } from "../src/statechart/data/context.js";
import { and, below, every, not, type GuardData } from "../src/statechart/data/guards.js";
import { FAILED } from "../src/statechart/vocabulary.js";
import type { BaseState, Fields, FieldValues } from "../src/state/schema.js";
import { adapted } from "../nodes/adapted.js";
import { agent } from "../nodes/agent.js";
import { limitIssue, machineOf, upTo } from "./machine.js";

const GATE = "(gate)";
const REPORT = "report";
const SIGNED = "(signed)";
const UNMET = "unmet";
const KEPT_RECORDS = 3;

/** Who plans, does and signs the work. */
export interface QaGatedDefinition<Id extends string, F extends Fields> extends OrchestrationOptions<F> {
  /** Writes the charter: {@link writeCharter}, a {@link CharterDraft} as data, or the charter as Markdown or JSON. Or give `charter`. */
  readonly planner?: Agent<Id, FieldValues<F>>;
  /** A charter that is there already. Give this or a planner. */
  readonly charter?: z.input<typeof CharterDraft>;
  /** Does the work and says what it changed and how that was verified: {@link recordChange}, or a {@link ChangeRecord} as data; plain words are a change that nobody verified. */
  readonly implementer: Agent<Id, FieldValues<F>>;
  /** Gives a verdict on every item: {@link sign}, or a {@link QaVerdict} as data. `REPLAN` asks the planner for another charter. Anything else signs nothing. */
  readonly qa: Agent<Id, FieldValues<F>>;
  /** Times the work may go to QA between two inputs. Default 3; then it rests in `unmet`, which is no end, and the next input goes on. */
  readonly maxIterations?: number;
  /** Works in `unmet`, a person say: `REWORK` sends the work back for another `maxIterations`, three times at most between two inputs. */
  readonly escalation?: Agent<Id, FieldValues<F>>;
  /** Told how the charter stands, whenever that has changed and at least once: to keep a file, say. What it throws ends the run. */
  readonly onCharter?: (status: CharterStatus) => void | Promise<void>;
}

const DEFINITION = shape<QaGatedDefinition<string, Fields>>({
  ...ORCHESTRATION,
  planner: maybe(anAgent),
  charter: maybe(record),
  implementer: anAgent,
  qa: anAgent,
  maxIterations: maybe(number),
  escalation: maybe(anAgent),
  onCharter: maybe(callable),
});

/** Where the work stands. */
export interface QaResult {
  /** QA has signed every item of the charter, on the work as it is. */
  readonly signed: boolean;
  readonly iteration: number;
  /** Undefined until the planner has written it. */
  readonly charter: Charter | undefined;
  /** The newest three; all are in the conversation. */
  readonly records: readonly RecordedChange[];
  readonly verdicts: Readonly<Record<string, ItemVerdict>>;
  readonly unmet: Charter["criteria"];
}

/** The planner's charter. @throws InvalidRequestError when it has no criterion, a placeholder, or a path out of the project. */
export const writeCharter = <State = object>(draft: z.input<typeof CharterDraft>): Outcome<State> =>
  send<State>({ type: "CHARTER", charter: readCharter(draft) });

/** What the implementer changed, and how it was verified. */
export const recordChange = <State = object>(record: z.input<typeof ChangeRecord>): Outcome<State> =>
  send<State>({ type: "RECORD", ...record });

/** QA's verdict on items, by id; those that are not named are not signed. */
export const sign = <State = object>(items: z.input<typeof QaVerdict>["items"]): Outcome<State> => send<State>({ type: "VERDICT", items });

/** Reads where the work stands from a thread's state or a turn. */
export function qaResult(state: Pick<BaseState, "control">): QaResult {
  const { context } = state.control;
  const status = statusOf(context);
  return {
    signed: isSigned(context),
    iteration: Number(context["iteration"]),
    charter: status?.charter,
    records: status?.records ?? [],
    verdicts: status?.verdicts ?? {},
    unmet: status === undefined ? [] : unmetItems(status),
  };
}

/**
 * planner → implementer → QA, and back to the implementer until QA has signed every item of the charter. Ends in `(signed)` and
 * nowhere else. Signatures are for the work they saw: a new change voids them all.
 * @throws InvalidDefinitionError when there is neither planner nor charter, or both, an id twice, or a limit below 1.
 */
export function qaGated<const Id extends string, const F extends Fields = Record<never, never>, const Name extends string = string>(
  given: QaGatedDefinition<Id, F> & { readonly name: Name },
): Orchestration<Id | "report" | "unmet", F, Name> {
  const definition = readForm("The orchestration", given, DEFINITION);
  const { name, maxIterations = 3, escalation, onCharter } = definition;
  const issues = [...sourceIssues(definition), ...limitIssue("maxIterations", maxIterations)];
  if (issues.length > 0) throw new InvalidDefinitionError(`The orchestration "${name}"`, issues);
  type State = FieldValues<F>;
  const before = async ({ control }: Turn<State>): Promise<void> => {
    const status = statusOf(control.context);
    if (status !== undefined) await onCharter?.(status);
  };
  const planner = definition.planner === undefined ? undefined : adapted(definition.planner, { hears: hearCharter });
  const implementer = adapted(definition.implementer, { before, sees: showCharter, hears: hearChange });
  const qa = adapted(definition.qa, { before, sees: showCharter, hears: hearVerdict });
  const report = adapted<string, State>(reporter as Agent, { before });
  const agents: readonly Agent<string, State>[] = [...(planner === undefined ? [] : [planner]), implementer, qa, report];
  const isLeft = below("iteration", maxIterations, "maxIterations");
  const again = (target: string, guard: GuardData) => (maxIterations === 1 ? [] : [{ guard, target, actions: [count("iteration")] }]);
  const replan = planner === undefined ? {} : { REPLAN: [...again(planner.id, isLeft), { target: REPORT }] };
  const machine = machineOf(name, [...agents, { id: UNMET }, ...(escalation === undefined ? [] : [escalation])], {
    context: {
      charter: definition.charter === undefined ? null : readCharter(definition.charter),
      iteration: 1,
      reworks: 0,
      records: [],
      verdicts: {},
    },
    initial: planner?.id ?? implementer.id,
    states: {
      ...(planner === undefined ? {} : { [planner.id]: { on: { CHARTER: { target: implementer.id, actions: keepCharter } } } }),
      [implementer.id]: {
        on: { RECORD: { target: qa.id, actions: keepChange } },
      },
      [qa.id]: { on: { VERDICT: { target: GATE, actions: keepVerdicts }, DONE: GATE, FAIL: GATE, ...replan } },
      [GATE]: {
        always: [...again(implementer.id, and(not(IS_SIGNED), isLeft)), { target: REPORT }],
      },
      [REPORT]: { on: { DONE: [{ guard: IS_SIGNED, target: SIGNED }, { target: UNMET }] } },
      [UNMET]: {
        tags: ["waits", FAILED],
        description: "QA has not signed every item",
        on: {
          INPUT: { target: implementer.id, actions: [set("iteration", 1), reset("reworks")] },
          ...(escalation === undefined ? {} : { REWORK: rework(implementer.id) }),
        },
      },
      [SIGNED]: { type: "final" },
    },
  });
  const bound = [...agents.map((each) => [each.id, each] as const), ...(escalation === undefined ? [] : [[UNMET, escalation] as const])];
  const events = { ...definition.events, RECORD: z.looseObject(ChangeRecord.shape), VERDICT: verdictSchema };
  const withCharter = { ...events, CHARTER: z.looseObject({ charter: Charter }) };
  return orchestrate<Id | "report" | "unmet", F, Name>(machine, bound, {
    answerFrom: REPORT,
    ...definition,
    events: planner === undefined ? events : withCharter,
    formerEvents: withCharter, // also where nobody writes one
  });
}

const MAX_REWORKS = 3;
/** Characters of a text in an event; less is kept in the chart. */
const MAX_SAID = 8_000;
const MAX_CHANGE = 800;
const MAX_EVIDENCE = 200;
const verdictSchema = z.looseObject({
  items: QaVerdict.shape.items
    .min(1)
    .max(100)
    .refine((items) => items.every(({ met, evidence }) => !met || evidence.trim() !== ""), "an item cannot be met without evidence"),
});

/** Where the work stands, as the assignments below keep it; what a change touched is held against the charter when it is read. */
function statusOf(context: Readonly<Record<string, unknown>>): CharterStatus | undefined {
  if (context["charter"] === null || context["charter"] === undefined) return undefined;
  const { charter, records, verdicts } = context as unknown as CharterStatus; // see above
  return { charter, verdicts, records: records.map((record) => readChange(charter, record.iteration, record)) };
}

/** Every item, and there is at least one. */
function isSigned(context: Readonly<Record<string, unknown>>): boolean {
  const status = statusOf(context);
  return status !== undefined && itemsOf(status.charter).length > 0 && unmetItems(status).length === 0;
}

/** The lists whose items have to be signed. */
const ITEMS = ["charter.criteria", "charter.checklist"];

const IS_SIGNED = every("verdicts", { met: true }, { in: ITEMS });

const keepCharter = [keep("charter", "charter"), set("verdicts", {}), set("records", [])];

const change = {
  iteration: inContext("iteration"),
  changed: field("changed", { otherwise: "", most: MAX_CHANGE }),
  verified: field("verified", { otherwise: "", most: MAX_CHANGE }),
  paths: field("paths", { otherwise: [], most: 20 }),
};

/** A new change voids what was signed before. */
const keepChange = [put("records", change, { most: KEPT_RECORDS }), set("verdicts", {})];

const verdict = { met: field("met"), evidence: field("evidence", { otherwise: "", most: MAX_EVIDENCE }) };

const keepVerdicts = [collect("verdicts", "items", verdict, { by: "id", among: ITEMS })];

function rework(target: string) {
  const { guard, actions } = upTo(MAX_REWORKS, "reworks", "three reworks");
  return { target, guard, actions: [set("iteration", 1), ...actions] };
}

/** The charter as it stands: a message of its own, never part of a system prompt. It changes from turn to turn, so it stands as near to the end as the newest message lets it: what comes before is the same each time, and a provider's cache of it holds. */
function showCharter<State>(turn: Turn<State>): Turn<State> {
  const status = statusOf(turn.control.context);
  if (status === undefined) return turn;
  const message = new HumanMessage({ content: charterMarkdown(status), id: `charter:${turn.phase}:${turn.control.seq}` });
  const place = Math.max(
    0,
    turn.messages.findLastIndex((one) => !ToolMessage.isInstance(one)),
  ); // the newest message is still somebody's, and results stay with their calls
  return { ...turn, messages: [...turn.messages.slice(0, place), message, ...turn.messages.slice(place)] };
}

/** What was said, beside an event that is not said aloud. */
const wordsOf = ({ content, messages }: Outcome): string =>
  content ?? messages?.findLast((message) => message.getType() === "ai")?.text ?? "";

const aloud = <State>(outcome: Outcome<State>, words: string): Outcome<State> =>
  outcome.content === undefined || outcome.content === "" || outcome.content === JSON.stringify(outcome.data)
    ? { ...outcome, content: words }
    : outcome;

const isEvent = ({ next }: Outcome, type: string, phase: string): boolean =>
  next.kind === "event" && (next.event.type === type || next.event.type === `${type}.${phase}`);

function hearCharter<State>(outcome: Outcome<State>, turn: Turn<State>): Outcome<State> {
  const given = isEvent(outcome, "CHARTER", turn.phase)
    ? Charter.safeParse(outcome.next.kind === "event" ? outcome.next.event["charter"] : undefined)
    : undefined;
  if (outcome.next.kind !== "done" && given?.success !== true) return outcome;
  const charter = given?.data ?? (CharterDraft.safeParse(outcome.data).success ? readCharter(outcome.data) : charterFrom(wordsOf(outcome)));
  const words = `The charter: ${charter.goal} (${itemsOf(charter).length} items to be signed)`;
  return { ...aloud(outcome, words), next: { kind: "event", event: { type: "CHARTER", charter } } };
}

function hearChange<State>(outcome: Outcome<State>, turn: Turn<State>): Outcome<State> {
  const isRecord = isEvent(outcome, "RECORD", turn.phase);
  if (outcome.next.kind !== "done" && !isRecord) return outcome;
  const said = ChangeRecord.safeParse(outcome.next.kind === "event" ? outcome.next.event : outcome.data);
  if (isRecord && !said.success)
    throw new InvalidRequestError("The record of a change", z.prettifyError(said.error), "{ changed, verified, paths }");
  const { changed, verified, paths } = said.success ? said.data : { changed: wordsOf(outcome), verified: "", paths: [] };
  const charter = statusOf(turn.control.context)?.charter;
  const known = charter === undefined ? paths.slice(0, 20) : readChange(charter, 1, { changed, verified, paths }).paths;
  const record = { changed: changed.slice(0, MAX_SAID), verified: verified.slice(0, MAX_SAID), paths: [...known] };
  return {
    ...aloud(outcome, verified === "" ? changed : `${changed}\nVerified: ${verified}`),
    next: { kind: "event", event: { type: "RECORD", ...record } },
  };
}

function hearVerdict<State>(outcome: Outcome<State>, turn: Turn<State>): Outcome<State> {
  const status = statusOf(turn.control.context);
  const given = outcome.next.kind === "event" ? outcome.next.event : outcome.data;
  const said = isEvent(outcome, "VERDICT", turn.phase) || outcome.next.kind === "done" ? QaVerdict.safeParse(given) : undefined;
  if (said?.success !== true || status === undefined) return outcome;
  const verdicts = readVerdicts(status.charter, said.data); // an item that is not there: QA has failed, and signed nothing
  const unmet = unmetItems({ ...status, verdicts });
  const items = Object.entries(verdicts).map(([id, { met, evidence }]) => ({ id, met, evidence }));
  const words = unmet.length === 0 ? "Every item is signed." : `Not signed:\n${unmet.map((item) => unmetLine(item, verdicts)).join("\n")}`;
  return {
    ...aloud(outcome, words),
    next: { kind: "event", event: { type: "VERDICT", items } },
  };
}

const unmetLine = ({ id, text }: Charter["criteria"][number], verdicts: Readonly<Record<string, ItemVerdict>>): string => {
  const evidence = verdicts[id]?.evidence ?? "";
  return `- ${id}: ${text}${verdicts[id] === undefined ? " (no verdict)" : evidence === "" ? "" : ` (${evidence})`}`;
};

/** The verdict for those around: it is said in either case. */
const reporter = agent({
  id: REPORT,
  description: "Says what QA has signed",
  run: (turn) => {
    const result = qaResult(turn);
    const total = result.charter === undefined ? 0 : itemsOf(result.charter).length;
    const failed = Object.values(turn.results).find((each) => each.status === "failed")?.error?.message;
    const lines = result.signed
      ? [`QA has signed all ${total} items (iteration ${result.iteration}).`]
      : [
          `QA has not signed ${result.unmet.length} of ${total} items (iteration ${result.iteration}):`,
          ...result.unmet.map((item) => unmetLine(item, result.verdicts)),
          ...(failed === undefined ? [] : [`QA failed: ${failed}`]),
        ];
    return reply(lines.join("\n"), {
      data: { signed: result.signed, iteration: result.iteration, verdicts: result.verdicts, unmet: result.unmet },
    });
  },
});

function sourceIssues({ planner, charter }: { readonly planner?: unknown; readonly charter?: unknown }): Issue[] {
  if (planner === undefined && charter === undefined)
    return [{ path: "planner", code: "NO_CHARTER", message: "give a planner that writes the charter, or the charter itself" }];
  if (planner !== undefined && charter !== undefined)
    return [{ path: "charter", code: "NO_CHARTER", message: "give the charter or a planner, not both" }];
  try {
    if (charter !== undefined) readCharter(charter);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    return [{ path: "charter", code: "BAD_CHARTER", message: error.message }];
  }
}
