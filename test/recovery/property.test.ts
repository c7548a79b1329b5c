import { tool } from "@langchain/core/tools";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { agent, idempotencyKey, repairHistory, sequential, swarm } from "../../index.js";
import { callTool, scriptedModel, type ModelRequest, type ModelStep } from "../../testing/index.js";
import { DURABILITIES, SAVERS, thread, user } from "./job.js";
import { runs } from "../runs.js";

/** Rounds of tool calls, each with labels of its own, and where and how the turn ends early. */
const plans = fc.record({
  rounds: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
  endsAt: fc.integer({ min: 0, max: 4 }),
  how: fc.constantFrom("error", "stop"),
  durability: fc.constantFrom(...DURABILITIES),
  saver: fc.constantFrom("MemorySaver", "SqliteCheckpointer"),
  nested: fc.boolean(),
});

/** Does what the conversation does not show as done, round by round. */
function worker(rounds: readonly (readonly string[])[]): (request: ModelRequest) => ReturnType<typeof callTool>[] | string {
  return ({ messages }) => {
    const done = new Set(messages.filter((message) => message.getType() === "tool").map(({ text }) => text));
    const left = rounds.map((labels) => labels.filter((label) => !done.has(`did ${label}`))).find((labels) => labels.length > 0);
    return left === undefined ? "All done." : left.map((label) => callTool("act", { label }));
  };
}

describe("H1 effects once", () => {
  it("whatever is called, and wherever the turn ends early: the next message does the rest, and nothing twice", async () => {
    await fc.assert(
      fc.asyncProperty(plans, async ({ rounds: sizes, endsAt, how, durability, saver, nested }) => {
        const rounds = sizes.map((size, round) => Array.from({ length: size }, (_, index) => `${round}.${index}`));
        const runs: string[] = [];
        const keys = new Set<string | undefined>();
        const act = tool(
          ({ label }: { label: string }, config) => {
            runs.push(label);
            keys.add(idempotencyKey(config));
            return `did ${label}`;
          },
          { name: "act", description: "Acts.", schema: z.object({ label: z.string() }) },
        );
        const stop = new AbortController();
        const next = worker(rounds);
        const end: ModelStep = async ({ options }) => {
          if (how === "error") throw new Error("overloaded");
          return new Promise((_resolve, reject) => {
            (options["signal"] as AbortSignal).addEventListener("abort", () => reject(new Error("stopped")));
            stop.abort();
          });
        };
        const script = Array.from({ length: 12 }, (_, index): ModelStep => (index === Math.min(endsAt, rounds.length) ? end : next));
        const team = swarm({ name: "team", agents: [agent({ id: "desk", model: scriptedModel(script), tools: [act] })] });
        const graph = (nested ? sequential({ name: "outer", agents: [team] }) : team).compile({
          checkpointer: SAVERS[saver]?.(),
          durability,
        });
        await graph.invoke(user("go"), { ...thread(), signal: stop.signal }).catch(() => undefined);
        const after = await graph.invoke(user("and?"), thread());
        expect(after.messages.at(-1)?.text).toBe("All done.");
        expect(runs.toSorted()).toEqual(rounds.flat().toSorted());
        expect(keys.size).toBe(runs.length);
        expect(repairHistory(after.messages)).toEqual(after.messages);
        expect(new Set(after.messages.map(({ id }) => id)).size).toBe(after.messages.length);
      }),
      { numRuns: runs(8, 40) },
    );
  });
});
