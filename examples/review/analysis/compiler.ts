import { Worker } from "node:worker_threads";
import type { CompilerAnswer } from "./compiler-worker.js";
import type { Analysed } from "./finding.js";

/** The thread's program. Source files are TypeScript here, and a thread does not take over the loader of its process. */
const LOADER = import.meta.resolve("tsx/esm/api");
const PROGRAM = new URL("./compiler-worker.ts", import.meta.url).href;
const BOOT = `import(${JSON.stringify(LOADER)}).then(({ register }) => { register(); return import(${JSON.stringify(PROGRAM)}); });`;

/**
 * The TypeScript compiler in a thread of its own: it computes for seconds without a pause, and progress, other reviewers and
 * Ctrl-C should not wait for it. The thread starts with the first question and ends with {@link close}.
 */
export class Compiler {
  private worker: Worker | undefined;

  constructor(
    private readonly root: string,
    private readonly files: readonly string[],
    private readonly onBuild: (config: string | undefined, files: number) => void,
  ) {}

  /** One question at a time. @throws Error when the thread ended instead of answering. */
  async diagnose(files: readonly string[], signal?: AbortSignal): Promise<Analysed> {
    signal?.throwIfAborted();
    const worker = (this.worker ??= this.start());
    return new Promise<Analysed>((resolve, reject) => {
      const settle = (act: () => void): void => {
        worker.off("message", onMessage).off("error", reject).off("exit", onExit);
        signal?.removeEventListener("abort", onAbort);
        act();
      };
      const onMessage = (answer: CompilerAnswer): void => {
        if (answer.kind === "building") this.onBuild(answer.config, answer.files);
        else settle(() => resolve(answer.analysed));
      };
      const onExit = (code: number): void => settle(() => reject(new Error(`The compiler's thread ended with code ${code}.`)));
      const onAbort = (): void => settle(() => reject(new Error("The compiler was stopped.", { cause: signal?.reason })));
      signal?.addEventListener("abort", onAbort, { once: true });
      worker.on("message", onMessage).on("error", reject).on("exit", onExit);
      worker.postMessage(files);
    });
  }

  async close(): Promise<void> {
    await this.worker?.terminate();
    this.worker = undefined;
  }

  private start(): Worker {
    const worker = new Worker(BOOT, { eval: true, execArgv: [], workerData: { root: this.root, files: this.files } });
    worker.on("error", () => (this.worker = undefined)); // whoever asked is told; the next question starts another thread
    return worker.on("exit", () => (this.worker = undefined));
  }
}
