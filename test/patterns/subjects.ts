import { assign, setup } from "xstate";
import { z } from "zod";
import {
  agent,
  broadcast,
  consensus,
  defineOrchestration,
  hierarchical,
  loop,
  magentic,
  mapReduce,
  orchestratorWorker,
  parallel,
  pipeline,
  roleChain,
  roundRobin,
  router,
  sequential,
  supervisor,
  swarm,
  withTask,
  type Agent,
} from "../../index.js";

/** An agent whose work does not matter: in the contract the script decides. */
export const idle = <const Id extends string>(id: Id): Agent<Id> => agent({ id, run: () => "Done." });

const stages = [
  { phase: "intake", agent: idle("triage"), next: "handling" },
  { phase: "handling", agent: idle("handler"), next: "resolution", canReturnTo: ["intake", "handling"] },
  { phase: "resolution", agent: idle("closer"), canReturnTo: ["intake"] },
] as const;

export const oneAfterAnother = sequential({ name: "one-after-another", agents: [idle("a"), idle("b"), idle("c")] });
export const lenient = sequential({ name: "lenient", agents: [idle("a"), idle("b"), idle("c")], strict: false });
export const alone = sequential({ name: "alone", agents: [idle("a")], whenDone: "refuse" });

export const isolating = parallel({ name: "isolating", branches: [idle("a"), idle("b"), idle("c")] });
export const stopping = parallel({ name: "stopping", branches: [idle("a"), idle("b")], onFailure: "stop" });
export const synthesized = parallel({ name: "synthesized", branches: [idle("b"), idle("a")], synthesizer: idle("editor") });

export const talking = pipeline({ name: "talking", stages, maxReturns: 2 });
export const working = pipeline({ name: "working", stages, waits: false, maxReturns: 2 });
export const circling = pipeline({
  name: "circling",
  waits: false,
  maxReturns: 1,
  stages: [
    { phase: "draft", agent: idle("writer"), next: "polish" },
    { phase: "polish", agent: idle("editor"), next: "polish", canReturnTo: ["draft"] },
  ],
});
export const supervised = pipeline({ name: "supervised", stages, supervisor: idle("boss"), maxReturns: 1 });
export const mixed = pipeline({
  name: "mixed",
  stages: [
    { phase: "asking", agent: idle("asker"), next: "doing" },
    { phase: "doing", agent: idle("doer"), waits: false, next: "telling", canReturnTo: ["asking"] },
    { phase: "telling", agent: idle("teller"), canReturnTo: ["doing"] },
  ],
  maxReturns: 2,
});

export const mesh = swarm({ name: "mesh", agents: [idle("a"), idle("b"), idle("c")], maxHandoffs: 3 });
export const restricted = swarm({
  name: "restricted",
  agents: [idle("a"), idle("b"), idle("c")],
  entry: "b",
  handoffs: { a: ["b"], b: ["a", "c"] },
  maxHandoffs: 2,
});
export const silent = swarm({ name: "silent", agents: [idle("a"), idle("b")], handoffs: { a: ["b"] }, maxHandoffs: 1 });

export const panel = loop({ name: "panel", producer: idle("writer"), reviewers: [idle("tone"), idle("facts")], maxIterations: 2 });
export const queue = loop({
  name: "queue",
  producer: idle("writer"),
  reviewers: [idle("tone"), idle("facts")],
  mode: "sequential",
  maxIterations: 2,
});
export const single = loop({ name: "single", producer: idle("writer"), reviewers: [idle("critic")], maxIterations: 3 });

/** A chart with everything at once: regions, a join, history, guards, eventless transitions, counters and phases for people. */
const machine = setup({
  types: { context: {} as { amount: number; rounds: number }, events: {} as { type: string; amount?: number } },
  guards: { isSmall: ({ context }) => context.amount <= 100, hasRounds: ({ context }) => context.rounds < 2 },
}).createMachine({
  id: "claim",
  context: { amount: 0, rounds: 0 },
  initial: "reading",
  states: {
    reading: { on: { CLAIM: { target: "sizing", actions: assign({ amount: ({ event }) => event.amount ?? 0 }) }, REJECT: "rejected" } },
    sizing: { always: [{ guard: "isSmall", target: "paying" }, { target: "checking" }] },
    checking: {
      type: "parallel",
      states: {
        facts: {
          initial: "looking",
          states: {
            looking: { on: { "DONE.checking.facts.looking": "asking" } },
            asking: { on: { FOUND: "known" } },
            known: { type: "final" },
          },
        },
        law: {
          initial: "reading",
          states: { reading: { on: { "DONE.checking.law.reading": "known" } }, known: { type: "final" } },
        },
      },
      on: { PAUSE: "paused" },
      onDone: "approving",
    },
    paused: { tags: "waits", on: { RESUME: "working.before", REJECT: "rejected" } },
    approving: { tags: "waits", description: "a manager decides", on: { APPROVE: "paying", REJECT: "rejected", BACK: "working" } },
    working: {
      initial: "drafting",
      states: {
        drafting: { on: { DONE: "proofing" } },
        proofing: {
          on: {
            DONE: "#claim.approving",
            AGAIN: { guard: "hasRounds", target: "drafting", actions: assign({ rounds: ({ context }) => context.rounds + 1 }) },
          },
        },
        before: { type: "history" },
      },
      on: { PAUSE: "paused" },
    },
    paying: { on: { DONE: "paid" } },
    paid: { type: "final" },
    rejected: { type: "final" },
  },
});

