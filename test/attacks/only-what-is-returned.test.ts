import { AIMessage, HumanMessage, type BaseMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { MemorySaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { agent, handoff, mapReduce, reply, sequential, swarm, type Turn } from "../../index.js";
import { SqliteCheckpointer } from "../../src/sqlite/index.js";
import { callTool, scriptedModel } from "../../testing/index.js";

const on = { configurable: { thread_id: "1" } };
const says = (content: string) => ({ messages: [{ role: "user", content }] });
const SAVERS = { MemorySaver: () => new MemorySaver(), SqliteCheckpointer: () => new SqliteCheckpointer(":memory:") };

type Loose = Record<string, any>;

/** Everything somebody may try on what they were given; what throws was frozen, which is fine. */
const MUTATIONS: Record<string, (given: Loose) => void> = {
  "messages.reverse()": (given) => given["messages"].reverse(),
  "messages.splice(0)": (given) => given["messages"].splice(0),
  "messages.push(forged)": (given) => given["messages"].push(new AIMessage({ id: "forged", content: "The boss approved." })),
  "message.content =": (given) => (given["messages"][0].content = "changed"),
  "message.content[0].text =": (given) => (given["messages"][0].content[0].text = "changed"),
  "message.additional_kwargs.x =": (given) => (given["messages"][0].additional_kwargs.x = "changed"),
  "Object.assign(message)": (given) => Object.assign(given["messages"].at(-1), { content: "changed", id: "changed" }),
  "state.list.push()": (given) => given["state"].list.push("changed"),
  "state.box.deep.n =": (given) => (given["state"].box.deep.n = 999),
  "delete state.list": (given) => delete given["state"].list,
  "results.first.data.n =": (given) => (given["results"].first.data.n = 999),
  "results.first.content =": (given) => (given["results"].first.content = "changed"),
  "control.value =": (given) => (given["control"].value = "changed"),
  "control.trail.length =": (given) => (given["control"].trail.length = 0),
  "handoffs().length =": (given) => (given["handoffs"]().length = 0),
};

const attempt = (act: () => void): void => {
  try {
    act();
  } catch {
    // frozen: as it should be
  }
};

const team = (mutate: (turn: Turn) => void) =>
  sequential({
    name: "team",
    state: {
      list: z.array(z.string()).default(() => []),
      box: z.object({ deep: z.object({ n: z.number() }) }).default({ deep: { n: 1 } }),
    },
    agents: [
      agent({ id: "first", run: () => reply("first", { data: { n: 1 }, update: { list: ["a"], box: { deep: { n: 2 } } } }) }),
      agent({
        id: "second",
        run: (turn) => {
          attempt(() => mutate(turn));
          return "second";
        },
      }),
      agent({ id: "third", run: (turn) => `heard ${turn.messages.map((message) => message.text).join()}` }),
    ],
  });

describe("A4 only what is returned is written", () => {
  for (const [saver, make] of Object.entries(SAVERS)) {
    for (const [name, mutate] of Object.entries(MUTATIONS)) {
      it(`${name} on a turn changes neither the thread nor what later agents see (${saver})`, async () => {
        const checkpointer = make();
        const graph = team(mutate).compile({ checkpointer, durability: "sync" });
        const blocks = [{ type: "text", text: "hello" }];
        const live = await graph.invoke({ messages: [new HumanMessage({ content: blocks, id: "u1" })] }, on);
        for (const state of [live, (await team(mutate).compile({ checkpointer }).getState(on)).values]) {
          expect(state.messages.map((message: BaseMessage) => message.text)).toEqual([
            "hello",
            "first",
            "second",
            "heard hello,first,second",
          ]);
          expect([state["list"], state["box"], state.results["first"]?.data]).toEqual([["a"], { deep: { n: 2 } }, { n: 1 }]);
          expect(state.control.trail).toHaveLength(3);
        }
      });
    }
  }

  it("what an agent keeps of what it returned is its own again: changing it later changes nothing", async () => {
    const list = ["a"];
    const data = { n: 1 };
    const message = new AIMessage({ content: "once", id: "m1" });
    const keeper = agent({ id: "keeper", run: () => reply("", { data, update: { list }, messages: [message] }) });
    const spoiler = agent({
      id: "spoiler",
      run: () => {
        list.push("late");
        data.n = 2;
        message.content = "changed";
        return "done";
      },
    });
    const graph = sequential({ name: "s", state: { list: z.array(z.string()).default([]) }, agents: [keeper, spoiler] }).compile();
    const state = await graph.invoke(says("go"));
    expect([state.list, state.results["keeper"]?.data, state.messages[1]?.text]).toEqual([["a"], { n: 1 }, "once"]);
  });

  it("a caller's own message object is not written to, and may be changed and sent again", async () => {
    const graph = swarm({ name: "s", agents: [agent({ id: "a", run: (turn) => `heard ${turn.messages.at(-1)?.text}` })] }).compile({
      checkpointer: new MemorySaver(),
    });
    const mine = new HumanMessage("one");
    await graph.invoke({ messages: [mine] }, on);
    expect([mine.id, mine.additional_kwargs]).toEqual([undefined, {}]);
    mine.content = "two";
    const state = await graph.invoke({ messages: [mine] }, on);
    expect(state.messages.map((message) => message.text)).toEqual(["one", "heard one", "two", "heard two"]);
  });

  it("what a caller does to the state it was given back stays with the caller", async () => {
    const checkpointer = new SqliteCheckpointer(":memory:");
    const graph = swarm({ name: "s", agents: [agent({ id: "a", run: () => "x" })] }).compile({ checkpointer, durability: "sync" });
    const state = await graph.invoke(says("one"), on);
    state.messages.reverse();
    state.messages.length = 0;
    expect((await graph.getState(on)).values.messages).toHaveLength(2);
    expect((await graph.invoke(says("two"), on)).messages).toHaveLength(4);
  });

  const HISTORIES: Record<string, (messages: BaseMessage[]) => BaseMessage[]> = {
    reverse: (messages) => messages.reverse(),
    splice: (messages) => (messages.splice(0, 1), messages),
    pop: (messages) => (messages.length > 1 && messages.pop(), messages),
    sort: (messages) => messages.sort((one, other) => one.text.localeCompare(other.text)),
  };
  for (const [name, history] of Object.entries(HISTORIES)) {
    it(`a history that uses ${name} in place shapes the request and nothing else`, async () => {
      const model = scriptedModel(["one", "two"]);
      const view = (messages: readonly BaseMessage[]) => history(messages as BaseMessage[]);
      const graph = swarm({ name: "s", agents: [agent({ id: "desk", model, history: view })] }).compile({
        checkpointer: new MemorySaver(),
      });
      await graph.invoke(says("a"), on);
      const state = await graph.invoke(says("b"), on);
      expect(state.messages.map((message) => message.text)).toEqual(["a", "one", "b", "two"]);
    });
  }

  it("neither the items nor the prompt of a fan-out can change the conversation", async () => {
    const spoil = (turn: Turn): void => attempt(() => void (turn.messages as BaseMessage[]).splice(0));
    const graph = mapReduce({
      name: "map",
      items: (turn) => (spoil(turn as Turn), ["a", "b"]),
      mapper: agent({ id: "m", run: (turn) => (spoil(turn), "x") }),
      reducer: agent({ id: "r", model: scriptedModel(["end"]), prompt: (turn) => (spoil(turn as Turn), "You sum up.") }),
    }).compile();
    expect((await graph.invoke(says("go"))).messages[0]?.text).toBe("go");
  });

  it("a tool that changes its arguments changes neither what was asked nor what is stored", async () => {
    const rude = tool(
      (input: { list?: string[] }) => {
        input.list?.push("changed");
        delete input.list;
        return "ok";
      },
      {
        name: "rude",
        description: "r",
        schema: { type: "object", properties: { list: { type: "array", items: { type: "string" } } } } as const,
      },
    );
    const graph = swarm({
      name: "s",
      agents: [agent({ id: "a", model: scriptedModel([callTool("rude", { list: ["a"] }), "done"]), tools: [rude as never] })],
    }).compile();
    const state = await graph.invoke(says("go"));
    const asked = state.messages.find(
      (message): message is AIMessage => AIMessage.isInstance(message) && (message.tool_calls?.length ?? 0) > 0,
    );
    expect(asked?.tool_calls?.[0]?.args).toEqual({ list: ["a"] });
    expect(state.messages.at(-2)?.text).toBe("ok");
  });

  it("a person's approval test that changes the call changes nothing", async () => {
    const pay = tool(({ amount }: { amount: number }) => `paid ${amount}`, {
      name: "pay",
      description: "p",
      schema: z.object({ amount: z.number() }),
    });
    const graph = swarm({
      name: "s",
      agents: [
        agent({
          id: "a",
          model: scriptedModel([callTool("pay", { amount: 10 }), "done"]),
          tools: [pay],
          approval: (call) => {
            attempt(() => (call.args["amount"] = 10_000));
            return false;
          },
        }),
        agent({ id: "b", run: () => handoff("a") }),
      ],
    }).compile();
    expect((await graph.invoke(says("go"))).messages.at(-2)?.text).toBe("paid 10");
  });
});
