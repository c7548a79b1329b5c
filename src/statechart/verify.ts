import type { AnyStateNode } from "xstate";
import { InvalidDefinitionError } from "../base/errors.js";
import type { Chart } from "./reading.js";
import type { Arrow, Arrows } from "./edges.js";
import { cycles, reach, reaching, scriptTo, type Ways } from "./reach.js";
import { isOpaque } from "./fingerprint.js";
import { enteredLeaves } from "./landing.js";
import { everyNode, isWithin, phaseName, regionsOf } from "./tree.js";
import { END, EVENT, START } from "./vocabulary.js";

/** What {@link verify} can find. Each has its section in `docs/verify.md`; more will follow. */
export type FindingCode =
  | "UNREACHABLE_STATE"
  | "DEAD_END"
  | "NO_AGENT"
  | "UNUSED_AGENT"
  | "UNKNOWN_HANDOFF"
  | "UNBOUNDED_CYCLE"
  | "NO_WAY_OUT"
  | "JOIN_NEVER_FILLS"
  | "SHARED_EVENT"
  | "OPAQUE_GUARD"
  | "RESTLESS_ALWAYS";

/** Something that cannot work (`error`), or hardly as it was meant (`warning`). */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: "error" | "warning";
  /** Where: a phase, a state or an agent; in a nested orchestration with the way there, `"research/draft"`. */
  readonly place: string;
  readonly message: string;
  /** What to do about it. */
  readonly advice: string;
  /** The shortest events that lead there from the start, where some do. */
  readonly script?: readonly string[];
}

/** What {@link verify} found. */
export interface Verification {
  /** True without errors; warnings may remain. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  /** @throws InvalidDefinitionError with every error. */
  assertOk(): void;
}

/** Who works where; only ids are read. Without it, findings about agents are left out. */
export type Bindings = ReadonlyMap<string, { readonly id: string }>;

interface Reading {
  readonly chart: Chart;
  readonly agents: Bindings | undefined;
  readonly ways: Ways;
  /** States in which nothing comes to rest, each with the place (a phase, or the start) that leads through it. */
  readonly passed: ReadonlyMap<AnyStateNode, string>;
}

/**
 * Looks for what can never work. Static: guards are taken to be open or closed as it may be, so nothing is reported that some
 * context could save. Linear in phases and arrows.
 */
export function verify(chart: Chart, agents?: Bindings): Verification {
  const ways = reach(heardInPlace(chart), START);
  const passed = new Map([...ways.keys()].flatMap((place) => chart.passedFrom(place).map((node) => [node, place])));
  const reading: Reading = { chart, agents, ways, passed };
  const findings = [
    unreachable,
    deadEnds,
    agentFindings,
    unknownHandoffs,
    cycleFindings,
    joinFindings,
    sharedEvents,
    opaqueGuards,
    restlessAlways,
  ].flatMap((look) => look(reading));
  return verification(chart.name, findings);
}

/** Findings as {@link verify} returns them. */
export function verification(name: string, findings: readonly Finding[]): Verification {
  const errors = findings.filter((finding) => finding.severity === "error");
  return {
    ok: errors.length === 0,
    findings,
    assertOk() {
      if (errors.length === 0) return;
      const issues = errors.map(({ place, code, message, advice }) => ({ path: place, code, message: `${message}; ${advice}` }));
      throw new InvalidDefinitionError(`The chart "${name}"`, issues);
    },
  };
}

/** A new input leaves the phase that waits for it: only where that phase is reached does it lead on. */
function heardInPlace({ arrows, inputs }: Chart): Arrows {
  return new Map(
    [...arrows].map(([from, list]): [string, readonly Arrow[]] => {
      if (from === START) return [from, list.filter((arrow) => arrow.event === "")];
      const heard = inputs.get(from);
      return [from, heard === undefined ? list : [...list, ...heard]];
    }),
  );
}

function unreachable({ chart, ways, passed }: Reading): Finding[] {
  const met = new Set([...passed.keys()].map(phaseName));
  return [...chart.phases.keys()]
    .filter((phase) => !ways.has(phase) && !met.has(phase))
    .map((place) => ({
      code: "UNREACHABLE_STATE",
      severity: "error",
      place,
      message: "no event leads here from the start",
      advice: "add a transition to it, or take it out",
    }));
}

