import { parentPort, workerData } from "node:worker_threads";
import { Projects } from "./projects.js";

/** What the thread is asked, and says. */
export type CompilerRequest = readonly string[];
export type CompilerAnswer =
  | { readonly kind: "building"; readonly config: string | undefined; readonly files: number }
  | { readonly kind: "done"; readonly analysed: ReturnType<Projects["diagnose"]> };

const { root, files } = workerData as { readonly root: string; readonly files: readonly string[] }; // given by Compiler
const say = (answer: CompilerAnswer): void => parentPort?.postMessage(answer);
const projects = new Projects(root, files, (config, count) => say({ kind: "building", config, files: count }));
parentPort?.on("message", (request: CompilerRequest) => say({ kind: "done", analysed: projects.diagnose(request) }));
