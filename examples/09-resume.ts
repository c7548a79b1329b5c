import { agent, sequential } from "phasegraph";
import { SqliteCheckpointer } from "phasegraph/sqlite";

// #region resume
const draft = agent({ id: "draft", run: () => "Written." });
const check = agent({
  id: "check",
  run: () => {
    if (process.env["CRASH"] === "1") process.kill(process.pid, "SIGKILL"); // as a power cut would
    return "Checked.";
  },
});
const publish = agent({ id: "publish", run: () => "Published." });
export const orchestration = sequential({ name: "post", agents: [draft, check, publish] });

/** Starts the thread, or goes on where it stopped. */
export async function main(file = "post.db"): Promise<string> {
  const saver = new SqliteCheckpointer(file);
  const graph = orchestration.compile({ checkpointer: saver, durability: "sync" });
  const config = { configurable: { thread_id: "post-1" } };
  const { tasks } = await graph.getState(config); // what was due when the process ended
  const state = await graph.invoke(tasks.length > 0 ? null : { messages: [{ role: "user", content: "A post, please." }] }, config);
  saver.close();
  return `${tasks.length > 0 ? `went on with ${tasks.map((task) => task.name).join()}` : "began"}: ${state.messages.map((message) => message.text).join(" ")}`;
}
// #endregion
