import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { AIMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { fakeModel } from "@langchain/core/testing";
import { tool } from "@langchain/core/tools";
import { Command, isInterrupted, MemorySaver } from "@langchain/langgraph";
import { createHandoffTool } from "@langchain/langgraph-swarm";
import { ChatOpenAI } from "@langchain/openai";
import {
  createAgent,
  createMiddleware,
  humanInTheLoopMiddleware,
  modelCallLimitMiddleware,
  toolStrategy,
  type AgentMiddleware,
} from "langchain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { agent, pipeline, reply, sequential, swarm } from "../../index.js";
import { ask, calls, countingTool, handsOff, texts, thread } from "./graph-fixtures.js";
import { runs } from "../runs.js";

const bob = agent({ id: "bob", description: "Does the books", run: () => "Bob here." });
const team = (alice: Parameters<typeof agent>[0] | object) =>
  swarm({ name: "team", agents: [agent({ id: "alice", ...alice } as Parameters<typeof agent>[0] & { id: "alice" }), bob] }); // whatever a test adds

/** A middleware that keeps the names of the tools that the model was given, call by call. */
function watching() {
  const offered: string[][] = [];
  const descriptions: string[] = [];
  const log: string[] = [];
  const middleware = createMiddleware({
    name: "watching",
    beforeModel: () => void log.push("beforeModel"),
    afterModel: () => void log.push("afterModel"),
    afterAgent: () => void log.push("afterAgent"),
  });
  /** The model itself tells what reached it: middleware of the agent stands before ours. */
  const model = fakeModel();
  const bind = model.bindTools.bind(model);
  model.bindTools = (tools) => {
    const given = tools as readonly { name?: string; function?: { name: string; description: string } }[]; // the two forms in use
    offered.push(given.map((one) => one.name ?? one.function?.name ?? ""));
    descriptions.push(...given.flatMap((one) => (one.function === undefined ? [] : [one.function.description])));
    return bind(tools);
  };
  return { middleware, model, offered, descriptions, log };
}

/** True when a provider would accept the history: each call answered exactly once, right after it. */
function isValid(messages: readonly BaseMessage[]): boolean {
  const open: (string | undefined)[] = [];
  for (const message of messages) {
    if (ToolMessage.isInstance(message)) {
      const place = open.indexOf(message.tool_call_id);
      if (place < 0) return false;
      open.splice(place, 1);
    } else if (open.length > 0) return false;
    if (AIMessage.isInstance(message)) open.push(...(message.tool_calls ?? []).map((call) => call.id));
  }
  return open.length === 0;
}

describe("C2 the handoff of a createAgent agent", () => {
  it("is a tool that lists who can take over now, and nothing when nobody can", async () => {
    const { model, offered, descriptions } = watching();
    model.respond(calls(handsOff("bob")));
    const state = await team({ graph: createAgent({ model, tools: [countingTool().tool] }) })
      .compile()
      .invoke(ask("hi"));
    expect(offered).toEqual([["count", "handoff"]]);
    expect(descriptions[0]).toContain("- bob: Does the books");
    expect(texts(state)).toEqual(["hi", "", "Handed over to bob.", "Bob here."]);
    expect(state.control.trail.find((entry) => entry.event === "HANDOFF.bob")).toMatchObject({ by: "alice" });

    const alone = watching();
    alone.model.respond(new AIMessage("Alone."));
    await sequential({
      name: "team",
      agents: [agent({ id: "alice", graph: createAgent({ model: alone.model, tools: [countingTool().tool] }) })],
    })
      .compile()
      .invoke(ask("hi"));
    expect(alone.offered).toEqual([["count"]]);
  });

  it("depends on the phase, though the agent is built once", async () => {
    const { model, offered, descriptions } = watching();
    model.respond(calls(handsOff("second"))).respond(new AIMessage("Done."));
    const alice = agent({ id: "alice", graph: createAgent({ model }) });
    const stages = pipeline({
      name: "team",
      stages: [
        { phase: "first", agent: alice, next: "second" },
        { phase: "second", agent: alice, next: "third" },
        { phase: "third", agent: bob },
      ],
    });
    await stages.compile().invoke(ask("hi"));
    expect(offered).toEqual([["handoff"], ["handoff"]]);
    expect(descriptions.map((text) => text.split("\n")[1])).toEqual(["- second (alice)", "- third (bob): Does the books"]);
  });

  it("serves threads that run at the same time, each with its own targets", async () => {
    const model = fakeModel();
    const heard: string[] = [];
    for (let turn = 0; turn < 6; turn += 1) model.respond((messages) => calls(handsOff("bob", `to-bob-${messages.length}-${turn}`)));
    const told = agent({ id: "bob", run: (turn) => (heard.push(turn.messages[0]?.text ?? ""), "ok") });
    const graph = swarm({ name: "team", agents: [agent({ id: "alice", graph: createAgent({ model }) }), told] }).compile();
    const states = await Promise.all(["a", "b", "c", "d", "e", "f"].map((text) => graph.invoke(ask(text))));
    expect(heard.sort()).toEqual(["a", "b", "c", "d", "e", "f"]);
    for (const state of states) expect(state.messages).toHaveLength(4);
  });

  it("refused, it tells the model who can take over, and goes on", async () => {
    const rejected: unknown[] = [];
    const model = fakeModel()
      .respond(calls(handsOff("carol", "1")))
      .respond(calls(["handoff", { to: "bob" }, "2"]))
      .respond(new AIMessage("I do it myself."));
    const state = await team({ graph: createAgent({ model }), onHandoffRejected: (rejection: unknown) => rejected.push(rejection) })
      .compile()
      .invoke(ask("hi"));
    expect(rejected).toEqual([
      { agent: "alice", phase: "alice", target: "carol", legal: ["bob"] },
      { agent: "alice", phase: "alice", target: "", legal: ["bob"] },
    ]);
    expect(texts(state)[2]).toBe('A handoff to "carol" is not possible. Open now: bob. Choose one of these, or answer yourself.');
    expect(texts(state)[4]).toMatch(/^The arguments do not fit/);
    expect(texts(state).at(-1)).toBe("I do it myself.");
    expect(state.control.value).toBe("alice");
  });

  it("refused too often, it fails the turn", async () => {
    const model = fakeModel();
    for (let round = 0; round < 5; round += 1) model.respond(calls(handsOff("carol", String(round))));
    const graph = team({ graph: createAgent({ model }), handoffAttempts: 2 }).compile();
    await expect(graph.invoke(ask("hi"))).rejects.toMatchObject({ name: "HandoffRejectedError", attempts: 2, legal: ["bob"] });
    expect(model.callCount).toBe(2);
  });

  it.each(["v1", "v2"] as const)(
    "beside other calls, these run first and the turn ends without another model call (%s)",
    async (version) => {
      const counting = countingTool();
      const model = fakeModel().respond(calls(["count", {}, "1"], handsOff("bob", "2"), handsOff("bob", "3"), ["count", {}, "4"]));
      const state = await team({ graph: createAgent({ model, tools: [counting.tool], version }) })
        .compile()
        .invoke(ask("hi"));
      expect(counting.runs()).toBe(2);
      expect(model.callCount).toBe(1);
      expect(state.messages).toHaveLength(7);
      expect(isValid(state.messages)).toBe(true);
      expect(texts(state).slice(3, 5)).toEqual(["Handed over to bob.", "Not executed: the turn had ended before this call."]);
      expect(texts(state).at(-1)).toBe("Bob here.");
    },
  );

  it.each([[[handsOff("bob")]], [[["count", {}, "1"] as const, handsOff("bob")]]])(
    "runs the agent's own hooks around it, and none of a model call that does not happen (%#)",
    async (made) => {
      const { middleware, model, log } = watching();
      model.respond(calls(...made));
      // its type does not hold under exactOptionalPropertyTypes
      const limited = modelCallLimitMiddleware({ runLimit: 1, exitBehavior: "error" } as never) as unknown as AgentMiddleware;
      const graph = createAgent({ model, tools: [countingTool().tool], middleware: [middleware, limited] });
      const state = await team({ graph }).compile().invoke(ask("hi"));
      expect(log.slice(0, 2)).toEqual(["beforeModel", "afterModel"]);
      expect(log.filter((hook) => hook !== "afterAgent")).toHaveLength(2);
      expect(log.includes("afterAgent")).toBe(made.length === 1);
      expect(texts(state).at(-1)).toBe("Bob here.");
    },
  );

  it("leaves a failing tool what it was: an answer to the model", async () => {
    const failing = tool(() => Promise.reject(new Error("no paper")), { name: "print", description: "Prints.", schema: z.object({}) });
    const model = fakeModel()
      .respond(calls(["print", {}, "1"]))
      .respond(new AIMessage("It is broken."));
    const state = await team({ graph: createAgent({ model, tools: [failing] }) })
      .compile()
      .invoke(ask("hi"));
    expect(texts(state)[2]).toContain("no paper");
    expect(texts(state).at(-1)).toBe("It is broken.");
  });

  it("waits for a person who has to approve a call beside it, whatever the person says", async () => {
    // its type does not hold under exactOptionalPropertyTypes
    const approving = humanInTheLoopMiddleware({ interruptOn: { count: true } } as never) as unknown as AgentMiddleware;
    for (const [decision, runs] of [
      [{ type: "approve" }, 1],
      [{ type: "reject", message: "No." }, 0],
    ] as const) {
      const counting = countingTool();
      const model = fakeModel().respond(calls(["count", {}, "1"], handsOff("bob", "2")));
      const graph = team({ graph: createAgent({ model, tools: [counting.tool], middleware: [approving] }) }).compile({
        checkpointer: new MemorySaver(),
      });
      expect(isInterrupted(await graph.invoke(ask("hi"), thread("1")))).toBe(true);
      const state = await graph.invoke(new Command({ resume: { decisions: [decision] } }), thread("1"));
      expect(counting.runs()).toBe(runs);
      expect(model.callCount).toBe(1);
      expect(isValid(state.messages)).toBe(true);
      expect(texts(state).at(-1)).toBe("Bob here.");
    }
  });

  it("a structured answer lands in the data, and does not stand in the way of a handoff", async () => {
    const responseFormat = toolStrategy(z.object({ score: z.number() }).meta({ title: "rating" }));
    const answers = fakeModel().respond(calls([responseFormat[0]?.name ?? "", { score: 7 }, "1"]));
    const state = await team({ graph: createAgent({ model: answers, responseFormat }) })
      .compile()
      .invoke(ask("hi"));
    expect(state.results["alice"]?.data).toEqual({ score: 7 });
    const passes = fakeModel().respond(calls(handsOff("bob")));
    const passed = await team({ graph: createAgent({ model: passes, responseFormat }) })
      .compile()
      .invoke(ask("hi"));
    expect(texts(passed).at(-1)).toBe("Bob here.");
  });

  it("comes before what an output mapper would make of the turn", async () => {
    const output = () => reply("mapped");
    const passes = fakeModel().respond(calls(handsOff("bob")));
    expect(
      texts(
        await team({ graph: createAgent({ model: passes }), output })
          .compile()
          .invoke(ask("hi")),
      ).at(-1),
    ).toBe("Bob here.");
    const stays = fakeModel().respond(new AIMessage("ok"));
    expect(
      texts(
        await team({ graph: createAgent({ model: stays }), output })
          .compile()
          .invoke(ask("hi")),
      ).at(-1),
    ).toBe("mapped");
  });

  it("its steps and tokens stream under the agent's name", async () => {
    const model = fakeModel().respond(new AIMessage("ok"));
    const labels: unknown[] = [];
    const stream = await team({ graph: createAgent({ model }) })
      .compile()
      .stream(ask("hi"), { streamMode: "messages", subgraphs: true });
    for await (const [, [message, metadata]] of stream) if (message.text === "ok") labels.push([metadata["agent"], metadata["phase"]]);
    expect(labels).toContainEqual(["alice", "alice"]);
  });

  it("is not offered to an agent that has handoffs of langgraph-swarm, or that shall have none", async () => {
    for (const [options, tools] of [
      [{}, ["transfer_to_bob"]],
      [{ handoffs: true }, ["transfer_to_bob", "handoff"]],
      [{ handoffs: false }, ["transfer_to_bob"]],
    ] as const) {
      const { model, offered } = watching();
      model.respond(new AIMessage("ok"));
      await team({ graph: createAgent({ model, tools: [createHandoffTool({ agentName: "bob" })] }), ...options })
        .compile()
        .invoke(ask("hi"));
      expect(offered).toEqual([[...tools]]);
    }
  });

  it("a tool of the agent with its name is found when the agent is made", () => {
    const graph = createAgent({ model: fakeModel(), tools: [countingTool("handoff").tool] });
    expect(() => agent({ id: "alice", graph })).toThrow(/rename it, or say handoffs: false/);
    expect(agent({ id: "alice", graph, handoffs: false }).id).toBe("alice");
  });

  it("state and defaults of the agent's middleware work as they do without us", async () => {
    const seen: unknown[] = [];
    const middleware = createMiddleware({
      name: "mood",
      stateSchema: z.object({ mood: z.string().default("calm") }),
      beforeModel: (state) => void seen.push(state.mood),
    });
    const named = createAgent({ model: fakeModel().respond(new AIMessage("ok")), middleware: [middleware], name: "alicia" });
    const tags: string[] = [];
    const watch = { handleChatModelStart: (...given: readonly unknown[]) => void tags.push(...(given[5] as string[])) }; // the sixth argument
    const state = await team({ graph: named.withConfig({ tags: ["kept"] }) })
      .compile()
      .invoke(ask("hi"), { callbacks: [watch] });
    expect(seen).toEqual(["calm"]);
    expect(tags).toContain("kept");
    expect(state.messages.at(-1)?.name).toBe("alicia");
  });

  it("answers whose ids another model gave already replace nothing", async () => {
    // a scripted model numbers its answers from 0, as some servers do
    const scripted = () =>
      fakeModel()
        .respondWithTools([{ name: "count", args: {}, id: "x" }])
        .respond(new AIMessage("ok"));
    const agents = ["alice", "anna"].map((id) => agent({ id, graph: createAgent({ model: scripted(), tools: [countingTool().tool] }) }));
    const state = await sequential({ name: "team", agents }).compile().invoke(ask("hi"));
    expect(state.messages.map((message) => message.getType())).toEqual(["human", "ai", "tool", "ai", "ai", "tool", "ai"]);
    expect(new Set(state.messages.map((message) => message.id)).size).toBe(7);
  });

  it("leaves a valid history after any mix of calls", async () => {
    const call = fc.oneof(
      fc.constant("count"),
      fc.constant("unknown"),
      fc.constantFrom("bob", "carol", "alice").map((target) => `handoff:${target}`),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(call, { minLength: 1, maxLength: 4 }), { maxLength: 4 }),
        fc.constantFrom("v1" as const, "v2" as const),
        fc.boolean(),
        async (rounds, version, hooked) => {
          const model = fakeModel();
          rounds.forEach((round, index) =>
            model.respond(
              calls(
                ...round.map((one, place) =>
                  one.startsWith("handoff:") ? handsOff(one.slice(8), `${index}-${place}`) : ([one, {}, `${index}-${place}`] as const),
                ),
              ),
            ),
          );
          model.respond(new AIMessage("done"));
          const middleware = hooked ? [watching().middleware] : [];
          const graph = team({
            graph: createAgent({ model, tools: [countingTool().tool], version, middleware }),
            handoffAttempts: 100,
          }).compile();
          const state = await graph.invoke(ask("hi"));
          const handedOver = rounds.findIndex((round) => round.includes("handoff:bob"));
          expect(isValid(state.messages)).toBe(true);
          expect(state.control.value).toBe(handedOver < 0 ? "alice" : "bob");
          expect(model.callCount).toBe(handedOver < 0 ? rounds.length + 1 : handedOver + 1);
        },
      ),
      { numRuns: runs(8, 40) },
    );
  });
});

