import { Command, isInterrupted } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import {
  abstain,
  agent,
  Ballot,
  consensus,
  consensusResult,
  handoff,
  human,
  InvalidDefinitionError,
  reply,
  sequential,
  send,
  vote,
  type ConsensusDefinition,
  type Outcome,
} from "../../index.js";
import { callTool, scriptedAgent, scriptedModel } from "../../testing/index.js";
import { lines, says, thread } from "./says.js";

type Options = Omit<ConsensusDefinition<string, Record<never, never>>, "name" | "voters">;

/** How a vote goes in which the voters a, b, c, … do this. */
async function poll(outcomes: readonly (string | Outcome | Error)[], options: Options = {}) {
  const voters = outcomes.map((outcome, index) => scriptedAgent(String.fromCharCode(97 + index), [outcome]));
  const state = await consensus({ name: "jury", voters, ...options })
    .compile()
    .invoke(says("Well?"));
  return { ...consensusResult(state), place: state.control.value, last: state.messages.at(-1)?.text };
}

const sure = (choice: string, confidence = 1) => vote(choice, { confidence });

describe("B4 consensus", () => {
  it("weighs votes by confidence, and gives winner, agreement, consensus and dissent", async () => {
    const result = await poll([
      vote("merge", { confidence: 0.9, reason: "tests pass" }),
      vote("wait", { confidence: 0.3, reason: "no changelog" }),
      vote("merge", { confidence: 0.6 }),
    ]);
    expect(result).toMatchObject({
      consensus: true,
      winner: "merge",
      supporters: ["a", "c"],
      missing: [],
      tied: [],
      round: 1,
      place: "(agreed)",
    });
    expect(result.agreement).toBeCloseTo(1.5 / 1.8);
    expect(result.support).toBeCloseTo(2 / 3);
    expect(result.dissent).toEqual([{ voter: "b", choice: "wait", confidence: 0.3, reason: "no changelog", round: 1 }]);
    expect(result.last).toBe('Consensus on "merge" (83 % of the weight, round 1).\nb is for "wait": no changelog');
  });

  it("one sure voter outweighs two that are not; by heads they outvote it", async () => {
    const votes = [sure("x", 0.9), sure("y", 0.2), sure("y", 0.2)];
    expect(await poll(votes)).toMatchObject({ winner: "x", consensus: true });
    expect(await poll(votes, { weighting: "equal" })).toMatchObject({ winner: "y", consensus: true });
    expect(await poll(votes, { weights: { b: 5 } })).toMatchObject({ winner: "y", consensus: false, missing: ["threshold"] });
    expect(await poll(votes, { minAgreement: 0.5 })).toMatchObject({ winner: "x", consensus: false, missing: ["minAgreement"] });
  });

  it.each([
    { shares: [0.3, 0.3, 0.4], threshold: 0.6, consensus: true },
    { shares: [0.1, 0.2, 0.2], threshold: 0.6, consensus: true },
    { shares: [0.3, 0.29, 0.41], threshold: 0.6, consensus: false },
    { shares: [0.5, 0.5, 0], threshold: 1, consensus: true },
  ])("a share of exactly the threshold is enough: $shares against $threshold", async ({ shares, threshold, consensus: agreed }) => {
    const [one = 0, two = 0, other = 0] = shares;
    expect((await poll([sure("x", one), sure("x", two), sure("y", other)], { threshold })).consensus).toBe(agreed);
  });

  it("the leader is named also when it falls short", async () => {
    const result = await poll([sure("x"), sure("x"), sure("y"), sure("z")]);
    expect(result).toMatchObject({ winner: "x", agreement: 0.5, consensus: false, missing: ["threshold"], place: "(disagreed)" });
    expect(result.last).toContain('No consensus; "x" leads with 50 % (threshold; round 1).');
  });

  it("two spellings of a choice are one; of a list, the list's is kept", async () => {
    expect(await poll([sure("Ship it"), sure(" ship  IT ")])).toMatchObject({ winner: "Ship it", agreement: 1 });
    expect(await poll([sure("YES"), sure("yes")], { choices: ["Yes", "No"] })).toMatchObject({ winner: "Yes", agreement: 1 });
  });

  describe("ties", () => {
    const tie = [sure("y", 0.6), sure("x", 0.3), sure("x", 0.3)];

    it("stay open unless a rule breaks them", async () => {
      const result = await poll(tie, { threshold: 0.5 });
      expect(result).toMatchObject({ consensus: false, tied: ["y", "x"], missing: ["tie"], agreement: 0.5, supporters: [] });
      expect(result.winner).toBeUndefined();
      expect(result.dissent).toHaveLength(3);
    });

    it.each([
      { ties: "heads", winner: "x" },
      { ties: "first", winner: "y" },
      { ties: { chair: "c" }, winner: "x" },
    ] as const)("are broken by $ties", async ({ ties, winner }) => {
      expect(await poll(tie, { threshold: 0.5, ties })).toMatchObject({ consensus: true, winner, tied: ["y", "x"] });
    });

    it("the first of the choices wins where these are listed", async () => {
      expect(await poll(tie, { threshold: 0.5, ties: "first", choices: ["w", "x", "y"] })).toMatchObject({ winner: "x" });
    });

    it("a broken tie still has to meet the threshold", async () => {
      expect(await poll(tie, { ties: "first" })).toMatchObject({ winner: "y", consensus: false, missing: ["threshold"] });
    });

    it("stay open when the rule finds them equal too", async () => {
      expect(await poll([sure("x"), sure("y")], { threshold: 0.5, ties: "heads" })).toMatchObject({ missing: ["tie"] });
      expect(await poll([sure("x"), sure("y"), abstain()], { threshold: 0.5, ties: { chair: "c" } })).toMatchObject({ missing: ["tie"] });
    });
  });

  describe("abstentions", () => {
    it("are told with their reasons, and by default change no share", async () => {
      const result = await poll([sure("x"), abstain("not my field"), sure("x")]);
      expect(result).toMatchObject({ consensus: true, agreement: 1, dissent: [] });
      expect(result.support).toBeCloseTo(2 / 3);
      expect(result.abstained).toEqual([{ voter: "b", choice: null, confidence: 0, reason: "not my field", round: 1 }]);
    });

    it("weigh against every choice where they are to", async () => {
      expect(await poll([sure("x"), abstain()], { abstentions: "against" })).toMatchObject({ agreement: 0.5, missing: ["threshold"] });
    });

    it("of more than half leave no quorum", async () => {
      expect(await poll([sure("x"), abstain(), abstain()])).toMatchObject({ winner: "x", consensus: false, missing: ["quorum"] });
      expect(await poll([sure("x"), abstain(), abstain()], { quorum: 0.3 })).toMatchObject({ consensus: true });
    });

    it("of all, and votes without any confidence, are no consensus", async () => {
      expect(await poll([abstain(), abstain()], { quorum: 0, threshold: 0 })).toMatchObject({ consensus: false, missing: ["votes"] });
      expect(await poll([sure("x", 0), sure("y", 0)], { quorum: 0, threshold: 0 })).toMatchObject({ consensus: false, missing: ["votes"] });
    });

    it.each([
      ["says it in words only", 'I vote for "x"!', "The voter gave no ballot."],
      ["fails", new Error("no connection"), "no connection"],
      ["hands off", handoff("b"), '"HANDOFF.b" is not accepted'],
      ["votes for another", send({ type: "VOTE.b", choice: "x" }), '"VOTE.b" is none'],
      ["votes for what is not open", vote("z"), '"z" cannot be voted for; expected x, y.'],
      ["is more than certain", vote("x", { confidence: 7 }), "confidence"],
      ["is sure beyond numbers", vote("x", { confidence: Number.NaN }), "confidence"],
      ["gives data that is no ballot", reply("x", { data: { choice: 1 } }), "The voter gave no ballot."],
    ])("a voter that %s has abstained, and takes nobody with it", async (_what, outcome, reason) => {
      const result = await poll([outcome, sure("x"), sure("x")], { choices: ["x", "y"] });
      expect(result).toMatchObject({ consensus: true, winner: "x", supporters: ["b", "c"], abstained: [{ voter: "a" }] });
      expect(result.abstained[0]?.reason).toContain(reason);
    });

    it("a voter that hangs has abstained when its time is over", async () => {
      let stopped = false;
      const hanging = agent({
        id: "hanging",
        run: (turn) => {
          turn.config.signal?.addEventListener("abort", () => (stopped = true));
          return new Promise<never>(() => undefined);
        },
      });
      const jury = consensus({ name: "jury", voters: [hanging, scriptedAgent("b", [vote("x")])], timeout: 20 });
      const state = await jury.compile().invoke(says("Well?"));
      expect(consensusResult(state)).toMatchObject({ winner: "x", abstained: [{ voter: "hanging" }] });
      expect(state.results["hanging"]).toMatchObject({ status: "failed", error: { name: "StepTimeoutError" } });
      expect(stopped).toBe(true);
    });
  });

  describe("rounds", () => {
    it("go on until there is a consensus, and everyone sees the others' votes and reasons", async () => {
      const a = scriptedAgent("a", [vote("x", { reason: "cheap" }), vote("x")]);
      const b = scriptedAgent("b", [
        vote("y", { confidence: 0.8, reason: "it is safe" }),
        (turn) => vote(consensusResult(turn).winner ?? "y"),
      ]);
      const state = await consensus({ name: "jury", voters: [a, b], rounds: 3 })
        .compile()
        .invoke(says("Well?"));
      expect(consensusResult(state)).toMatchObject({ consensus: true, winner: "x", round: 2, dissent: [] });
      expect(lines(a.turns[0]?.messages ?? [])).toEqual(["user: Well?"]);
      expect(lines(a.turns[1]?.messages ?? [])).toEqual([
        "user: Well?",
        'a: I vote for "x" (confidence 1). cheap',
        'b: I vote for "y" (confidence 0.8). it is safe',
      ]);
      expect(consensusResult(b.turns[1] ?? state).ballots.map((ballot) => ballot.reason)).toEqual(["cheap", "it is safe"]);
      a.assertDone();
      b.assertDone();
    });

    it("are at most so many; then it ends without consensus and says so", async () => {
      const stubborn = (id: string) => scriptedAgent(id, [vote(id), vote(id)]);
      const voters = [stubborn("a"), stubborn("b")];
      const state = await consensus({ name: "jury", voters, rounds: 2 }).compile().invoke(says("Well?"));
      expect(state.control).toMatchObject({ value: "(disagreed)", done: true });
      expect(consensusResult(state)).toMatchObject({ consensus: false, round: 2, tied: ["a", "b"], missing: ["tie", "threshold"] });
      for (const voter of voters) voter.assertDone();
    });

    it("a vote of an earlier round does not count for one that abstains now", async () => {
      const voters = [scriptedAgent("a", [vote("x"), abstain()]), scriptedAgent("b", [vote("y"), vote("y")])];
      const state = await consensus({ name: "jury", voters, rounds: 2 }).compile().invoke(says("Well?"));
      expect(consensusResult(state)).toMatchObject({ winner: "y", agreement: 1, consensus: true });
    });
  });

  it("models fill in a ballot; what they say beside it decides nothing", async () => {
    const ballots = [
      callTool("respond", { choice: "x", confidence: 0.7, reason: "it fits" }),
      callTool("respond", { choice: null, reason: "unclear" }),
      callTool("respond", { choice: "x" }),
    ];
    const models = ballots.map((ballot) => scriptedModel([ballot]));
    const voters = models.map((model, index) => agent({ id: `m${index}`, model, output: Ballot }));
    const state = await consensus({ name: "jury", voters }).compile().invoke(says("Well?"));
    expect(consensusResult(state)).toMatchObject({
      winner: "x",
      consensus: true,
      supporters: ["m0", "m2"],
      abstained: [{ reason: "unclear" }],
    });
    expect(lines(state.messages)).toContain('m0: I vote for "x" (confidence 0.7). it fits');
    for (const model of models) model.assertDone();
  });

  it("voters that know nothing of ballots vote by what their results are read as", async () => {
    const inner = sequential({ name: "inner", agents: [scriptedAgent("deep", ["FastAPI"])] });
    const voters = [inner, scriptedAgent("b", ["fastapi"]), scriptedAgent("c", ["Django"]), scriptedAgent("d", ["no idea"])];
    const jury = consensus({
      name: "jury",
      voters,
      ballot: ({ content }) => (content === "no idea" ? undefined : { choice: content }),
    });
    const state = await jury.compile().invoke(says("Which framework?"));
    expect(consensusResult(state)).toMatchObject({
      winner: "FastAPI",
      supporters: ["inner", "b"],
      consensus: true,
      dissent: [{ voter: "c" }],
    });
    expect(consensusResult(state).abstained.map((ballot) => ballot.voter)).toEqual(["d"]);
  });

  it("a person votes beside agents, and who voted before is not asked again", async () => {
    const { checkpointer, config } = thread();
    const b = scriptedAgent("b", [vote("x")]);
    const jury = consensus({ name: "jury", voters: [human({ id: "person", question: "Well?" }), b], timeout: 5 });
    expect(isInterrupted(await jury.compile({ checkpointer }).invoke(says("go"), config))).toBe(true);
    const state = await jury
      .compile({ checkpointer })
      .invoke(new Command({ resume: { event: { type: "VOTE", choice: "x", confidence: 1 } } }), config);
    expect(consensusResult(state)).toMatchObject({ winner: "x", agreement: 1, support: 1 });
    b.assertDone();
  });

  it("a speaker has the last word, on the result", async () => {
    const speaker = agent({ id: "chair", run: (turn) => `It is ${consensusResult(turn).winner}.` });
    const jury = consensus({ name: "jury", voters: [scriptedAgent("a", [vote("x")])], speaker });
    const state = await sequential({ name: "outer", agents: [jury] })
      .compile()
      .invoke(says("Well?"));
    expect(state.results["jury"]?.content).toBe("It is x.");
  });

  it("the next input is a new vote", async () => {
    const { checkpointer, config } = thread();
    const graph = consensus({ name: "jury", voters: [scriptedAgent("a", [vote("x"), vote("y")])] }).compile({ checkpointer });
    expect(consensusResult(await graph.invoke(says("Well?"), config)).winner).toBe("x");
    expect(consensusResult(await graph.invoke(says("And now?"), config))).toMatchObject({ winner: "y", round: 1 });
  });

  it("a hundred voters with long reasons fit into a checkpoint", async () => {
    const voters = Array.from({ length: 100 }, (_, index) =>
      agent({ id: `voter-${index}`, run: () => vote(`${index}`.padEnd(120, "x"), { reason: "r".repeat(5_000) }) }),
    );
    const state = await consensus({ name: "jury", voters }).compile().invoke(says("Well?"));
    expect(consensusResult(state)).toMatchObject({ round: 1, missing: ["tie", "threshold"] });
    expect(consensusResult(state).ballots).toHaveLength(100);
    expect(state.messages.at(1)?.text).toContain("r".repeat(5_000));
  });

  it("has nothing to report to verify()", () => {
    expect(consensus({ name: "jury", voters: [scriptedAgent("a", [])], rounds: 3 }).verify().findings).toEqual([]);
  });

  it("a definition that cannot decide anything tells of all its mistakes at once", () => {
    const wrong = {
      threshold: 1.5,
      quorum: 2,
      weights: { ghost: 1, a: -1 },
      ties: { chair: "nobody" },
      choices: ["", "x"],
      rounds: 0,
      timeout: 0.5,
    } as never; // from configuration, where no compiler looks
    expect(issuesOf(() => consensus({ name: "jury", voters: [scriptedAgent("a", [])], ...(wrong as object) }))).toEqual([
      "BAD_SHARE threshold",
      "BAD_SHARE quorum",
      "UNKNOWN_AGENT weights.ghost",
      "BAD_WEIGHT weights.a",
      "UNKNOWN_AGENT ties.chair",
      "BAD_CHOICE choices",
      "BAD_LIMIT rounds",
      "BAD_LIMIT timeout",
    ]);
    const noNumber = { ...(wrong as object), quorum: Number.NaN };
    expect(issuesOf(() => consensus({ name: "jury", voters: [scriptedAgent("a", [])], ...noNumber }))).toEqual(["BAD_LIMIT quorum"]);
    expect(issuesOf(() => consensus({ name: "jury", voters: [] }))).toContain("NO_AGENTS voters");
    expect(issuesOf(() => consensus({ name: "jury", voters: [scriptedAgent("a", [])], choices: [] }))).toEqual(["NO_CHOICES choices"]);
    const crowd = Array.from({ length: 101 }, (_, index) => scriptedAgent(`v${index}`, []));
    expect(issuesOf(() => consensus({ name: "jury", voters: crowd }))).toEqual(["TOO_MANY voters"]);
  });
});

function issuesOf(define: () => unknown): string[] {
  try {
    define();
  } catch (error) {
    if (error instanceof InvalidDefinitionError) return error.issues.map((issue) => `${issue.code} ${issue.path}`);
    throw error;
  }
  return [];
}
