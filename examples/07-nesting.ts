import { Command, isInterrupted, MemorySaver } from "@langchain/langgraph";
import { agent, approve, human, loop, parallel, revise, sequential } from "phasegraph";

// #region nesting
const writer = agent({ id: "writer", run: (turn) => (turn.results["writer"] === undefined ? "Draft." : "Better draft.") });
const critic = agent({ id: "critic", run: (turn) => (turn.results["writer"]?.content === "Draft." ? revise("Longer.") : approve()) });
const text = loop({ name: "text", producer: writer, reviewers: [critic] });

const picture = agent({ id: "picture", run: () => "A picture of a graph." });
const parts = parallel({ name: "parts", branches: [text, picture] });

const boss = human({ id: "boss", question: "May we publish this?" });
export const orchestration = sequential({ name: "article", agents: [parts, boss] });
// #endregion

/** A loop in a parallel in a sequence: one thread, one stream, one place for a person to answer. */
export async function main(): Promise<string> {
  const graph = orchestration.compile({ checkpointer: new MemorySaver() });
  const config = { configurable: { thread_id: "1" } };
  const parked = await graph.invoke({ messages: [{ role: "user", content: "An article, please." }] }, config);
  if (!isInterrupted(parked)) throw new Error("Nobody was asked.");
  const state = await graph.invoke(new Command({ resume: "Yes, publish." }), config);
  return state.messages.map((message) => `${message.name ?? "user"}: ${message.text}`).join("\n");
}
