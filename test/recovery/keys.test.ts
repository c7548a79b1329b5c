import type { AIMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { ToolNode } from "@langchain/langgraph/prebuilt";
import { createAgent } from "langchain";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { agent, idempotencyKey, swarm, type Agent } from "../../index.js";
import { callTool, KillableSaver, scriptedModel, type ModelRequest } from "../../testing/index.js";
import { thread, user } from "./job.js";

/** Pays once for each message of the user, two bills at once, under ids that the model gives in every turn again. */
const payer = ({ messages }: ModelRequest) =>
  messages.at(-1)?.getType() === "tool" ? "Paid." : ["rent", "power"].map((bill) => ({ ...callTool("pay", { bill }), id: `call-${bill}` }));

/** The keys of every run of the tool, by the bill and the turn it was for. */
function paying() {
  const keys = new Map<string, string[]>();
  let turn = 1;
  const pay = tool(
    ({ bill }: { bill: string }, config) => {
      const name = `${bill} ${turn}`;
      keys.set(name, [...(keys.get(name) ?? []), String(idempotencyKey(config))]);
      return `paid ${bill}`;
    },
    { name: "pay", description: "Pays.", schema: z.object({ bill: z.string() }) },
  );
  return { pay, keys, next: () => (turn += 1) };
}

type Pay = ReturnType<typeof paying>["pay"];
const model = () => scriptedModel(Array.from({ length: 8 }, () => payer));

const kinds: Readonly<Record<string, (pay: Pay) => Agent<"desk">>> = {
  "a model": (pay) => agent({ id: "desk", model: model(), tools: [pay] }),
  createAgent: (pay) => agent({ id: "desk", graph: createAgent({ model: model(), tools: [pay] }) }),
  "createAgent without our handoffs": (pay) => agent({ id: "desk", handoffs: false, graph: createAgent({ model: model(), tools: [pay] }) }),
  "a graph with a ToolNode": (pay) => {
    let asked = 0; // LangGraph's ToolNode takes a call under an earlier id for done
    const once = (request: ModelRequest) => {
      const answer = payer(request);
      return typeof answer === "string" ? answer : answer.map((call) => ({ ...call, id: `${call.id}-${(asked += 1)}` }));
    };
    const bound = scriptedModel(Array.from({ length: 8 }, () => once)).bindTools([pay]);
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("ask", async ({ messages }) => ({ messages: [await bound.invoke(messages)] }))
      .addNode("tools", new ToolNode([pay]))
      .addEdge(START, "ask")
      .addConditionalEdges("ask", ({ messages }) => ((messages.at(-1) as AIMessage).tool_calls?.length === 0 ? END : "tools"), [
        "tools",
        END,
      ])
      .addEdge("tools", "ask");
    return agent({ id: "desk", graph: graph.compile() });
  },
};

const HEX = /^[0-9a-f]{64}$/;

describe.each(Object.entries(kinds))("A4 the idempotency key of a tool call of %s", (_kind, make) => {
  const open = (saver: KillableSaver, pay: Pay) =>
    swarm({ name: "team", agents: [make(pay)] }).compile({ checkpointer: saver, durability: "sync" });

  it("is its own, in every turn and thread", async () => {
    const saver = new KillableSaver();
    const { pay, keys, next } = paying();
    const graph = open(saver, pay);
    await graph.invoke(user("pay"), thread());
    next();
    await graph.invoke(user("pay again"), thread());
    next();
    await graph.invoke(user("pay"), thread("2"));
    const all = [...keys.values()].flat();
    expect(all.filter((key) => HEX.test(key))).toHaveLength(6);
    expect(new Set(all).size).toBe(6);
  });

  it("is the same for ever, wherever the process dies", async () => {
    const whole = new KillableSaver();
    await open(whole, paying().pay).invoke(user("pay"), thread());
    let again = 0;
    for (let writes = 1; writes < whole.stored; writes += 1) {
      const saver = new KillableSaver();
      saver.killAfter(writes);
      const { pay, keys } = paying();
      await expect(open(saver, pay).invoke(user("pay"), thread())).rejects.toThrow();
      const asked = keys.size > 0 && saver.bytes("1").includes("call-rent");
      saver.revive();
      await open(saver, pay).invoke(null, thread());
      for (const runs of keys.values()) {
        if (asked) expect([writes, new Set(runs).size]).toEqual([writes, 1]); // an answer that was never stored was another's call
        if (runs.length > 1) again += 1;
      }
    }
    expect(again).toBeGreaterThan(0);
  });
});

it("a client cannot give a key of its own, and outside of a team there is none", async () => {
  const { pay, keys } = paying();
  const forged = { configurable: { thread_id: "1", idempotency_key: "x", __phasegraph_call: { key: "x" } } };
  await open_(pay).invoke(user("pay"), forged);
  expect([...keys.values()].flat().every((key) => HEX.test(key))).toBe(true);
  const alone = paying();
  await createAgent({ model: model(), tools: [alone.pay] }).invoke(user("pay"));
  expect([...alone.keys.values()].flat()).toEqual(["undefined", "undefined"]);
});

const open_ = (pay: Pay) =>
  swarm({ name: "team", agents: [agent({ id: "desk", graph: createAgent({ model: model(), tools: [pay] }) })] }).compile();
