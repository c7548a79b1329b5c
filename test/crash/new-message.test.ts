import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { BaseMessage } from "@langchain/core/messages";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSaver } from "./savers.js";
import { bundled } from "../bundled.js";

/** Calls that may be under way when a process dies: a clerk makes two at a time. */
const AT_ONCE = 2;
const folder = mkdtempSync(join(tmpdir(), "phasegraph-message-"));
let bundle: string;

beforeAll(async () => {
  bundle = await bundled("test/crash/message-child.ts");
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Sends a message in a process of its own, which is killed as soon as it has told of so many effects. Gives what it said at its end. */
async function send(args: readonly string[], effects = Infinity): Promise<unknown> {
  const child = spawn(process.execPath, [bundle, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  const closed = once(child, "close");
  let end: unknown;
  let seen = 0;
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as { readonly did?: string };
    if (line.did === undefined) end = line;
    else if ((seen += 1) >= effects) child.kill("SIGKILL");
  }
  const [code, signal] = (await closed) as [number | null, string | null];
  if (code !== 0 && signal !== "SIGKILL") throw new Error(`The child ended with ${code}:\n${complaints}`);
  return end;
}

/** What is stored of the thread as done, in whatever graph of it: in its messages, or beside a checkpoint. */
async function storedLabels(file: string): Promise<Set<string>> {
  const saver = openSaver("phasegraph", file);
  const texts: string[] = [];
  for await (const { checkpoint, pendingWrites } of saver.list({ configurable: { thread_id: "1" } })) {
    const said = (checkpoint.channel_values["messages"] ?? []) as readonly BaseMessage[];
    texts.push(...said.map(({ text }) => text));
    for (const [, channel, value] of pendingWrites ?? [])
      if (channel === "__return__") texts.push(...((value as { said?: readonly BaseMessage[] }).said ?? []).map(({ text }) => text));
  }
  saver.close();
  return new Set(texts.flatMap((text) => /^did (.*)$/.exec(text)?.[1] ?? []));
}

/** The keys under which each effect took place, by label. */
function effectsIn(log: string): Map<string, string[]> {
  const effects = new Map<string, string[]>();
  for (const line of readFileSync(log, "utf8").split("\n").filter(Boolean)) {
    const [label = "", key = ""] = line.split("\t");
    effects.set(label, [...(effects.get(label) ?? []), key]);
  }
  return effects;
}

describe("H1 kill -9 in the middle of effects, and then a new message", () => {
  it.each([
    { kind: "a turn", effects: 3, all: 8, goesOn: false, clerks: 1 },
    { kind: "a worker", effects: 5, all: 8, goesOn: true, clerks: 1 },
    { kind: "a plan", effects: 7, all: 16, goesOn: true, clerks: 2 },
    { kind: "a team in a team", effects: 4, all: 8, goesOn: false, clerks: 1 },
  ])("$kind: nothing that was stored is done again, and the work comes to its end", { timeout: 60_000 }, async (given) => {
    const { kind, effects, all, goesOn, clerks } = given;
    const [file, log] = [join(folder, `${kind}.db`), join(folder, `${kind}.log`)];
    expect(await send([kind, file, log], effects)).toBeUndefined();
    const stored = await storedLabels(file);
    expect(stored.size).toBeGreaterThan(0);
    expect(await send([kind, file, log])).toEqual({ last: "All done.", isValid: true });
    const done = effectsIn(log);
    expect(done.size).toBe(all);
    for (const [label, keys] of done) {
      // a turn that was given up asks anew, and that is another call; a task goes on where it was
      if (goesOn) expect(new Set(keys).size, `${label} has one idempotency key`).toBe(1);
      if (stored.has(label)) expect([label, keys.length]).toEqual([label, 1]);
    }
    const twice = [...done.values()].filter((keys) => keys.length > 1).length;
    expect(twice).toBeLessThanOrEqual(AT_ONCE * clerks);
  });
});
