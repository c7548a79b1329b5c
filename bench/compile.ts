import { createReactAgent } from "@langchain/langgraph/prebuilt";
import { createHandoffTool, createSwarm } from "@langchain/langgraph-swarm";
import { agent, swarm } from "phasegraph";
import { RingModel } from "./ring.js";

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `agent${index}`);
const model = new RingModel({ handoffs: 0, pass: () => ({ name: "", args: {} }) });

/** Builds and compiles a full mesh of model agents: everyone hands off to everyone. */
export function oursMesh(count: number): unknown {
  const agents = names(count).map((id) => agent({ id, model }));
  return swarm({ name: "mesh", agents }).compile();
}

/** The same mesh with langgraph-swarm as its documentation writes it: every agent is given a handoff tool for each of the others. */
export function swarmMesh(count: number): unknown {
  const ids = names(count);
  return meshOf(ids, (index) => ids.filter((_, other) => other !== index).map((agentName) => createHandoffTool({ agentName })));
}

/** As before, but each tool is made once and given to all who need it, as somebody would who has measured. */
export function swarmMeshSharingTools(count: number): unknown {
  const ids = names(count);
  const tools = ids.map((agentName) => createHandoffTool({ agentName }));
  return meshOf(ids, (index) => tools.filter((_, other) => other !== index));
}

function meshOf(ids: readonly string[], toolsOf: (index: number) => ReturnType<typeof createHandoffTool>[]): unknown {
  const agents = ids.map((name, index) => createReactAgent({ llm: model, name, tools: toolsOf(index) }));
  return createSwarm({ agents, defaultActiveAgent: "agent0" }).compile();
}