export const everything = defineOrchestration({
  name: "everything",
  machine,
  events: { CLAIM: z.object({ amount: z.number().positive() }) },
  agents: {
    reading: idle("clerk"),
    "checking.facts.looking": idle("scout"),
    "checking.facts.asking": idle("caller"),
    "checking.law.reading": idle("lawyer"),
    "working.drafting": idle("drafter"),
    "working.proofing": idle("proofer"),
    paying: idle("cashier"),
  },
});

/** Regions that decide for each other within one step: what one agent's end leads to depends on the others' of the same step. */
const race = setup({
  types: { context: {} as { votes: number }, events: {} as { type: string } },
  guards: { isSecond: ({ context }) => context.votes >= 1, isDecided: ({ context }) => context.votes >= 2 },
  actions: { count: assign({ votes: ({ context }) => context.votes + 1 }) },
}).createMachine({
  context: { votes: 0 },
  initial: "race",
  states: {
    race: {
      type: "parallel",
      states: {
        one: {
          initial: "run",
          states: { run: { on: { "DONE.race.one.run": { target: "over", actions: "count" } } }, over: { type: "final" } },
        },
        two: {
          initial: "run",
          states: {
            run: {
              on: {
                "DONE.race.two.run": [
                  { guard: "isSecond", target: "consolation", actions: "count" },
                  { target: "over", actions: "count" },
                ],
              },
            },
            consolation: { on: { "DONE.race.two.consolation": "over" } },
            over: { type: "final" },
          },
        },
        judge: {
          initial: "asleep",
          states: {
            asleep: { tags: "waits", always: { guard: "isDecided", target: "awake" } },
            awake: { on: { "DONE.race.judge.awake": "over" } },
            over: { type: "final" },
          },
        },
      },
      onDone: "podium",
    },
    podium: { on: { DONE: "home" } },
    home: { type: "final" },
  },
});

export const racing = defineOrchestration({
  name: "racing",
  machine: race,
  agents: {
    "race.one.run": idle("hare"),
    "race.two.run": idle("tortoise"),
    "race.two.consolation": idle("friend"),
    "race.judge.awake": idle("owl"),
    podium: idle("band"),
  },
});

export const mapping = mapReduce({ name: "mapping", items: () => [1, 2], mapper: idle("mapper"), reducer: idle("reducer") });

export const jury = consensus({ name: "jury", voters: [idle("a"), idle("b")] });
export const deliberating = consensus({
  name: "deliberating",
  voters: [idle("b"), idle("a")],
  choices: ["yes", "no"],
  rounds: 2,
  minAgreement: 1,
  speaker: idle("chair"),
});

export const joining = hierarchical({ name: "joining", members: [idle("a"), withTask(idle("b"), "Do b.")], minimum: 2 });
export const led = hierarchical({ name: "led", lead: idle("lead"), members: [idle("b"), idle("a")], aggregate: idle("editor") });
export const strictly = hierarchical({ name: "strictly", members: [idle("a"), idle("b")], aggregate: "merge", onFailure: "stop" });

export const routed = router({
  name: "routed",
  agents: [idle("a"), idle("b")],
  rules: [{ to: "a", when: { intents: ["x"] } }],
  default: "b",
  maxHandoffs: 1,
});
export const overseen = router({ name: "overseen", agents: [idle("a"), idle("b")], supervisor: idle("boss"), maxHandoffs: 1 });
const crew = [idle("researcher"), idle("coder")];
export const delegating = supervisor({ name: "delegating", supervisor: idle("boss"), workers: crew, maxRounds: 2 });
export const dispatching = supervisor({
  name: "dispatching",
  supervisor: idle("boss"),
  workers: crew,
  strategy: "sequential",
  autoDelegate: true,
});
export const deferring = supervisor({ name: "deferring", supervisor: idle("boss"), workers: crew, asyncDelivery: true, maxRounds: 2 });

export const planned = orchestratorWorker({
  name: "planned",
  planner: idle("planner"),
  workers: crew,
  synthesizer: idle("writer"),
  maxReplans: 1,
});
export const bare = orchestratorWorker({ name: "bare", planner: idle("planner"), workers: crew, onFailure: "skip" });
export const ledgers = magentic({
  name: "ledgers",
  orchestrator: () => "",
  team: [idle("surfer"), idle("coder")],
  maxRounds: 4,
  maxStalls: 2,
  maxResets: 1,
});
export const unforgiving = magentic({
  name: "unforgiving",
  orchestrator: () => "",
  team: [idle("surfer")],
  maxRounds: 2,
  maxStalls: 2,
  maxResets: 0,
});

const roles = {
  planner: { agents: [idle("p")] },
  coder: { agents: [idle("c"), idle("d")], lite: [idle("l"), idle("m")] },
  tester: { lite: [idle("t")] },
};
export const rotating = roundRobin({ name: "rotating", roles });
export const relaying = roleChain({ name: "relaying", roles, chain: ["planner", "coder", "tester", "planner"] });
export const calling = broadcast({
  name: "calling",
  roles: { coder: { agents: [idle("c")], lite: [idle("l")] }, tester: { agents: [idle("t")] } },
  synthesizer: idle("editor"),
});
