import { chatGraph, CHAT_THREAD, openSaver } from "./saver-graph.js";

// a new process: opens the file, reads the state of the thread, and prints the milliseconds that took
const [kind, file] = process.argv.slice(2);
if ((kind !== "ours" && kind !== "official") || file === undefined) throw new RangeError("usage: saver-cold.ts ours|official FILE");
const start = performance.now();
const { saver, close } = openSaver(kind, file);
const state = await chatGraph(saver).getState(CHAT_THREAD);
const milliseconds = performance.now() - start;
const { messages } = state.values as { messages?: unknown[] };
if ((messages?.length ?? 0) === 0) throw new Error(`${file} holds no conversation`);
close();
process.stdout.write(String(milliseconds));
