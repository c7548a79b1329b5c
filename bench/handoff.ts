import { HumanMessage, ToolMessage, type AIMessage } from "@langchain/core/messages";
import { Command, MemorySaver, MessagesAnnotation, StateGraph, type BaseCheckpointSaver } from "@langchain/langgraph";
import { createReactAgent } from "@langchain/langgraph/prebuilt";
import { createHandoffTool, createSwarm } from "@langchain/langgraph-swarm";
import { agent, swarm } from "phasegraph";
import { RingModel } from "./ring.js";

/** Something that can be given a message. */
export interface Contestant {
  invoke(input: { messages: HumanMessage[] }, config: Record<string, unknown>): Promise<{ messages: unknown[] }>;
}

const RING = ["alice", "bob", "carol"] as const;
const after = (index: number): string => RING[(index + 1) % RING.length] ?? RING[0];

/** Three agents of ours, with the handoff tool. */
export function oursRing(handoffs: number, checkpointer: BaseCheckpointSaver, durable = true): Contestant {
  const model = new RingModel({
    handoffs,
    pass: (seen) => ({ name: "handoff", args: { target: after(seen), reason: "ring", summary: "" } }),
  });
  const ring = swarm({
    name: "ring",
    agents: RING.map((id) => agent({ id, model, durable })),
    maxHandoffs: handoffs,
    limits: { steps: handoffs + 1, modelCalls: handoffs + 1 },
  });
  return ring.compile({ checkpointer }) as unknown as Contestant; // narrowed to what the bench calls
}

/** The same ring with langgraph-swarm's own agents and handoff tools. */
export function swarmRing(handoffs: number, checkpointer: BaseCheckpointSaver): Contestant {
  const model = new RingModel({ handoffs, pass: (seen) => ({ name: `transfer_to_${after(seen)}`, args: {} }) });
  const agents = RING.map((name, index) => createReactAgent({ llm: model, name, tools: [createHandoffTool({ agentName: after(index) })] }));
  return createSwarm({ agents, defaultActiveAgent: RING[0] }).compile({ checkpointer }) as unknown as Contestant;
}

/** The same ring as somebody would write it by hand, without any guarantee. */
export function handwrittenRing(handoffs: number, checkpointer: BaseCheckpointSaver): Contestant {
  const model = new RingModel({
    handoffs,
    pass: (seen) => ({ name: "handoff", args: { target: after(seen), reason: "ring", summary: "" } }),
  });
  const node = async (state: typeof MessagesAnnotation.State) => {
    const answer = (await model.invoke(state.messages)) as AIMessage;
    const [call] = answer.tool_calls ?? [];
    if (call === undefined) return { messages: [answer] };
    const told = new ToolMessage({
      tool_call_id: call.id ?? "",
      name: "handoff",
      content: `Handed over to ${String(call.args["target"])}.`,
    });
    return new Command({ goto: String(call.args["target"]), update: { messages: [answer, told] } });
  };
  const graph = new StateGraph(MessagesAnnotation)
    .addNode("alice", node, { ends: [...RING] })
    .addNode("bob", node, { ends: [...RING] })
    .addNode("carol", node, { ends: [...RING] })
    .addEdge("__start__", "alice");
  return graph.compile({ checkpointer }) as unknown as Contestant;
}

let threads = 0;

/** Milliseconds of one turn with its handoffs, on a new thread. */
export async function ringTurn(contestant: Contestant, handoffs: number): Promise<number> {
  threads += 1;
  const config = { configurable: { thread_id: `ring-${threads}` }, recursionLimit: handoffs * 4 + 50 };
  const begin = performance.now();
  const { messages } = await contestant.invoke({ messages: [new HumanMessage("go")] }, config);
  const milliseconds = performance.now() - begin;
  if (messages.length < handoffs * 2)
    throw new Error(`The ring ended after ${messages.length} messages; ${handoffs * 2} or more were due.`);
  return milliseconds;
}

export const memory = (): BaseCheckpointSaver => new MemorySaver();