function deadEnds({ chart, ways, passed }: Reading): Finding[] {
  const ending = reaching(chart.arrows, [END]);
  const phases = [...chart.rests]
    .filter((phase) => ways.has(phase) && !ending.has(phase))
    .map((place): Finding => ({
      code: "DEAD_END",
      severity: "error",
      place,
      message: "from here neither an end nor a phase that waits for somebody can be reached",
      advice: `give it a transition on ${EVENT.DONE} (or a handoff) that leads on, or tag it "waits"`,
      script: scriptTo(ways, place),
    }));
  const finals = [...passed]
    .filter(([node]) => endsNothing(node))
    .map(([node, from]): Finding => ({
      code: "DEAD_END",
      severity: "error",
      place: node.path.join("."),
      message: "this final state ends its parent, and nothing follows: no agent works there, and the run is not at its end",
      advice: `give "${node.parent?.path.join(".") ?? ""}" an onDone`,
      script: scriptTo(ways, from),
    }));
  return [...phases, ...finals];
}

/** A final state below the top whose parent, which is no region, says nothing of what comes after it. */
function endsNothing({ type, parent }: AnyStateNode): boolean {
  if (type !== "final" || parent?.parent === undefined || parent.type !== "compound" || parent.parent.type === "parallel") return false;
  return !parent.transitions.has(`xstate.done.state.${parent.id}`);
}

function agentFindings({ chart, agents, ways }: Reading): Finding[] {
  if (agents === undefined) return [];
  const idle = [...chart.rests].filter((phase) => ways.has(phase) && !agents.has(phase) && chart.phases.get(phase)?.waits !== true);
  const unused = [...agents].filter(([phase]) => !ways.has(phase));
  return [
    ...idle.map((place): Finding => ({
      code: "NO_AGENT",
      severity: "error",
      place,
      message: "nobody works here",
      advice: `bind an agent, or tag it "waits" when only events from outside move it`,
      script: scriptTo(ways, place),
    })),
    ...unused.map(([phase, { id }]): Finding => ({
      code: "UNUSED_AGENT",
      severity: "warning",
      place: phase,
      message: `agent "${id}" is bound to a phase that nothing leads to`,
      advice: "lead to the phase, or take the agent out",
    })),
  ];
}

function unknownHandoffs({ chart, agents, ways }: Reading): Finding[] {
  const known = new Set([...chart.phases.values()].flatMap((phase) => [phase.name, phase.path.join("."), phase.path.at(-1) ?? ""]));
  for (const { id } of agents?.values() ?? []) known.add(id);
  const seen = new Map<string, string>();
  for (const [from, list] of chart.arrows) {
    for (const { event } of list) if (event.startsWith(EVENT.HANDOFF) && !event.endsWith("*") && !seen.has(event)) seen.set(event, from);
  }
  return [...seen]
    .filter(([event]) => !known.has(event.slice(EVENT.HANDOFF.length)))
    .map(([event, from]) => ({
      code: "UNKNOWN_HANDOFF",
      severity: "warning",
      place: from,
      message: `"${event}" names neither a phase nor an agent`,
      advice: "name it after the phase it leads to, or after the agent who works there",
      script: scriptTo(ways, from),
    }));
}

function cycleFindings({ chart, agents, ways }: Reading): Finding[] {
  const byPeople = (phase: string): boolean => chart.phases.get(phase)?.waits === true && agents !== undefined && !agents.has(phase);
  const driven: Arrows = new Map([...chart.arrows].filter(([from]) => from !== START && ways.has(from) && !byPeople(from)));
  const free: Arrows = new Map([...driven].map(([from, list]) => [from, list.filter((arrow) => !arrow.guarded && !isProgress(arrow))]));
  const unbounded = cycles(free).map((group): Finding => {
    const place = inOrder(chart, group)[0] ?? "";
    return {
      code: "UNBOUNDED_CYCLE",
      severity: "error",
      place,
      message: `agents can go round without end through ${inOrder(chart, group).join(", ")}`,
      advice: "count in the context and guard one of these transitions; until then only limits.steps ends it",
      script: scriptTo(ways, place),
    };
  });
  const escapes = reaching(free, [END, ...[...chart.phases.keys()].filter((phase) => !driven.has(phase))]);
  const stuck = cycles(driven).flatMap((group) => group.filter((phase) => !escapes.has(phase) && !isInside(phase, unbounded)));
  return [
    ...unbounded,
    ...inOrder(chart, stuck).map((place): Finding => ({
      code: "NO_WAY_OUT",
      severity: "error",
      place,
      message: "when the guards of its cycle are closed, no transition is left",
      advice: "add an unguarded transition after the guarded ones: what happens when the bound is met",
      script: scriptTo(ways, place),
    })),
  ];
}

const isProgress = ({ event }: Arrow): boolean => event === EVENT.PROGRESS || event.startsWith(`${EVENT.PROGRESS}.`);
const isInside = (phase: string, findings: readonly Finding[]): boolean => findings.some((finding) => finding.place === phase);
const inOrder = (chart: Chart, phases: readonly string[]): string[] => {
  const members = new Set(phases);
  return [...chart.phases.keys()].filter((phase) => members.has(phase));
};

