import { tool } from "@langchain/core/tools";
import { SimpleChatModel } from "@langchain/core/language_models/chat_models";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  agent,
  magentic,
  parallel,
  pipeline,
  planner,
  router,
  sequential,
  specialist,
  supervisor,
  swarm,
  type Agent,
} from "../../index.js";
import { says } from "../patterns/says.js";

/** A model that has never heard of tools. */
class MuteModel extends SimpleChatModel {
  override _llmType(): string {
    return "mute";
  }
  override async _call(): Promise<string> {
    return "words";
  }
}
const mute = () => new MuteModel({});
const talker = <const Id extends string>(id: Id) => agent({ id, model: mute() });
const look = tool(() => "seen", { name: "look", description: "Looks.", schema: z.object({}) });
const helper = agent({ id: "helper", run: () => "help" });
const refused = (message: RegExp) =>
  expect.objectContaining({ name: "InvalidDefinitionError", message: expect.stringMatching(message) as string });

describe("A7 a model that cannot call tools", () => {
  it("is refused with tools or an output when the agent is defined", () => {
    expect(() => agent({ id: "a", model: mute(), tools: [look] })).toThrow(
      refused(/Agent "a"[\s\S]*model: the model MuteModel cannot call tools/),
    );
    expect(() => agent({ id: "a", model: mute(), output: z.string() })).toThrow(refused(/cannot call tools/));
    expect(() => planner({ id: "p", model: mute(), workers: [{ id: "w" }] })).toThrow(refused(/cannot call tools/));
    expect(() => specialist("FileSurfer", { model: mute(), tools: [] })).toThrow(refused(/FileSurfer/));
  });

  const teams: Readonly<Record<string, () => { compile(): unknown }>> = {
    swarm: () => swarm({ name: "s", agents: [talker("a"), helper] }),
    pipeline: () =>
      pipeline({
        name: "p",
        stages: [
          { phase: "one", agent: talker("a"), next: "two" },
          { phase: "two", agent: helper },
        ],
      }),
    router: () => router({ name: "r", agents: [talker("a"), helper], default: "a" }),
    supervisor: () => supervisor({ name: "s", supervisor: talker("a"), workers: [helper] }),
    nested: () => sequential({ name: "outer", agents: [swarm({ name: "s", agents: [talker("a"), helper] })] }),
  };
  it.each(Object.keys(teams))("is refused where it has to hand over or to delegate, when the team is compiled: %s", (kind) => {
    expect(() => teams[kind]?.().compile()).toThrow(refused(/"a".*cannot (call tools|be given tools)/s));
  });

  it("works where nothing but words is asked of it", async () => {
    const worker: Agent<"worker"> = talker("worker");
    const teams_ = [
      sequential({ name: "q", agents: [talker("a"), talker("b")] }),
      parallel({ name: "p", branches: [talker("a"), helper] }),
      swarm({ name: "alone", agents: [talker("a")] }),
      swarm({ name: "closed", agents: [talker("a"), helper], handoffs: { helper: ["a"] } }),
      supervisor({ name: "auto", supervisor: talker("a"), workers: [worker], strategy: "parallel", autoDelegate: true }),
      magentic({ name: "m", orchestrator: () => "", team: [worker], maxRounds: 1 }),
    ];
    for (const team of teams_) {
      const graph = team.compile() as { invoke(input: object): Promise<{ readonly messages: readonly { readonly text: string }[] }> };
      expect((await graph.invoke(says("hi"))).messages.length).toBeGreaterThan(1);
    }
  });

  it("that nobody could know of before is named at the first call, with agent and phase", async () => {
    const chosen = agent({ id: "a", model: () => mute() });
    const stages = [
      { phase: "one", agent: chosen, next: "two" },
      { phase: "two", agent: helper },
    ] as const;
    const graph = pipeline({ name: "p", stages }).compile();
    await expect(graph.invoke(says("hi"))).rejects.toThrow(refused(/Agent "a" in phase "one"[\s\S]*MuteModel cannot call tools/));
  });

  it.each([7, {}, "", []])("what is no model at all is refused when it is defined: %j", (model) => {
    expect(() => agent({ id: "a", model: model as never })).toThrow(refused(/model: must be a chat model of LangChain/));
    const odd = agent({ id: "a", model: () => model as never });
    return expect(
      sequential({ name: "s", agents: [odd] })
        .compile()
        .invoke(says("hi")),
    ).rejects.toMatchObject({ name: "InvalidRequestError" });
  });
});
