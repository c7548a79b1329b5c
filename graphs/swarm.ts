import type { Agent } from "../src/agent/agent.js";
import { agents as agentList } from "../src/agent/agent-rule.js";
import { InvalidDefinitionError, type Issue } from "../src/base/errors.js";
import { each, everyValue, maybe, number, readForm, shape, text } from "../src/base/form.js";
import { orchestrate, ORCHESTRATION, type Orchestration, type OrchestrationOptions } from "../src/compile/orchestration.js";
import type { Fields, FieldValues } from "../src/state/schema.js";
import { reset } from "../src/statechart/data/assignments.js";
import { limitIssue, machineOf, upTo } from "./machine.js";

/** Agents that hand the conversation to each other. */
export interface SwarmDefinition<Id extends string, F extends Fields> extends OrchestrationOptions<F> {
  readonly agents: readonly Agent<Id, FieldValues<F>>[];
  /** Who talks with the user first. Default: the first agent. */
  readonly entry?: NoInfer<Id>;
  /** Who may hand off to whom. Default: everyone to everyone else. */
  readonly handoffs?: { readonly [From in NoInfer<Id>]?: readonly NoInfer<Id>[] };
  /** Handoffs between two messages of the user. Default 20; then the agent whose turn it is has to answer. */
  readonly maxHandoffs?: number;
}

const DEFINITION = shape<SwarmDefinition<string, Fields>>({
  ...ORCHESTRATION,
  agents: agentList,
  entry: maybe(text),
  handoffs: maybe(everyValue(maybe(each(text)))),
  maxHandoffs: maybe(number),
});

/**
 * Any agent hands off to any other; a reply goes to the user, whose next message reaches the agent that replied.
 * @throws InvalidDefinitionError when entry or handoffs name an unknown agent.
 */
export function swarm<const Id extends string, const F extends Fields = Record<never, never>, const Name extends string = string>(
  given: SwarmDefinition<Id, F> & { readonly name: Name },
): Orchestration<Id, F, Name> {
  const definition = readForm("The orchestration", given, DEFINITION);
  const { name, agents, entry = agents[0]?.id, handoffs, maxHandoffs = 20 } = definition;
  const ids = agents.map((agent) => agent.id as string);
  const issues = [...unknownIds(ids, entry, handoffs), ...limitIssue("maxHandoffs", maxHandoffs, 0)];
  if (issues.length > 0) throw new InvalidDefinitionError(`The orchestration "${name}"`, issues);
  const to = (id: string, target: string) => ({
    [`HANDOFF.${id}`]: {
      target,
      ...upTo(maxHandoffs, "handoffs", "maxHandoffs"),
    },
  });
  // a full mesh is written once, at the root: n transitions instead of n²
  const everyone = handoffs === undefined ? Object.assign({}, ...ids.map((id) => to(id, `.${id}`))) : {};
  const machine = machineOf(name, agents, {
    context: { handoffs: 0 },
    initial: entry ?? "",
    on: { INPUT: { actions: [reset("handoffs")] }, ...everyone },
    states: Object.fromEntries(
      ids.map((id) => {
        const allowed: readonly string[] = handoffs?.[id as Id] ?? [];
        return [
          id,
          {
            tags: "waits",
            on: handoffs === undefined ? { [`HANDOFF.${id}`]: {} } : Object.assign({}, ...allowed.map((target) => to(target, target))),
          },
        ];
      }),
    ),
  });
  return orchestrate<Id, F, Name>(
    machine,
    agents.map((agent) => [agent.id, agent] as const),
    definition,
  );
}

function unknownIds(
  ids: readonly string[],
  entry: string | undefined,
  handoffs: Readonly<Record<string, readonly string[] | undefined>> | undefined,
): Issue[] {
  const named = [
    ...(entry === undefined ? [] : [["entry", entry] as const]),
    ...Object.entries(handoffs ?? {}).flatMap(([from, targets]) => [
      [`handoffs.${from}`, from] as const,
      ...(targets ?? []).map((target) => [`handoffs.${from}`, target] as const),
    ]),
  ];
  return named
    .filter(([, id]) => !ids.includes(id))
    .map(([path, id]) => ({ path, code: "UNKNOWN_AGENT", message: `"${id}" is no agent of this swarm; it has ${ids.join(", ")}` }));
}
