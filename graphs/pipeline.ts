import { AGENT_ID, type Agent } from "../src/agent/agent.js";
import { anAgent } from "../src/agent/agent-rule.js";
import { InvalidDefinitionError, type Issue } from "../src/base/errors.js";
import { each, flag, maybe, number, readForm, shape, text } from "../src/base/form.js";
import { orchestrate, ORCHESTRATION, type Orchestration, type OrchestrationOptions } from "../src/compile/orchestration.js";
import type { Fields, FieldValues } from "../src/state/schema.js";
import { reset } from "../src/statechart/data/assignments.js";
import { observed } from "../nodes/observed.js";
import { limitIssue, machineOf, THE_END, upTo } from "./machine.js";

/** A phase, who works in it, and where it may lead. */
export interface Stage<Phase extends string, Id extends string, State> {
  readonly phase: Phase;
  readonly agent: Agent<Id, State>;
  /** The phase that follows; itself for a loop. Without one the pipeline ends here. */
  readonly next?: NoInfer<Phase> | undefined;
  /** Earlier (or other) phases it may be sent back to. */
  readonly canReturnTo?: readonly NoInfer<Phase>[] | undefined;
  /** `true`: the agent talks with the user until it hands off. `false`: its reply is its work, and moves on to `next`. Default: the pipeline's. */
  readonly waits?: boolean | undefined;
}

/** Stages in order, with ways back. */
export interface PipelineDefinition<Phase extends string, Id extends string, F extends Fields> extends OrchestrationOptions<F> {
  readonly stages: readonly Stage<Phase, Id, FieldValues<F>>[];
  /** Default for the stages' `waits`. Default `true`. */
  readonly waits?: boolean;
  /** Looks at every turn after the stage's agent, may add a note, and may send the work elsewhere the chart allows. */
  readonly supervisor?: Agent<string, FieldValues<F>>;
  /** Returns and self-loops between two inputs. Default 5; then the work can only go forward, or back to the user. */
  readonly maxReturns?: number;
}

const DEFINITION = shape<PipelineDefinition<string, string, Fields>>({
  ...ORCHESTRATION,
  stages: each(
    shape<Stage<string, string, never>>({
      phase: text,
      agent: anAgent,
      next: maybe(text),
      canReturnTo: maybe(each(text)),
      waits: maybe(flag),
    }),
  ),
  waits: maybe(flag),
  supervisor: maybe(anAgent),
  maxReturns: maybe(number),
});

/** A pipeline, and what follows from its stages. */
export interface Pipeline<Phase extends string, F extends Fields, Name extends string = string> extends Orchestration<Phase, F, Name> {
  /** Agent id → the first phase it works in. */
  readonly phaseMap: Readonly<Record<string, Phase>>;
  /** Phase → the phases it may lead to. */
  readonly allowedTransitions: Readonly<Record<Phase, readonly Phase[]>>;
}

/**
 * intake → handling → resolution, with ways back. Agents hand off to phases; a handoff the stages do not name is refused.
 * @throws InvalidDefinitionError when `next` or `canReturnTo` names an unknown phase, or a phase is given twice.
 */
export function pipeline<
  const Phase extends string,
  const Id extends string,
  const F extends Fields = Record<never, never>,
  const Name extends string = string,
>(given: PipelineDefinition<Phase, Id, F> & { readonly name: Name }): Pipeline<Phase, F, Name> {
  const definition = readForm("The orchestration", given, DEFINITION);
  const { name, stages, supervisor, maxReturns = 5, waits = true } = definition;
  const issues = [...stageIssues(stages), ...limitIssue("maxReturns", maxReturns, 0)];
  if (issues.length > 0) throw new InvalidDefinitionError(`The orchestration "${name}"`, issues);
  const order = stages.map((stage) => stage.phase as string);
  const back = (target: string) => ({
    target,
    reenter: true,
    ...upTo(maxReturns, "returns", "maxReturns"),
  });
  const machine = machineOf(
    name,
    stages.map((stage) => ({ id: stage.phase })),
    {
      context: { returns: 0 },
      initial: order[0] ?? "",
      on: { INPUT: { actions: [reset("returns")] } },
      states: {
        ...Object.fromEntries(
          stages.map((stage, index) => {
            const leadsTo = (target: string) => (order.indexOf(target) > index ? { target } : back(target));
            const onward = stage.next === undefined ? THE_END : leadsTo(stage.next);
            const reply = { DONE: typeof onward === "object" && "guard" in onward ? [onward, { target: THE_END }] : onward };
            return [
              stage.phase,
              {
                ...((stage.waits ?? waits) ? { tags: "waits" } : {}),
                on: {
                  ...((stage.waits ?? waits) ? {} : reply),
                  ...Object.fromEntries(targetsOf(stage).map((target) => [`HANDOFF.${target}`, leadsTo(target)])),
                },
              },
            ];
          }),
        ),
        ...(stages.some((stage) => !(stage.waits ?? waits)) ? { [THE_END]: { type: "final" as const } } : {}),
      },
    },
  );
  const bindings = stages.map(
    (stage) => [stage.phase, supervisor === undefined ? stage.agent : observed(stage.agent, supervisor)] as const,
  );
  return {
    ...orchestrate<Phase, F, Name>(machine, bindings, definition),
    phaseMap: Object.fromEntries([...stages].reverse().map((stage) => [stage.agent.id, stage.phase])),
    allowedTransitions: Object.fromEntries(stages.map((stage) => [stage.phase, targetsOf(stage)])) as unknown as Record<
      Phase,
      readonly Phase[]
    >, // one entry per stage
  };
}

const targetsOf = <Phase extends string>(stage: {
  readonly next?: Phase | undefined;
  readonly canReturnTo?: readonly Phase[] | undefined;
}): Phase[] => [...new Set([...(stage.next === undefined ? [] : [stage.next]), ...(stage.canReturnTo ?? [])])];

function stageIssues(
  stages: readonly { readonly phase: string; readonly next?: string | undefined; readonly canReturnTo?: readonly string[] | undefined }[],
): Issue[] {
  const phases = new Set(stages.map((stage) => stage.phase));
  const known = (path: string, phase: string): Issue[] =>
    phases.has(phase)
      ? []
      : [{ path, code: "UNKNOWN_PHASE", message: `"${phase}" is no phase of this pipeline; it has ${[...phases].join(", ")}` }];
  if (stages.length === 0) return [{ path: "stages", code: "NO_AGENTS", message: "give at least one stage" }];
  return stages.flatMap((stage) => [
    ...(AGENT_ID.test(stage.phase)
      ? []
      : [{ path: `stages.${stage.phase}`, code: "BAD_NAME", message: "use letters, digits, _ and - only (at most 64)" }]),
    ...(stage.next === undefined ? [] : known(`stages.${stage.phase}.next`, stage.next)),
    ...(stage.canReturnTo ?? []).flatMap((phase) => known(`stages.${stage.phase}.canReturnTo`, phase)),
  ]);
}
