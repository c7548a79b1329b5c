import { describe, expect, it } from "vitest";
import { agent, parallel, sequential, swarm, type Agent } from "../../index.js";
import { scriptedModel, type ModelStep } from "../../testing/index.js";
import { DURABILITIES, overloaded, refunding, SAVERS, sensible, thread, user } from "./job.js";

function team(script: readonly ModelStep[], refund: ReturnType<typeof refunding>["refund"]) {
  return swarm({ name: "inner", agents: [agent({ id: "desk", model: scriptedModel(script), tools: [refund] })] });
}

const AROUND: Readonly<Record<string, (inner: Agent) => ReturnType<typeof sequential>>> = {
  "one level down": (inner) => sequential({ name: "outer", agents: [inner] }),
  "two levels down": (inner) => sequential({ name: "outer", agents: [sequential({ name: "middle", agents: [inner] })] }),
};

describe("H1 a nested team whose turn ended early", () => {
  for (const [title, around] of Object.entries(AROUND)) {
    for (const [name, open] of Object.entries(SAVERS)) {
      for (const durability of DURABILITIES) {
        it(`goes on with what it had done, ${title} (${name}, ${durability})`, async () => {
          const { refund, keys } = refunding();
          const graph = around(team(["Hello.", sensible, overloaded, sensible], refund)).compile({ checkpointer: open(), durability });
          await graph.invoke(user("hi"), thread());
          await expect(graph.invoke(user("refund A1"), thread())).rejects.toThrow("529");
          const after = await graph.invoke(user("did it work?"), thread());
          expect(after.messages.at(-1)?.text).toBe("It is refunded.");
          expect(keys).toHaveLength(1);
        });
      }
    }
  }

  it("goes on by itself without a new input", async () => {
    const { refund, keys } = refunding();
    const graph = sequential({ name: "outer", agents: [team([sensible, overloaded, sensible], refund)] }).compile({
      checkpointer: SAVERS["MemorySaver"]?.(),
    });
    await expect(graph.invoke(user("refund A1"), thread())).rejects.toThrow("529");
    const after = await graph.invoke(null, thread());
    expect(after.messages.at(-1)?.text).toBe("It is refunded.");
    expect(keys).toHaveLength(1);
  });

  it("does not know what a fork left behind", async () => {
    const { refund, keys } = refunding();
    const heard: string[][] = [];
    const listens: ModelStep = ({ messages }) => (heard.push(messages.map(({ text }) => text)), "A fork.");
    const graph = sequential({ name: "outer", agents: [team(["Hello.", sensible, overloaded, listens], refund)] }).compile({
      checkpointer: SAVERS["MemorySaver"]?.(),
    });
    await graph.invoke(user("hi"), thread());
    const older = (await graph.getState(thread())).config;
    await expect(graph.invoke(user("refund A1"), thread())).rejects.toThrow("529");
    await graph.invoke(user("something else"), older);
    expect(heard).toEqual([["hi", "Hello.", "something else"]]);
    expect(keys).toHaveLength(1);
  });

  const nowhere = { "at the root": (inner: Agent) => inner as ReturnType<typeof sequential> }; // an orchestration already
  for (const [title, around] of Object.entries({ ...nowhere, ...AROUND })) {
    for (const [name, open] of Object.entries(SAVERS)) {
      it(`a branch that was done beside one that failed is not run again, ${title} (${name})`, async () => {
        const { refund, keys } = refunding();
        let runs = 0;
        const heard: string[] = [];
        const quick = agent({ id: "quick", run: () => `Run ${(runs += 1)}.` });
        const slow = agent({ id: "slow", model: scriptedModel([sensible, overloaded, sensible]), tools: [refund] });
        const sum = agent({ id: "sum", run: ({ messages }) => (heard.push(...messages.map(({ text }) => text)), "All done.") });
        const branches = parallel({ name: "both", branches: [quick, slow], synthesizer: sum, onFailure: "stop" });
        const graph = around(branches as Agent).compile({ checkpointer: open() });
        await graph.invoke(user("go"), thread()).catch(() => undefined);
        const after = await graph.invoke(user("and?"), thread());
        expect(after.messages.at(-1)?.text).toBe("All done.");
        expect(heard).toEqual(expect.arrayContaining(["Run 1.", "refunded A1", "It is refunded."]));
        expect(keys).toHaveLength(1);
        expect(runs).toBe(1);
      });
    }
  }
});
