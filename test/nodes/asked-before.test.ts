import { Command, MemorySaver, type BaseCheckpointSaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { AnswerRefusedError, human, parallel, sequential } from "../../index.js";
import { SqliteCheckpointer } from "../../src/sqlite/index.js";

const savers: readonly (readonly [string, () => BaseCheckpointSaver])[] = [
  ["MemorySaver", () => new MemorySaver()],
  ["SqliteCheckpointer", () => new SqliteCheckpointer(":memory:")],
];
const go = { messages: [{ role: "user" as const, content: "go" }] };
const on = (thread_id: string, checkpoint_id?: string) => ({
  configurable: { thread_id, ...(checkpoint_id === undefined ? {} : { checkpoint_id }) },
});
const asks = <const Id extends string>(id: Id) => human({ id, question: `What does ${id} say?` });

describe.each(savers)("a question that was answered (%s)", (_name, open) => {
  it("stays in the thread's history, where it takes no answer any more", async () => {
    const graph = sequential({ name: "desk", agents: [asks("ann"), asks("bob")] }).compile({ checkpointer: open() });
    await graph.invoke(go, on("t"));
    await graph.invoke(new Command({ resume: "yes" }), on("t"));
    await graph.invoke(new Command({ resume: "no" }), on("t"));
    const asked: (readonly [string, string, string])[] = [];
    for await (const { tasks, config } of graph.getStateHistory(on("t")))
      for (const { name, interrupts } of tasks)
        for (const { value } of interrupts)
          asked.unshift([name, (value as { question: string }).question, String(config.configurable?.["checkpoint_id"])]);
    expect(asked.map(([name, question]) => `${name}: ${question}`)).toEqual(["ann: What does ann say?", "bob: What does bob say?"]);
    const before = await graph.getState(on("t"));
    const late = graph.invoke(new Command({ resume: "again" }), on("t", asked[0]?.[2]));
    await expect(late).rejects.toBeInstanceOf(AnswerRefusedError);
    expect((await graph.getState(on("t"))).config).toEqual(before.config);
  });

  it("is not shown as open beside one that is", async () => {
    const graph = parallel({ name: "desk", branches: [asks("ann"), asks("bob")] }).compile({ checkpointer: open() });
    await graph.invoke(go, on("t"));
    const questions = (await graph.getState(on("t"))).tasks.flatMap(({ interrupts }) => interrupts);
    await graph.invoke(new Command({ resume: { [questions[0]?.id ?? ""]: "yes" } }), on("t"));
    const { tasks, values } = await graph.getState(on("t"));
    expect(tasks.flatMap(({ interrupts }) => interrupts).map(({ value }) => (value as { question: string }).question)).toEqual([
      "What does bob say?",
    ]);
    expect(values.control.waiting).toEqual(["bob"]);
  });
});
