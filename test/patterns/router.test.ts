import { AIMessage } from "@langchain/core/messages";
import { MemorySaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import {
  agent,
  handoff,
  InvalidDefinitionError,
  router,
  send,
  UnknownAgentError,
  type RouterDefinition,
  type Routing,
} from "../../index.js";
import { scriptedAgent } from "../../testing/index.js";
import { failure, lines } from "./says.js";

type Options = Omit<RouterDefinition<"billing" | "tech" | "triage", Record<never, never>>, "name" | "agents">;
type Metadata = Readonly<Record<string, unknown>>;

const desks = () => [
  agent({ id: "billing", run: () => "billing here" }),
  agent({ id: "tech", run: () => "tech here" }),
  agent({ id: "triage", run: () => "triage here" }),
];

/** A thread in which the user says things, each with its metadata; who answers, and why. */
function talk(options: Options = {}, agents: RouterDefinition<"billing" | "tech" | "triage", Record<never, never>>["agents"] = desks()) {
  const graph = router({ name: "desk", agents, ...options }).compile({ checkpointer: new MemorySaver() });
  return async (metadata: Metadata = {}, configurable: Metadata = {}): Promise<string> => {
    const message = { role: "user", content: "Hello.", additional_kwargs: { metadata } };
    const state = await graph.invoke({ messages: [message] } as never, { configurable: { thread_id: "1", ...configurable } }); // as a client would send it
    const routing = state.results["route"]?.data as Routing | undefined;
    return `${routing?.to ?? "nobody"} by ${routing?.via}`;
  };
}

describe("B12 router", () => {
  it("asks affinity first, then rules by priority, then the default", async () => {
    const say = talk({
      rules: [
        { to: "tech", when: { intents: ["any"] }, priority: 5 },
        { to: "billing", when: { intents: ["any"] }, priority: 1 },
        { to: "tech", when: { intents: ["any"] }, priority: 1 },
      ],
      default: "triage",
    });
    expect(await say()).toBe("triage by default");
    expect(await say()).toBe("triage by default");
    expect(await say({ intent: "any" })).toBe("billing by rule");
    expect(await say({ intent: "other" })).toBe("billing by affinity");
  });

  it("who was the default does not keep the conversation, who has it by rule, address or handoff does", async () => {
    const say = talk({ rules: [{ to: "tech", when: { intents: ["x"] } }], default: "triage" });
    expect(await say()).toBe("triage by default");
    expect(await say({ intent: "x" })).toBe("tech by rule");
    expect(await say({ agentId: "billing" })).toBe("billing by address");
    expect(await say({ intent: "x" })).toBe("billing by affinity");
    const passed = talk({ default: "triage" }, [...desks().slice(0, 2), scriptedAgent("triage", [handoff("tech")])]);
    expect(await passed()).toBe("triage by default");
    expect(await passed()).toBe("tech by affinity");
  });

  it("an agent that releases the conversation has it no more", async () => {
    const tech = scriptedAgent("tech", ["Is it on?", send("RELEASE", { content: "Bye." })]);
    const say = talk({ rules: [{ to: "tech", when: { intents: ["x"] } }], default: "triage" }, [
      ...desks().slice(0, 1),
      tech,
      ...desks().slice(2),
    ]);
    expect([await say({ intent: "x" }), await say(), await say()]).toEqual(["tech by rule", "tech by affinity", "triage by default"]);
    tech.assertDone();
  });

  it("without stickiness every message is routed by itself", async () => {
    const say = talk({ rules: [{ to: "tech", when: { intents: ["x"] } }], default: "triage", sticky: false });
    expect([await say({ intent: "x" }), await say(), await say({ intent: "x" })]).toEqual([
      "tech by rule",
      "triage by default",
      "tech by rule",
    ]);
  });

  it.each<{ when: NonNullable<Options["rules"]>[number]["when"]; metadata: Metadata; applies: boolean }>([
    { when: {}, metadata: {}, applies: true },
    { when: { phases: ["intake"] }, metadata: {}, applies: true },
    { when: { phases: ["handling"] }, metadata: {}, applies: false },
    { when: { channelTypes: ["sms", "voice"] }, metadata: { channelType: "voice" }, applies: true },
    { when: { channelTypes: ["sms"] }, metadata: { channel_type: "email" }, applies: false },
    { when: { channelTypes: ["sms"] }, metadata: { channel_type: "sms" }, applies: true },
    { when: { sources: ["app"] }, metadata: { source: "app" }, applies: true },
    { when: { sources: ["app"] }, metadata: {}, applies: false },
    { when: { intents: ["pay"] }, metadata: { intent: "pay" }, applies: true },
    { when: { intents: [] }, metadata: { intent: "pay" }, applies: false },
    { when: { custom: (turn) => turn.messages.at(-1)?.text === "Hello." }, metadata: {}, applies: true },
    { when: { custom: (_turn, { intent }) => intent === "pay" }, metadata: { intent: "go" }, applies: false },
    { when: { intents: ["pay"], sources: ["app"] }, metadata: { intent: "pay", source: "web" }, applies: false },
    {
      when: { intents: ["pay"], sources: ["app"], phases: ["intake"], custom: () => false },
      metadata: { intent: "pay", source: "app" },
      applies: false,
    },
    {
      when: { intents: ["pay"], sources: ["app"], phases: ["intake"], custom: () => true },
      metadata: { intent: "pay", source: "app" },
      applies: true,
    },
  ])("all conditions of a rule hold together: $when for $metadata is $applies", async ({ when, metadata, applies }) => {
    expect(await talk({ rules: [{ to: "tech", when }], default: "triage" })(metadata)).toBe(applies ? "tech by rule" : "triage by default");
  });

  it("the conversation's phase follows the agent that has it", async () => {
    const rules = [
      { to: "billing", when: { phases: ["resolution"] } },
      { to: "tech", when: { intents: ["x"] } },
    ] as const;
    const say = talk({ rules, default: "triage", phaseMap: { tech: "resolution" }, sticky: false });
    expect([await say(), await say({ intent: "x" }), await say({ intent: "x" })]).toEqual([
      "triage by default",
      "tech by rule",
      "billing by rule",
    ]);
  });

  it("metadata may come with the run, and what comes with the message goes before it", async () => {
    const say = talk({ rules: [{ to: "tech", when: { intents: ["x"] } }], default: "triage", sticky: false });
    expect(await say({}, { intent: "x" })).toBe("tech by rule");
    expect(await say({ intent: "y" }, { intent: "x" })).toBe("triage by default");
  });

  it("an intent may be found by a function that takes its time", async () => {
    const say = talk({ rules: [{ to: "tech", when: { intents: ["x"] } }], about: async () => Promise.resolve({ intent: "x" }) });
    expect(await say()).toBe("tech by rule");
  });

  it("a message to somebody who is not here is refused: nobody answers in that name", async () => {
    const say = talk({ default: "triage" });
    const error = await failure(say({ agentId: "biling" }));
    expect(error).toBeInstanceOf(UnknownAgentError);
    expect(error.message).toBe('No agent or phase "biling"; known: billing, tech, triage.');
    expect(await say()).toBe("triage by default");
  });

  it("metadata that is none is refused", async () => {
    expect((await failure(talk({ default: "triage" })({ intent: { a: 1 } }))).message).toContain("The metadata of a message");
  });

  it("what no rule is for, without a default, reaches nobody, and the next message is routed again", async () => {
    const say = talk({ rules: [{ to: "tech", when: { intents: ["x"] } }] });
    expect([await say(), await say({ intent: "x" })]).toEqual(["nobody by nobody", "tech by rule"]);
  });

  it("an agent's own message is never routed", async () => {
    const graph = router({ name: "desk", agents: desks(), rules: [{ to: "tech", when: {} }], default: "triage" }).compile();
    const state = await graph.invoke({ messages: [new AIMessage({ content: "billing here", name: "billing" })] });
    expect(state.results["route"]?.data).toMatchObject({ via: "nobody" });
    expect(state.messages).toHaveLength(1);
  });

  it("a supervisor sees every turn, and what is for nobody comes to it alone", async () => {
    const seen: string[][] = [];
    const boss = agent({
      id: "boss",
      run: (turn) => {
        seen.push([turn.phase, ...lines(turn.messages)]);
        return turn.phase === "boss" ? "Nobody knows that." : "";
      },
    });
    const graph = router({ name: "desk", agents: desks(), rules: [{ to: "tech", when: { intents: ["x"] } }], supervisor: boss }).compile({
      checkpointer: new MemorySaver(),
    });
    const config = { configurable: { thread_id: "1" } };
    await graph.invoke({ messages: [{ role: "user", content: "Why?" }] }, config);
    await graph.invoke(
      { messages: [{ role: "user", content: "How?", additional_kwargs: { metadata: { intent: "x" } } }] } as never,
      config,
    ); // as a client would send it
    expect(seen).toEqual([
      ["boss", "user: Why?"],
      ["tech", "user: Why?", "boss: Nobody knows that.", "user: How?", "tech: tech here"],
    ]);
  });

  it("handoffs are bounded between two messages", async () => {
    const pingpong = (id: "billing" | "tech", other: string) =>
      agent({ id, run: (turn) => (turn.handoffs().length > 0 ? handoff(other) : "I give up.") });
    const graph = router({
      name: "desk",
      agents: [pingpong("billing", "tech"), pingpong("tech", "billing")],
      default: "billing",
      maxHandoffs: 3,
    }).compile();
    const state = await graph.invoke({ messages: [{ role: "user", content: "?" }] });
    expect(state.control.trail.filter((entry) => entry.event.startsWith("HANDOFF"))).toHaveLength(3);
    expect(lines(state.messages).at(-1)).toBe("tech: I give up.");
  });

  it("the trail says why a message went where it went", async () => {
    const graph = router({ name: "desk", agents: desks(), rules: [{ to: "tech", when: {} }] }).compile();
    const state = await graph.invoke({ messages: [{ role: "user", content: "?" }] });
    expect(state.control.trail.at(-1)).toMatchObject({ event: "ROUTE.tech", by: "route", from: "route", to: "tech", reason: "rules.0" });
  });

  it("tells of all mistakes in its rules at once", () => {
    const rules = [
      { to: "tehc", when: {} },
      { to: "tech", when: { phases: ["handlung"] }, priority: Number.NaN },
    ];
    const define = () =>
      router({
        name: "desk",
        agents: desks() as never,
        rules: rules as never,
        default: "nobody" as never,
        phaseMap: { ghost: "x" } as never,
      });
    expect(define).toThrow(InvalidDefinitionError);
    expect(define).toThrow(
      /rules\.0\.to: "tehc"[\s\S]*default: "nobody"[\s\S]*phaseMap\.ghost[\s\S]*rules\.1\.when\.phases: a conversation is never in "handlung"; its phases are intake, handling[\s\S]*rules\.1\.priority/,
    );
  });

  it("a rule or a default that names nobody is a mistake the compiler finds", () => {
    // @ts-expect-error "tehc" is no agent
    expect(() => router({ name: "desk", agents: desks(), rules: [{ to: "tehc", when: {} }] })).toThrow(InvalidDefinitionError);
    // @ts-expect-error "triagge" is no agent
    expect(() => router({ name: "desk", agents: desks(), default: "triagge" })).toThrow(InvalidDefinitionError);
  });

  it("has nothing to report to verify()", () => {
    expect(
      router({ name: "desk", agents: desks(), default: "triage", supervisor: agent({ id: "boss", run: () => "" }) }).verify().findings,
    ).toEqual([]);
  });
});
