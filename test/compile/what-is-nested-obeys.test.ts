import { InMemoryStore, MemorySaver } from "@langchain/langgraph";
import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { describe, expect, it } from "vitest";
import { mapReduce, orchestratorWorker, parallel, agent, reply, sequential, supervisor, delegate, type Agent } from "../../index.js";
import type { InheritedOptions, Turn } from "../../src/agent/agent.js";
import type { CompileOptions } from "../../src/compile/compile.js";
import { saverOf } from "../../src/langgraph/config.js";
import { manualClock } from "../../testing/index.js";

/** What an agent, however deep, sees of how the outermost graph was compiled and called. */
interface Seen {
  readonly turn: Turn & { readonly config: { readonly store?: unknown; readonly context?: unknown } };
  readonly options: InheritedOptions | undefined;
}

/** How each option of `compile` reaches what is nested, or why it does not. A new option has to be decided on here. */
const COMPILE: { readonly [Option in keyof Required<CompileOptions>]: ((seen: Seen) => unknown) | string } = {
  checkpointer: ({ turn }) => saverOf(turn.config) !== undefined,
  store: ({ turn }) => turn.config.store !== undefined,
  durability: ({ options }) => options?.durability === "sync",
  onChartChange: ({ options }) => options?.onChartChange === "resume",
  clock: ({ options, turn }) => options?.clock === CLOCK && turn.clock === CLOCK,
  interruptBefore: "names phases of the outermost chart, as LangGraph's breakpoints do: those inside have other phases",
  interruptAfter: "names phases of the outermost chart, as LangGraph's breakpoints do: those inside have other phases",
  transformers: "see the events of everything inside in the outermost stream already",
};

const CLOCK = manualClock(1_000);
const signal = new AbortController();
const told: string[] = [];
const handler = BaseCallbackHandler.fromMethods({ handleChainStart: (chain) => void told.push(String(chain?.id?.at(-1))) });

/** What a caller says with a run, and where it is seen. */
const CALL = {
  tags: ({ turn }) => turn.config.tags?.includes("blue"),
  metadata: ({ turn }) => turn.config.metadata?.["user"] === "ada",
  configurable: ({ turn }) => turn.config.configurable?.["tenant"] === "t1" && turn.config.configurable["thread_id"] === "1",
  context: ({ turn }) => (turn.config.context as { readonly plan?: string } | undefined)?.plan === "pro",
  callbacks: ({ turn }) => turn.config.callbacks !== undefined,
  signal: ({ turn }) => turn.config.signal !== undefined,
} satisfies Readonly<Record<string, (seen: Seen) => unknown>>;

const places: Readonly<Record<string, (inner: Agent<"probe">) => Agent>> = {
  "in a phase": (inner) => sequential({ name: "one", agents: [inner] }) as Agent,
  "in a nested team": (inner) => sequential({ name: "one", agents: [sequential({ name: "two", agents: [inner] })] }) as Agent,
  "in a branch": (inner) => sequential({ name: "one", agents: [parallel({ name: "two", branches: [inner] })] }) as Agent,
  "as the worker of a supervisor": (inner) =>
    supervisor({
      name: "one",
      supervisor: agent({
        id: "boss",
        run: (turn) => (turn.messages.at(-1)?.getType() === "tool" ? "." : delegate(turn, [{ worker: "probe", task: "x" }])),
      }),
      workers: [inner],
    }) as Agent,
  "in a team that is a worker": (inner) =>
    mapReduce({ name: "one", items: () => ["x"], mapper: sequential({ name: "two", agents: [inner] }) }) as Agent,
  "in a plan of a nested team": (inner) =>
    sequential({
      name: "one",
      agents: [
        orchestratorWorker({
          name: "two",
          planner: agent({ id: "planner", run: () => reply("", { data: { tasks: [{ id: "t", input: "x" }] } }) }),
          workers: [inner],
        }),
      ],
    }) as Agent,
  "in a worker of a worker": (inner) =>
    mapReduce({
      name: "one",
      items: () => ["x"],
      mapper: mapReduce({ name: "two", items: () => ["x"], mapper: sequential({ name: "three", agents: [inner] }) }),
    }) as Agent,
};

/** One run of a team with the probe in it, with everything said that can be said. */
async function probed(around: (inner: Agent<"probe">) => Agent): Promise<Seen> {
  let seen: Seen | undefined;
  const probe: Agent<"probe"> = {
    id: "probe",
    node: ({ options }) => ({
      run: async (turn) => {
        seen = { turn, options };
        return reply("Seen.");
      },
    }),
  };
  const team = around(probe) as unknown as ReturnType<typeof sequential>; // every place is an orchestration
  const options: CompileOptions = {
    checkpointer: new MemorySaver(),
    store: new InMemoryStore(),
    durability: "sync",
    onChartChange: "resume",
    clock: CLOCK,
  };
  await team.compile(options).invoke(
    { messages: [{ role: "user", content: "go" }] },
    {
      configurable: { thread_id: "1", tenant: "t1" },
      tags: ["blue"],
      metadata: { user: "ada" },
      context: { plan: "pro" } as never, // these teams declare no context
      callbacks: [handler],
      signal: signal.signal,
    },
  );
  if (seen === undefined) throw new Error("Nobody asked the probe.");
  return seen;
}

describe("what is nested obeys the same options and hears the same caller", () => {
  it.each(Object.entries(places))("%s", async (_place, around) => {
    const seen = await probed(around);
    const decided = Object.entries<((seen: Seen) => unknown) | string>({ ...COMPILE, ...CALL });
    const wrong = decided.flatMap(([option, check]) => (typeof check === "string" || check(seen) === true ? [] : [option]));
    expect(wrong).toEqual([]);
  });

  it.each(Object.entries(places))("the caller's stop reaches a turn %s", async (_place, around) => {
    const stop = new AbortController();
    let heard = false;
    const waiting: Agent<"probe"> = {
      id: "probe",
      node: () => ({
        run: ({ config }) =>
          new Promise((_resolve, reject) => {
            config.signal?.addEventListener("abort", () => {
              heard = true;
              reject(config.signal?.reason as Error);
            });
            stop.abort(new Error("Stopped."));
          }),
      }),
    };
    const team = around(waiting) as unknown as ReturnType<typeof sequential>; // every place is an orchestration
    const run = team
      .compile({ checkpointer: new MemorySaver() })
      .invoke({ messages: [] }, { configurable: { thread_id: "1" }, signal: stop.signal });
    await expect(run).rejects.toThrow();
    await expect.poll(() => heard).toBe(true); // a run may be over before all of its work has heard
  });

  it("a recursionLimit bounds a team wherever it stands, each for itself", async () => {
    const long = () => sequential({ name: "long", agents: ["a", "b", "c"].map((id) => agent({ id, run: () => id })) });
    const nested = sequential({ name: "one", agents: [long()] }).compile();
    await expect(nested.invoke({ messages: [] }, { recursionLimit: 2 })).rejects.toThrow("recursionLimit");
    const worker = mapReduce({ name: "one", items: () => ["x"], mapper: long() }).compile();
    const { tasks } = await worker.invoke({ messages: [] }, { recursionLimit: 2 });
    expect(Object.values(tasks)[0]).toMatchObject({ status: "failed", error: { name: "GraphRecursionError" } });
    expect(Object.values((await worker.invoke({ messages: [] }, { recursionLimit: 3 })).tasks)[0]).toMatchObject({ status: "completed" });
  });
});
