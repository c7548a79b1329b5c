import { Command, type StateSnapshot } from "@langchain/langgraph";
import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { agent, human, mapReduce, orchestratorWorker, reply, sequential, type Agent, type Turn } from "../../index.js";
import { tokensIn } from "../../src/agent/tokens.js";
import { scriptedModel } from "../../testing/index.js";
import { SAVERS, thread, user } from "../recovery/job.js";

const asked = (turn: Pick<Turn, "messages">): string => turn.messages.findLast((one) => one.getType() === "human")?.text ?? "";

/** Asks before it pays what the newest message says. */
function bank(paid: string[]) {
  const draft = agent({ id: "draft", run: (turn) => reply("Drafted.", { data: asked(turn) }) });
  const pay = agent({
    id: "pay",
    run: (turn) => {
      const what = String(turn.results["draft"]?.data);
      paid.push(what);
      return `Paid: ${what}`;
    },
  });
  const question = (turn: Turn): string => `${String(turn.results["draft"]?.data)}?`;
  return sequential({ name: "bank", agents: [draft, human({ id: "person", question }), pay] });
}

const places: Readonly<Record<string, (inner: Agent) => Agent>> = {
  "one level down": (inner) => sequential({ name: "desk", agents: [inner] }) as Agent,
  "two levels down": (inner) => sequential({ name: "desk", agents: [sequential({ name: "room", agents: [inner] })] }) as Agent,
  "in a fan-out": (mapper) => mapReduce({ name: "fan", items: (turn) => [asked(turn as Turn)], mapper }) as Agent,
  "in a plan": (worker) =>
    orchestratorWorker({
      name: "plan",
      planner: agent({ id: "planner", run: (turn) => reply("", { data: { tasks: [{ id: "t", input: asked(turn) }] } }) }),
      workers: [worker],
    }) as Agent,
};

interface Graph {
  invoke(input: unknown, config: unknown): Promise<{ readonly messages: BaseMessage[]; readonly __interrupt__?: readonly Asked[] }>;
  getState(config: unknown, options?: object): Promise<StateSnapshot>;
}
interface Asked {
  readonly id: string;
  readonly value: { readonly question: string };
}
const compiled = (team: Agent, checkpointer: unknown): Graph =>
  (team as unknown as { compile(options: object): Graph }).compile({ checkpointer }); // every team here is an orchestration

/** The configs of a state and of all states inside of it. */
function configsIn(state: StateSnapshot): unknown[] {
  return [state.config, ...state.tasks.flatMap(({ state: inner }) => (inner !== undefined && "values" in inner ? configsIn(inner) : []))];
}

describe("C6 an answer with the config of a state that asked", () => {
  for (const [place, around] of Object.entries(places)) {
    for (const [name, open] of Object.entries(SAVERS).slice(0, place === "two levels down" ? 2 : 1)) {
      it(`reaches that state or none, never the newer one, ${place} (${name})`, async () => {
        const first = compiled(around(bank([]) as Agent), open());
        await first.invoke(user("pay 10"), thread());
        for (let depth = 0; depth < configsIn(await first.getState(thread(), { subgraphs: true })).length; depth += 1) {
          const paid: string[] = [];
          const graph = compiled(around(bank(paid) as Agent), open());
          await graph.invoke(user("pay 10"), thread());
          const config = configsIn(await graph.getState(thread(), { subgraphs: true }))[depth];
          await graph.invoke(user("pay 10000"), thread());
          const end = await graph.invoke(new Command({ resume: "yes" }), config).catch((error: Error) => error.name);
          expect([[], ["pay 10"]]).toContainEqual(paid);
          if (end === "AnswerRefusedError") {
            const again = await graph.invoke(null, (await history(graph))[0]);
            expect(again.__interrupt__?.[0]?.value.question).toBe("pay 10?");
            await graph.invoke(new Command({ resume: "yes" }), thread());
          }
          if (end !== "InvalidRequestError") expect(paid).toEqual(["pay 10"]);
        }
      });

      it(`is taken when nothing came since, ${place} (${name})`, async () => {
        const probe = compiled(around(bank([]) as Agent), open());
        await probe.invoke(user("pay 10"), thread());
        const count = configsIn(await probe.getState(thread(), { subgraphs: true })).length;
        for (let depth = 0; depth < count; depth += 1) {
          const paid: string[] = [];
          const graph = compiled(around(bank(paid) as Agent), open());
          await graph.invoke(user("pay 10"), thread());
          const config = configsIn(await graph.getState(thread(), { subgraphs: true }))[depth];
          await graph.invoke(new Command({ resume: "yes" }), config);
          expect(paid).toEqual(["pay 10"]);
        }
      });
    }
  }

  /** The config of the oldest state that asks. */
  async function history(graph: Graph): Promise<unknown[]> {
    const found: unknown[] = [];
    const all = (graph as unknown as { getStateHistory(config: unknown): AsyncIterable<StateSnapshot> }).getStateHistory(thread());
    for await (const { config, tasks } of all) if (tasks.some(({ interrupts }) => interrupts.length > 0)) found.unshift(config);
    return found;
  }
});

describe("the tokens of a nested team", () => {
  it("are those of all its calls, once, at every depth", async () => {
    const usage = { input_tokens: 100, output_tokens: 10, total_tokens: 110 };
    const say = () => new AIMessage({ content: "Said.", usage_metadata: usage as never }); // LangChain's type has none
    const inner = () => sequential({ name: "inner", agents: ["a", "b"].map((id) => agent({ id, model: scriptedModel([say, say]) })) });
    const middle = () => sequential({ name: "middle", agents: [inner(), agent({ id: "c", model: scriptedModel([say, say]) })] });
    const graph = sequential({ name: "outer", agents: [middle()] }).compile({ checkpointer: SAVERS["MemorySaver"]?.() });
    for (const calls of [3, 6]) {
      const { messages } = await graph.invoke(user("go"), thread());
      expect(tokensIn(messages)?.total_tokens).toBe(calls * 110);
    }
    const fan = mapReduce({ name: "fan", items: () => ["x"], mapper: middle() }).compile();
    expect(Object.values((await fan.invoke(user("go"))).tasks)[0]?.tokens?.total_tokens).toBe(330);
  });
});
