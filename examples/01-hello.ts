// #region hello
import { MemorySaver } from "@langchain/langgraph";
import { agent, handoff, swarm } from "phasegraph";

const triage = agent({
  id: "triage",
  run: (turn) => (turn.messages.at(-1)?.text.includes("invoice") ? handoff("billing") : "Tell me more."),
});
const billing = agent({ id: "billing", run: () => "Your invoice is paid." });
export const orchestration = swarm({ name: "hello", agents: [triage, billing] });

export async function main(): Promise<string> {
  const graph = orchestration.compile({ checkpointer: new MemorySaver() });
  const state = await graph.invoke({ messages: [{ role: "user", content: "My invoice?" }] }, { configurable: { thread_id: "1" } });
  return `${state.control.waiting.join()}: ${state.messages.at(-1)?.text}`;
}
// #endregion
