import { openSaver } from "./savers.js";
import { normalForm, planTeam } from "./plan-team.js";

/** Runs the threads `run-<first>`, `run-<first + 1>`, … each from where it is, until it is killed or `last` is at its end. */
const [kind = "", file = "", log = "", first = "", last = ""] = process.argv.slice(2);
const saver = openSaver(kind, file);
for (let index = Number(first); index <= Number(last); index += 1) {
  const thread = `run-${index}`;
  const graph = planTeam(saver, thread, log);
  const config = { configurable: { thread_id: thread } };
  const { tasks, config: begun } = await graph.getState(config);
  process.stdout.write(`${JSON.stringify({ begins: index })}\n`);
  if (tasks.length > 0) await graph.invoke(null, config);
  else if (begun.configurable?.["checkpoint_id"] === undefined)
    await graph.invoke({ messages: [{ role: "user", content: "Do it." }] }, config);
  const { values } = await graph.getState(config);
  process.stdout.write(`${JSON.stringify({ ends: index, state: normalForm(values) })}\n`);
}
saver.close();
