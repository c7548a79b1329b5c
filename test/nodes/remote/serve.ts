import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startDevServer, type DevServer } from "../../studio/dev-server.js";

/** Serves the graphs of `graph.ts` from a folder of their own, with LangGraph's dev server. */
export async function serveGraphs(): Promise<DevServer> {
  const folder = mkdtempSync(join(tmpdir(), "phasegraph-remote-"));
  copyFileSync(resolve("test/nodes/remote/graph.ts"), join(folder, "graph.ts"));
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const graphs = { till: "./graph.ts:graph", twice: "./graph.ts:twice" };
  writeFileSync(join(folder, "langgraph.json"), JSON.stringify({ node_version: "20", graphs, env: {} }));
  const server = await startDevServer(join(folder, "langgraph.json"));
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
