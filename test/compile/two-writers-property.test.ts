import type { BaseMessage } from "@langchain/core/messages";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { agent, PhasegraphError, sequential } from "../../index.js";
import { SqliteCheckpointer } from "../../src/sqlite/index.js";
import { runs } from "../runs.js";

describe("H5 two writers of one thread, in any order", () => {
  it("no turn that was acknowledged is ever lost or changed", async () => {
    const turn = fc.record({ writer: fc.nat(1), pauses: fc.array(fc.nat(3), { minLength: 2, maxLength: 2 }), waits: fc.nat(6) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(turn, { minLength: 2, maxLength: 6 }),
        fc.constantFrom("sync" as const, "async" as const),
        async (turns, durability) => {
          const saver = new SqliteCheckpointer(":memory:");
          const config = { configurable: { thread_id: "1" } };
          const run = async ({ writer, pauses, waits }: (typeof turns)[number], index: number): Promise<string[] | undefined> => {
            await ticks(waits);
            const agents = pauses.map((pause, step) =>
              agent({ id: `a${step}`, run: async () => (await ticks(pause), `${step} of ${index}`) }),
            );
            // another object on the same file is to the guard what another process is
            const own = writer === 0 ? saver : (Object.create(saver) as SqliteCheckpointer);
            const graph = sequential({ name: "s", agents }).compile({ checkpointer: own, durability });
            return await graph.invoke({ messages: [{ role: "user", content: `turn ${index}` }] }, config).then(
              (state) => textsOf(state),
              (error: unknown) => {
                if (PhasegraphError.is(error) && error.code === "RUN_CONFLICT") return undefined;
                throw error;
              },
            );
          };
          const acknowledged = await Promise.all(turns.map(run));
          const graph = sequential({ name: "s", agents: ["a0", "a1"].map((id) => agent({ id, run: () => "-" })) }).compile({
            checkpointer: saver,
          });
          const texts = textsOf((await graph.getState(config)).values);
          expect(acknowledged.some((said) => said !== undefined)).toBe(true);
          // whatever a caller was told stands in the thread, in its order; a turn that was refused may have been gone on with by the next
          for (const said of acknowledged) if (said !== undefined) expect(texts.slice(0, said.length)).toEqual(said);
          saver.close();
        },
      ),
      { numRuns: runs(5, 25) },
    );
  });
});

const textsOf = ({ messages }: { readonly messages: readonly BaseMessage[] }): string[] => messages.map((message) => message.text);

/** Lets the event loop turn so many times. */
async function ticks(count: number): Promise<void> {
  for (let tick = 0; tick < count; tick += 1) await new Promise((next) => void setImmediate(next));
}
