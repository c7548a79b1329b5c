import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import { CACHE, pack, Passed, type Packed } from "./packed.js";

/*
 * The package as users install it, from the registry: `npm run test:installs`. Minutes long: each check runs once for each content
 * of the package, and is skipped where no registry can be reached. Nothing of what is installed runs scripts.
 */

const home = mkdtempSync(join(tmpdir(), "phasegraph-installs-"));
const MINUTES = 60_000;
let isReachable: boolean;

const run = async (folder: string, command: string, ...args: readonly string[]): Promise<string> => {
  const options = {
    cwd: folder,
    timeout: 9 * MINUTES,
    maxBuffer: 16 * 1_048_576,
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: undefined, VITEST: undefined },
  };
  return (await promisify(execFile)(command, args, options)).stdout;
};
const NPM_INSTALL = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];

/** A program's folder. */
function program(folder: string, files: Readonly<Record<string, string>>): string {
  for (const [file, text] of Object.entries({ "package.json": `{ "private": true, "type": "module" }`, ...files })) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return folder;
}

/** Runs a check, unless this very package has passed it. */
async function once(context: TestContext, tarball: string, check: () => Promise<void>): Promise<void> {
  if (!isReachable) context.skip("the registry of packages cannot be reached");
  const passed = new Passed(tarball, context.task.name);
  if (passed.before) context.skip("this very package has passed it before");
  await check();
  passed.now();
}

const TEAM = `
  import { agent, handoff, swarm } from "phasegraph";
  const desk = swarm({ name: "desk", agents: [agent({ id: "a", run: () => handoff("b") }), agent({ id: "b", run: () => "hello" })] });
  const talk = async () => (await desk.compile().invoke({ messages: [{ role: "user", content: "hi" }] })).messages.at(-1).text;`;

describe("the package, installed", () => {
  let packed: Packed;
  const tarball = (): string => join(home, packed.filename);
  beforeAll(async () => {
    packed = pack(home);
    const answer = run(home, "npm", "view", "@langchain/langgraph", "version", "--fetch-timeout=20000", "--fetch-retries=1");
    isReachable = await answer.then(() => true).catch(() => false);
  }, 4 * MINUTES);
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it("beside the newest LangGraph, by npm: a team runs, on one copy of everything", { timeout: 10 * MINUTES }, (context) =>
    once(context, tarball(), async () => {
      const folder = program(join(home, "npm"), { "run.mjs": `${TEAM} console.log(await talk());` });
      await run(folder, "npm", ...NPM_INSTALL, "@langchain/langgraph@latest", tarball());
      expect((await run(folder, "node", "run.mjs")).trim()).toBe("hello");
      const lock = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")) as { packages: object };
      const copies = Object.keys(lock.packages).filter((path) =>
        /\/(@langchain\/(core|langgraph|langgraph-checkpoint)|xstate)$/.test(path),
      );
      expect(copies.toSorted()).toEqual(
        ["core", "langgraph", "langgraph-checkpoint"].map((name) => `node_modules/@langchain/${name}`).concat("node_modules/xstate"),
      );
    }),
  );

  it("where nothing is hoisted, by pnpm: every door loads", { timeout: 10 * MINUTES }, (context) =>
    once(context, tarball(), async () => {
      const doors = ["phasegraph", "phasegraph/statechart", "phasegraph/sqlite", "phasegraph/testing"];
      const script = `${TEAM} ${doors.map((door) => `await import("${door}");`).join(" ")} console.log(await talk());`;
      const folder = program(join(home, "pnpm"), {
        "run.mjs": script,
        ".npmrc": "hoist=false\nnode-linker=isolated\nignore-scripts=true\n",
      });
      const peers = ["@langchain/langgraph", "@langchain/langgraph-checkpoint", "@langchain/core", "xstate", "zod", "better-sqlite3@12"];
      await run(folder, "npx", "--yes", "pnpm@10", "add", ...peers, tarball());
      expect((await run(folder, "node", "run.mjs")).trim()).toBe("hello");
    }),
  );

  describe("in Next.js 16", () => {
    const site = join(CACHE, "next");

    it.for([
      ["Turbopack", "--turbopack"],
      ["webpack", "--webpack"],
    ] as const)("a route builds with %s, without the package langchain", { timeout: 12 * MINUTES }, ([, bundler], context) =>
      once(context, tarball(), async () => {
        const route = `${TEAM} export const GET = async () => Response.json({ said: await talk() });`;
        program(site, { "app/api/team/route.js": route });
        cpSync(tarball(), join(site, "phasegraph.tgz"));
        rmSync(join(site, ".next"), { recursive: true, force: true });
        rmSync(join(site, "package-lock.json"), { force: true });
        const wanted = ["next@16", "react@19", "react-dom@19", "@langchain/langgraph@latest", "./phasegraph.tgz"];
        await run(site, "npm", ...NPM_INSTALL, ...wanted);
        expect(await run(site, "npx", "next", "build", bundler)).toContain("/api/team");
        expect(await run(site, "node", "--input-type=commonjs", "-e", CALL_ROUTE)).toContain(`{"said":"hello"}`);
      }),
    );
  });
});

/** Starts the built site, asks the route and stops. */
const CALL_ROUTE = `
  const next = require("next");
  const app = next({ dev: false, dir: "." });
  app.prepare().then(() => {
    const server = require("http").createServer(app.getRequestHandler()).listen(0, "127.0.0.1", async () => {
      console.log(await (await fetch("http://127.0.0.1:" + server.address().port + "/api/team")).text());
      process.exit(0);
    });
  });`;
