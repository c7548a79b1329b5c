import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { bundled } from "../bundled.js";
import { main as approval } from "../../examples/06-approval.js";
import { main as hello } from "../../examples/01-hello.js";
import { main as loop } from "../../examples/04-loop.js";
import { main as memory } from "../../examples/10-memory.js";
import { main as nesting } from "../../examples/07-nesting.js";
import { main as pipeline } from "../../examples/02-pipeline.js";
import { main as plan } from "../../examples/21-plan.js";
import { main as resume } from "../../examples/09-resume.js";
import { main as statechart } from "../../examples/05-statechart.js";
import { main as supervisor } from "../../examples/20-supervisor.js";
import { main as swarm } from "../../examples/03-swarm.js";

it("hello: the agent that knows answers, and goes on with the user", async () => {
  expect(await hello()).toBe("billing: Your invoice is paid.");
});

it("pipeline: the work goes on, and back when it has to", async () => {
  expect((await pipeline()).split("\n")).toEqual([
    "My parcel is broken. → [intake] Which order is it about?",
    "It is #42. → [handling] Order #42 is on its way again.",
    "I mean another one. → [intake] Which order is it about?",
    "#43, sorry. → [handling] Order #43 is on its way again.",
  ]);
});

it("swarm: a model hands over, calls a tool, and keeps the conversation", async () => {
  const log = await swarm();
  expect(log).toContain("concierge → travel (handoff)");
  expect(log).toContain("travel → user (chat): Friday, 120 € each. Shall I book?");
  expect(log).toContain("user → travel (chat): Yes.");
});

it("loop: both reviewers have to approve the same draft", async () => {
  expect(await loop()).toBe("approved after 2 drafts; tone: fine, facts: The day is right.");
});

it("statechart: a guard of the user's own machine decides who has to be asked", async () => {
  expect((await statechart()).split("\n")).toEqual([
    '40 €: Paid 40 €. ("paid")',
    '400 €: A train ticket, 400 € ("approving")',
    "400 €, approved: Paid 400 €.",
  ]);
});

it("approval: the tool runs with what the person saw and changed", async () => {
  expect(await approval()).toContain("Refunded 50 € (once only).");
});

it("nesting: a person answers two levels around a loop", async () => {
  expect(await nesting()).toContain("writer: Better draft.\npicture: A picture of a graph.\nboss: Yes, publish.");
});

it("memory: what one conversation heard, another finds", async () => {
  expect(await memory()).toBe("Noted.\nYou said: Ada drinks green tea.");
});

it("resume: a process killed in the second phase goes on there, and does not run the first again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "phasegraph-resume-"));
  const file = join(folder, "post.db");
  try {
    const script = `await (await import(${JSON.stringify(await bundled("examples/09-resume.ts"))})).main(${JSON.stringify(file)})`;
    const child = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
      env: { ...process.env, CRASH: "1" },
      timeout: 30_000,
    });
    expect(child.signal).toBe("SIGKILL");
    expect(await resume(file)).toBe("went on with check: A post, please. Written. Checked. Published.");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it("supervisor: two workers are asked at once, and their answers stand where the tools were called", async () => {
  expect((await supervisor()).split("\n")).toEqual([
    "user: Can I have a chair?",
    expect.stringMatching(/^boss: /) as string, // the stand-in says its prompt beside its tool calls
    "delegate_to_stock: Three chairs are left.",
    "delegate_to_prices: A chair is 40 €.",
    "boss: Three are left, for 40 € each.",
  ]);
});

it("plan: a text is taken apart, estimated and carried out by whoever suits each part", async () => {
  const lines = (await plan()).split("\n");
  expect(lines.slice(0, 4)).toEqual([
    "1.1 shopper: buy flour: done.",
    "1.2 shopper: buy eggs: done.",
    "1 cook: bake the cake: done, from 2 parts.",
    "2 cook: mix a drink: done, from 0 parts.",
  ]);
  expect(lines.at(-2)).toBe("expected 180000 ms instead of 300000: 1.1 → 1 → task");
  expect(lines.at(-1)).toBe("5 tasks done, the cake is served.");
});