function joinFindings({ chart }: Reading): Finding[] {
  return parallelStates(chart).flatMap((parallel): Finding[] => {
    const place = parallel.path.join(".") || "machine";
    const regions = regionsOf(parallel);
    const endless = regions.filter((region) => !canFinish(region));
    const follows = (parallel.transitions.get(`xstate.done.state.${parallel.id}`) ?? []).length > 0;
    if (follows && endless.length > 0) {
      const names = endless.map((region) => `"${region.key}"`).join(", ");
      return [
        {
          code: "JOIN_NEVER_FILLS",
          severity: "error",
          place,
          message: `region ${names} has no final state that is entered, so onDone never comes`,
          advice: "end every region in a final state",
        },
      ];
    }
    if (!follows && endless.length === 0 && parallel.parent !== undefined && !leavesOtherwise(parallel)) {
      return [
        { code: "JOIN_NEVER_FILLS", severity: "error", place, message: "all regions end, and nothing follows", advice: "add onDone" },
      ];
    }
    return [];
  });
}

/** True when some transition, or the start, enters a final state directly in the region. */
function canFinish(region: AnyStateNode): boolean {
  if (region.type === "parallel") return regionsOf(region).every(canFinish);
  if (region.type !== "compound") return region.type === "final";
  const finals = new Set(regionsOf(region).filter((child) => child.type === "final"));
  if (region.initial.target.some((target) => finals.has(target))) return true;
  return [...everyNode(region)].some((node) =>
    [...node.transitions.values(), node.always ?? []].some((list) =>
      list.some((transition) => transition.target?.some((target) => finals.has(target)) === true),
    ),
  );
}

/** True when an event of the state itself, or of one around it, leads out. */
function leavesOtherwise(parallel: AnyStateNode): boolean {
  for (let node: AnyStateNode | undefined = parallel; node !== undefined; node = node.parent) {
    for (const [event, list] of node.transitions)
      if (!event.startsWith("xstate.") && list.some((transition) => transition.target !== undefined)) return true;
  }
  return false;
}

function sharedEvents({ chart }: Reading): Finding[] {
  return parallelStates(chart).flatMap((parallel) => {
    const heardIn = new Map<string, Set<string>>();
    for (const region of regionsOf(parallel)) {
      for (const node of everyNode(region)) {
        for (const event of node.transitions.keys())
          if (!event.startsWith("xstate.")) heardIn.set(event, (heardIn.get(event) ?? new Set()).add(region.key));
      }
    }
    return [...heardIn]
      .filter(([, regions]) => regions.size > 1)
      .map(([event, regions]): Finding => ({
        code: "SHARED_EVENT",
        severity: event === EVENT.DONE || event === EVENT.FAIL || event === EVENT.PROGRESS ? "error" : "warning",
        place: parallel.path.join(".") || "machine",
        message: `"${event}" moves the regions ${[...regions].join(", ")} at once, whoever sends it`,
        advice: `write "${event}.<phase>" in each region`,
      }));
  });
}

/** Guards that are functions: neither the fingerprint nor any check sees what they test. */
function opaqueGuards({ chart }: Reading): Finding[] {
  return [...everyNode(chart.machine.root)].flatMap((node): Finding[] => {
    const events = [...node.transitions, ["always", node.always ?? []] as const].filter(([, list]) =>
      list.some(({ guard }) => isOpaque(guard)),
    );
    if (events.length === 0) return [];
    const named = events.map(([event]) => `"${event.startsWith("xstate.done.") ? "onDone" : event}"`).join(", ");
    return [
      {
        code: "OPAQUE_GUARD",
        severity: "warning",
        place: node.path.join(".") || "machine",
        message: `the guard of ${named} is a function: a thread goes on unnoticed when what it tests is changed`,
        advice: `write it as data, such as below("rounds", 3), or give it a name with setup({ guards })`,
      },
    ];
  });
}

/** A guarded `always` that leads to where the chart is: XState stays there, in a state that is only passed through. */
function restlessAlways({ chart }: Reading): Finding[] {
  return [...everyNode(chart.machine.root)].flatMap((node): Finding[] => {
    const stays = (node.always ?? []).some(
      (transition) => transition.guard !== undefined && enteredLeaves(transition).some((leaf) => isWithin(leaf, node)),
    );
    const passed = node.type === "atomic" && !chart.rests.has(phaseName(node));
    if (!stays || !passed) return [];
    return [
      {
        code: "RESTLESS_ALWAYS",
        severity: "error",
        place: phaseName(node),
        message: "while its guard is open, an always leads back to the state it leaves: the chart would rest where nobody works",
        advice: "lead it to another state, or turn its guard round and take the others",
      },
    ];
  });
}

const parallelStates = (chart: Chart): AnyStateNode[] =>
  chart.hasParallel ? [...everyNode(chart.machine.root)].filter((node) => node.type === "parallel") : [];
