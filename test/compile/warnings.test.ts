import { tool } from "@langchain/core/tools";
import { MemorySaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { agent, approve, loop, mapReduce, parallel, pipeline, sequential, type Agent, type BaseState } from "../../index.js";
import { callTool, scriptedModel } from "../../testing/index.js";

// nothing is asked of the runs: a test in which Node warns fails, see test/setup.ts

const idle = (id: string) => agent({ id, run: () => id });
const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));
const seq = (name: string, ...agents: Agent[]) => sequential({ name, agents });
const par = (name: string, ...branches: Agent[]) => parallel({ name, branches });
const reviewed = (name: string) => loop({ name, producer: idle("w"), reviewers: [agent({ id: "c", run: () => approve() })] });
const fanOut = (name: string) =>
  mapReduce({ name, items: () => many(12, String), mapper: seq("worker", idle("w")), reducer: idle("r"), concurrency: 12 });

const SHAPES = {
  "a sequence of twelve sequences": () => seq("s", ...many(12, (index) => seq(`s${index}`, idle(`a${index}`)))),
  "a sequence of a parallel of three sequences": () =>
    seq("s", par("p", seq("x", idle("a")), seq("y", idle("b")), seq("z", idle("c"))), idle("d")),
  "four deep": () => seq("s", seq("t", seq("u", seq("v", idle("a"), idle("b")), idle("e")), idle("f")), idle("c")),
  "a pipeline of two parallels": () =>
    pipeline({
      name: "pp",
      waits: false,
      stages: [
        { phase: "p", agent: par("x", idle("a"), idle("b")), next: "q" },
        { phase: "q", agent: par("y", idle("c"), idle("d")) },
      ],
    }),
  "a parallel of twelve parallels": () => par("p", ...many(12, (index) => par(`p${index}`, idle(`a${index}`), idle(`b${index}`)))),
  "a loop in a parallel in a sequence": () => seq("s", par("p", reviewed("l"), idle("x")), idle("z")),
  "fan-outs side by side": () => seq("s", par("p", fanOut("f"), fanOut("g"), seq("h", fanOut("i"))), idle("z")),
};

describe.each(Object.entries(SHAPES))("%s", (_name, make) => {
  it.each(["stored", "not stored"])("makes Node warn of nothing, %s", async (kind) => {
    const graph = make().compile(kind === "stored" ? { checkpointer: new MemorySaver() } : {});
    const own = new AbortController();
    const config = { configurable: { thread_id: "1" }, signal: own.signal };
    const { control } = (await graph.invoke({ messages: [{ role: "user", content: "go" }] } as never, config)) as unknown as BaseState;
    expect(control.done).toBe(true);
  });
});

it("a turn of twelve tool calls at once makes Node warn of nothing", async () => {
  const look = tool(async ({ at }: { at: number }) => `saw ${at}`, {
    name: "look",
    description: "Looks.",
    schema: z.object({ at: z.number() }),
  });
  const calls = many(12, (at) => callTool("look", { at }));
  const model = scriptedModel([calls, "Done."]);
  const graph = seq("s", agent({ id: "a", model, tools: [look] })).compile({ checkpointer: new MemorySaver() });
  await graph.invoke({ messages: [{ role: "user", content: "go" }] } as never, { configurable: { thread_id: "1" } });
  model.assertDone();
});
