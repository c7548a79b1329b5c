import { MemorySaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { agent, handoff, parallel, reply, send, type Turn } from "../../index.js";
import { scriptedAgent } from "../../testing/index.js";
import { failure, lines, says, thread } from "./says.js";

/** Branches that go on in the order they are told to. */
function gates(ids: readonly string[]) {
  const open = new Map<string, () => void>();
  const opened = new Map(ids.map((id) => [id, new Promise<void>((resolve) => open.set(id, resolve))]));
  return { wait: (id: string) => opened.get(id), open: (id: string) => open.get(id)?.() };
}

describe("B2 parallel", () => {
  it("gives results in the order of the branches, whoever was first", async () => {
    const gate = gates(["a", "b", "c"]);
    const next: Record<string, string> = { c: "b", b: "a" };
    const branch = (id: string) =>
      agent({
        id,
        run: async () => {
          if (id === "c") gate.open("c");
          await gate.wait(id);
          gate.open(next[id] ?? "");
          return `${id} is done`;
        },
      });
    const team = parallel({ name: "team", branches: [branch("b"), branch("c"), branch("a")] });
    const state = await team.compile().invoke(says("go"));
    expect(team.results(state).map((result) => result.phase)).toEqual(["b", "c", "a"]);
  });

  it("runs its branches at the same time, each on the same input", async () => {
    let inside = 0;
    let most = 0;
    const seen: string[][] = [];
    const branch = (id: string) =>
      agent({
        id,
        run: async (turn: Turn) => {
          seen.push(lines(turn.messages));
          most = Math.max(most, (inside += 1));
          await new Promise((resolve) => setImmediate(resolve));
          inside -= 1;
          return "";
        },
      });
    await parallel({ name: "team", branches: [branch("a"), branch("b"), branch("c")] })
      .compile()
      .invoke(says("go"));
    expect(most).toBe(3);
    expect(seen).toEqual([["user: go"], ["user: go"], ["user: go"]]);
  });

  it("a branch that throws does not take its siblings, and the synthesizer sees all results", async () => {
    const editor = scriptedAgent("editor", [
      (turn) =>
        ["a", "b", "c"]
          .map((id) => `${id} ${turn.results[id]?.status} ${turn.results[id]?.error?.message ?? turn.results[id]?.content}`)
          .join("; "),
    ]);
    const team = parallel({
      name: "team",
      branches: [scriptedAgent("a", ["fine"]), scriptedAgent("b", [new Error("broken")]), scriptedAgent("c", ["good"])],
      synthesizer: editor,
    });
    const state = await team.compile().invoke(says("go"));
    expect(state.messages.at(-1)?.text).toBe("a ok fine; b failed broken; c ok good");
    expect(team.results(state).map((result) => result.status)).toEqual(["ok", "failed", "ok", "ok"]);
  });

  it("ends although every branch failed, and says so in its results", async () => {
    const team = parallel({ name: "team", branches: [scriptedAgent("a", [new Error("x")]), scriptedAgent("b", [new Error("y")])] });
    const state = await team.compile().invoke(says("go"));
    expect(state.control.done).toBe(true);
    expect(team.results(state).map((result) => result.error?.message)).toEqual(["x", "y"]);
  });

  it("an error stops the run when told so, and what the siblings finished is kept for the next try", async () => {
    const { checkpointer, config } = thread();
    const fine = scriptedAgent("fine", ["fine"]);
    const weak = scriptedAgent("weak", [new Error("broken"), "better"]);
    const team = parallel({ name: "team", branches: [fine, weak], onFailure: "stop" });
    const graph = team.compile({ checkpointer });
    expect((await failure(graph.invoke(says("go"), config))).message).toMatch(/^broken \[agent /);
    const state = await graph.invoke(null, config);
    expect(team.results(state).map((result) => result.content)).toEqual(["fine", "better"]);
    fine.assertDone();
    weak.assertDone();
  });

  it("what one branch finished is not done again when another had failed and a new input comes", async () => {
    const { checkpointer, config } = thread();
    const fine = scriptedAgent("fine", ["fine"]);
    const weak = scriptedAgent("weak", [new Error("broken"), "better"]);
    const graph = parallel({ name: "team", branches: [fine, weak], onFailure: "stop" }).compile({ checkpointer });
    await failure(graph.invoke(says("go"), config));
    const state = await graph.invoke(says("try again"), config);
    expect(state.control.done).toBe(true);
    fine.assertDone();
  });

  it.each([
    ["a handoff to nobody", handoff("ghost"), '"HANDOFF.ghost" is not accepted'],
    ["an event the chart does not know", send("FINISH"), '"FINISH" is not accepted'],
    ["its sibling's end", send("DONE.good"), '"DONE.good" is not accepted in phase "bad" (agents cannot send it)'],
    [
      "its sibling's failure",
      send({ type: "FAIL.good", reason: "I say so" }),
      '"FAIL.good" is not accepted in phase "bad" (agents cannot send it)',
    ],
    ["data that is no JSON", reply("x", { data: () => 1 }), 'The data of agent "bad"'],
    ["state nobody declared", reply("x", { update: { secret: 1 } as never }), 'Agent "bad" updates "secret"'],
  ])("a branch that comes with %s has failed, and its siblings go on", async (_name, outcome, message) => {
    const team = parallel({ name: "team", branches: [scriptedAgent("bad", [outcome]), scriptedAgent("good", ["fine"])] });
    const state = await team.compile().invoke(says("go"));
    expect(team.results(state).map((result) => [result.phase, result.status])).toEqual([
      ["bad", "failed"],
      ["good", "ok"],
    ]);
    expect(state.results["bad"]?.error?.message).toContain(message);
  });

  it("many branches at once cause no warning of a leak", async () => {
    const warnings: string[] = [];
    const hear = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", hear);
    const branches = Array.from({ length: 40 }, (_, index) => agent({ id: `branch-${index}`, run: () => "done" }));
    await parallel({ name: "wide", branches })
      .compile({ checkpointer: new MemorySaver() })
      .invoke({ messages: [{ role: "user", content: "go" }] }, { configurable: { thread_id: "1" } });
    process.off("warning", hear);
    expect(warnings).toEqual([]);
  });
});
