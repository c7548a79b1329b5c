import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** A running `langgraphjs dev` server. */
export interface DevServer {
  readonly url: string;
  stop(): Promise<void>;
}

const START_MILLISECONDS = 60_000;

/** Starts the real server for a `langgraph.json`, on a free port of the loopback interface, and waits until it answers. */
export async function startDevServer(config: string): Promise<DevServer> {
  const port = await freePort();
  const cli = resolve("node_modules/.bin/langgraphjs");
  const home = mkdtempSync(join(tmpdir(), "phasegraph-dev-"));
  const child = spawn(
    cli,
    ["dev", "--no-browser", "--no-reload", "--host", "127.0.0.1", "--port", String(port), "--config", resolve(config)],
    {
      cwd: resolve("."),
      detached: true, // a group of its own: the server is a grandchild, and all of them have to end
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, LANGGRAPH_CLI_NO_ANALYTICS: "1", HOME: home },
    },
  );
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    await endGroup(child);
    rmSync(home, { recursive: true, force: true });
  };
  const ready = await until(
    () =>
      fetch(`${url}/ok`).then(
        (answer) => answer.ok,
        () => false,
      ),
    START_MILLISECONDS,
    () => child.exitCode !== null,
  );
  if (ready) return { url, stop };
  await stop();
  throw new Error(`The dev server did not start:\n${log}`);
}

async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return;
  const ended = new Promise((done) => child.once("exit", done));
  process.kill(-child.pid, "SIGKILL");
  await ended;
}

/** Asks again and again, with short pauses, until the answer is yes, the time is over or there is no hope. */
async function until(ask: () => Promise<boolean>, milliseconds: number, hopeless: () => boolean): Promise<boolean> {
  const end = Date.now() + milliseconds;
  while (Date.now() < end && !hopeless()) {
    if (await ask()) return true;
    await new Promise((done) => setTimeout(done, 100));
  }
  return false;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string") throw new Error("No free port.");
  return address.port;
}
