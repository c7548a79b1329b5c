import { describe, expect, it } from "vitest";
import { createMachine } from "xstate";
import {
  defineOrchestration,
  InvalidDefinitionError,
  loop,
  parallel,
  pipeline,
  sequential,
  swarm,
  UnknownAgentError,
} from "../../index.js";
import { idle } from "./subjects.js";

/** Definitions come from configuration too, where no compiler looks. */
const raw = (value: unknown) => value as never;

function issuesOf(define: () => unknown): string[] {
  try {
    define();
  } catch (error) {
    if (error instanceof InvalidDefinitionError) return error.issues.map((issue) => `${issue.code} ${issue.path}`);
    throw error;
  }
  return [];
}

const wrong: readonly (readonly [string, () => unknown, readonly string[]])[] = [
  ["a sequence of nobody", () => sequential({ name: "x", agents: [] }), ["NO_AGENTS agents"]],
  ["a parallel of nobody", () => parallel({ name: "x", branches: [] }), ["NO_AGENTS branches"]],
  ["a parallel of a synthesizer alone", () => parallel({ name: "x", branches: [], synthesizer: idle("s") }), ["NO_AGENTS branches"]],
  ["a swarm of nobody", () => swarm({ name: "x", agents: [] }), ["NO_AGENTS agents"]],
  ["a pipeline without stages", () => pipeline({ name: "x", stages: [] }), ["NO_AGENTS stages"]],
  ["a loop that nobody reviews", () => loop({ name: "x", producer: idle("w"), reviewers: [] }), ["NO_AGENTS reviewers"]],
  [
    "an agent twice in a sequence",
    () => sequential({ name: "x", agents: [idle("a"), idle("b"), idle("a")] }),
    ["DUPLICATE_AGENT agents.a"],
  ],
  [
    "a branch that is the synthesizer",
    () => parallel({ name: "x", branches: [idle("a")], synthesizer: idle("a") }),
    ["DUPLICATE_AGENT agents.a"],
  ],
  ["a producer that reviews itself", () => loop({ name: "x", producer: idle("w"), reviewers: [idle("w")] }), ["DUPLICATE_AGENT agents.w"]],
  [
    "a phase twice in a pipeline",
    () =>
      pipeline({
        name: "x",
        stages: [
          { phase: "p", agent: idle("a") },
          { phase: "p", agent: idle("b") },
        ],
      }),
    ["DUPLICATE_AGENT agents.p"],
  ],
  [
    "two agents of one id in a pipeline",
    () =>
      pipeline({
        name: "x",
        stages: [
          { phase: "p", agent: idle("a") },
          { phase: "q", agent: idle("a") },
        ],
      }),
    ["DUPLICATE_AGENT agents.q"],
  ],
  ["an entry that is not in the swarm", () => swarm({ name: "x", agents: [idle("a")], entry: raw("ghost") }), ["UNKNOWN_AGENT entry"]],
  ["a name with spaces", () => sequential({ name: "my team", agents: [idle("a")] }), ["BAD_NAME name"]],
  ["an agent called like a state key", () => sequential({ name: "x", agents: [idle("messages")] }), ["RESERVED_NAME phases.messages"]],
  [
    "limits of nothing and of halves",
    () => loop({ name: "x", producer: idle("w"), reviewers: [idle("r")], maxIterations: 0.5 }),
    ["BAD_LIMIT maxIterations"],
  ],
  ["a negative limit", () => swarm({ name: "x", agents: [idle("a")], maxHandoffs: -1 }), ["BAD_LIMIT maxHandoffs"]],
  ["a limit that is not a number", () => swarm({ name: "x", agents: [idle("a")], maxHandoffs: raw("3") }), ["BAD_LIMIT maxHandoffs"]],
];

describe("definitions that cannot run", () => {
  it.each(wrong.map(([name, define, issues]) => ({ name, define, issues })))(
    "$name is refused when it is defined",
    ({ define, issues }) => {
      expect(issuesOf(define)).toEqual(issues);
    },
  );

  it("a pipeline tells of all its mistakes at once", () => {
    const stages = [
      { phase: "in take", agent: idle("a"), next: "handlung" },
      { phase: "handling", agent: idle("b"), canReturnTo: ["intake", "nowhere"] },
    ];
    expect(issuesOf(() => pipeline(raw({ name: "x", stages, maxReturns: -1 })))).toEqual([
      "BAD_NAME stages.in take",
      "UNKNOWN_PHASE stages.in take.next",
      "UNKNOWN_PHASE stages.handling.canReturnTo",
      "UNKNOWN_PHASE stages.handling.canReturnTo",
      "BAD_LIMIT maxReturns",
    ]);
  });

  it("a swarm tells of all its mistakes at once", () => {
    const handoffs = { a: ["b", "ghost"], spook: ["a"] };
    expect(issuesOf(() => swarm(raw({ name: "x", agents: [idle("a"), idle("b")], entry: "c", handoffs, maxHandoffs: 1.5 })))).toEqual([
      "UNKNOWN_AGENT entry",
      "UNKNOWN_AGENT handoffs.a",
      "UNKNOWN_AGENT handoffs.spook",
      "BAD_LIMIT maxHandoffs",
    ]);
  });

  it("a loop tells of all its mistakes at once", () => {
    expect(issuesOf(() => loop({ name: "x", producer: idle("w"), reviewers: [], maxIterations: 0 }))).toEqual([
      "BAD_LIMIT maxIterations",
      "NO_AGENTS reviewers",
    ]);
  });

  it("an own machine needs somebody in every phase, and every agent a phase", () => {
    const machine = createMachine({ initial: "a", states: { a: { on: { DONE: "b" } }, b: { on: { DONE: "c" } }, c: { type: "final" } } });
    expect(issuesOf(() => defineOrchestration(raw({ name: "x", machine, agents: { a: idle("a"), z: idle("z") } })))).toEqual([
      "UNKNOWN_PHASE agents.z",
      "MISSING_AGENT agents.b",
    ]);
  });

  it("the message alone says where and what", () => {
    expect(() => loop({ name: "x", producer: idle("w"), reviewers: [idle("r")], maxIterations: 0 })).toThrow(
      'The orchestration "x" cannot be used:\n  maxIterations: must be a whole number from 1 up, not 0 [BAD_LIMIT]',
    );
  });

  it("asking for an agent of a phase that is not there is an error that names those that are", () => {
    const line = sequential({ name: "x", agents: [idle("a"), idle("b")] });
    expect(() => line.agentOf(raw("ghost"))).toThrow(UnknownAgentError);
    expect(() => line.agentOf(raw("ghost"))).toThrow('No agent or phase "ghost"; known: a, b.');
  });
});
