import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import { agent, sequential } from "phasegraph";
import { SqliteCheckpointer, SqliteStore } from "phasegraph/sqlite";

// #region memory
const clerk = agent({
  id: "clerk",
  run: async ({ messages, config }) => {
    const { store } = config as LangGraphRunnableConfig; // LangGraph puts it there when a graph is compiled with one
    const said = messages.at(-1)?.text ?? "";
    const known = await store?.search(["notes"], { query: said, limit: 1 });
    await store?.put(["notes"], crypto.randomUUID(), { text: said });
    return known?.[0] === undefined ? "Noted." : `You said: ${String(known[0].value["text"])}`;
  },
});
export const orchestration = sequential({ name: "clerk", agents: [clerk] });

/** Two conversations that share a memory, in one file. */
export async function main(file = ":memory:"): Promise<string> {
  const checkpointer = new SqliteCheckpointer(file, { retention: { keepLast: 20 } }); // older checkpoints go on the way
  const store = new SqliteStore(file, { ttl: { defaultMilliseconds: 30 * 86_400_000 } });
  const graph = orchestration.compile({ checkpointer, store });
  const ask = async (thread: string, content: string) => {
    const state = await graph.invoke({ messages: [{ role: "user", content }] }, { configurable: { thread_id: thread } });
    return state.messages.at(-1)?.text;
  };
  const answers = [await ask("monday", "Ada drinks green tea."), await ask("friday", "What tea does Ada like?")];
  checkpointer.close();
  store.close();
  return answers.join("\n");
}
// #endregion