describe("C2 over the wire", () => {
  it("ChatOpenAI is sent the handoff as a function with the open targets, and its call is one", async () => {
    const bodies: { tools: { function: { name: string; parameters: { properties: { target: { enum?: string[] } } } } }[] }[] = [];
    const server = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk: Buffer) => (text += chunk.toString()));
      request.on("end", () => {
        bodies.push(JSON.parse(text) as (typeof bodies)[number]);
        const call = { id: "1", type: "function", function: { name: "handoff", arguments: '{"target":"bob","reason":"r","summary":"s"}' } };
        const message = { role: "assistant", content: null, tool_calls: [call] };
        response.setHeader("content-type", "application/json");
        response.end(
          JSON.stringify({
            id: "x",
            object: "chat.completion",
            created: 0,
            model: "m",
            choices: [{ index: 0, message, finish_reason: "tool_calls" }],
          }),
        );
      });
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    try {
      const { port } = server.address() as AddressInfo; // it listens on a port
      const model = new ChatOpenAI({ model: "m", apiKey: "none", configuration: { baseURL: `http://127.0.0.1:${port}/v1` } });
      const state = await team({ graph: createAgent({ model, tools: [countingTool().tool] }) })
        .compile()
        .invoke(ask("hi"));
      expect(bodies[0]?.tools.map((one) => one.function.name)).toEqual(["count", "handoff"]);
      expect(bodies[0]?.tools[1]?.function.parameters.properties.target.enum).toEqual(["bob"]);
      expect(texts(state).at(-1)).toBe("Bob here.");
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});
