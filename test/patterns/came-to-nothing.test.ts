import { describe, expect, it } from "vitest";
import { createMachine } from "xstate";
import {
  agent,
  approve,
  consensus,
  defineOrchestration,
  hierarchical,
  loop,
  magentic,
  mapReduce,
  orchestratorWorker,
  parallel,
  reply,
  revise,
  type Agent,
  type BaseState,
} from "../../index.js";
import { says } from "./says.js";

const breaks = (id: string) =>
  agent({
    id,
    run: () => {
      throw new Error("it is broken");
    },
  });
const writer = agent({ id: "writer", run: () => reply("a draft") });
const slot = (answer: unknown) => ({ reason: "because", answer });
const ledger = (satisfied: boolean, progress: boolean) =>
  JSON.stringify({
    is_request_satisfied: slot(satisfied),
    is_in_loop: slot(false),
    is_progress_being_made: slot(progress),
    next_speaker: slot("writer"),
    instruction_or_question: slot("go on"),
  });
const lead = (satisfied: boolean, progress: boolean) => (question: { readonly purpose: string }) =>
  question.purpose === "progress" ? ledger(satisfied, progress) : "words";
const tasks = [
  { id: "one", input: "one" },
  { id: "two", input: "two" },
];

/** An orchestration, whatever its phases are called. */
type Team = Agent & { compile(): { invoke(input: ReturnType<typeof says>): Promise<BaseState> } };

/** Teams that come to something when they are told to, and to nothing else. */
const teams: readonly (readonly [string, (comes: boolean) => Team])[] = [
  [
    "a loop that nobody approved",
    (comes) =>
      loop({ name: "team", producer: writer, reviewers: [agent({ id: "judge", run: () => (comes ? approve() : revise("again")) })] }),
  ],
  [
    "a consensus without one",
    (comes) =>
      consensus({
        name: "team",
        choices: ["a", "b"],
        voters: ["x", "y"].map((id) => agent({ id, run: () => reply("", { data: { choice: comes || id === "x" ? "a" : "b" } }) })),
      }),
  ],
  ["a magentic team that stalls", (comes) => magentic({ name: "team", orchestrator: lead(comes, comes), team: [writer], maxResets: 0 })],
  ["a magentic team out of rounds", (comes) => magentic({ name: "team", orchestrator: lead(comes, true), team: [writer], maxRounds: 2 })],
  ["a hierarchy below its minimum", (comes) => hierarchical({ name: "team", members: [comes ? writer : breaks("writer")] })],
  ["branches that all failed", (comes) => parallel({ name: "team", branches: [breaks("one"), comes ? writer : breaks("writer")] })],
  ["items that all failed", (comes) => mapReduce({ name: "team", items: () => ["a", "b"], mapper: comes ? writer : breaks("writer") })],
  [
    "a plan of which nothing was done",
    (comes) =>
      orchestratorWorker({
        name: "team",
        planner: agent({ id: "planner", run: () => reply("", { data: { tasks } }) }),
        workers: [comes ? writer : breaks("writer")],
        maxReplans: 0,
      }),
  ],
];

/** What follows a nested team, by whether it came to something. */
const around = (team: Agent) =>
  defineOrchestration({
    name: "release",
    machine: createMachine({
      initial: "team",
      states: {
        team: { on: { DONE: "deploy", FAIL: "excuse" } },
        deploy: { on: { DONE: "end" } },
        excuse: { on: { DONE: "end" } },
        end: { type: "final" },
      },
    }),
    agents: {
      team,
      deploy: agent({ id: "deploy", run: () => reply("deployed") }),
      excuse: agent({ id: "excuse", run: () => reply("not deployed") }),
    },
  });

describe.each(teams)("%s", (_title, make) => {
  it.each([
    [true, "deployed"],
    [false, "not deployed"],
  ])("is no success for the team around it, and only then (comes to something: %s)", async (comes, end) => {
    const state = await around(make(comes)).compile().invoke(says("go"));
    expect(state.messages.at(-1)?.text).toBe(end);
  });

  it("is no error where nothing is around it: it ends, and says as what", async () => {
    const team = make(false);
    const state = await team.compile().invoke(says("go"));
    expect(state.control.done).toBe(true);
  });
});
