import { MemorySaver, StateGraph, StateSchema, MessagesValue } from "@langchain/langgraph";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { agent, InvalidRequestError, mapReduce, parallel, PhasegraphError, sequential, TaskFailedError, type Agent } from "../../index.js";
import { located } from "../../src/base/located.js";
import { shownError } from "../../src/base/shown-error.js";
import { scriptedModel } from "../../testing/index.js";

const ask = { messages: [{ role: "user" as const, content: "go" }] };
const config = { configurable: { thread_id: "1" } };

/** As providers throw it. */
class RateLimitError extends Error {
  override readonly name = "RateLimitError";
  readonly code = "rate_limit";
  readonly #secret = 7;
  constructor(readonly status = 429) {
    super("slow down");
  }
  get retryable(): boolean {
    return this.#secret === 7;
  }
}

type Caught = Error & { agent?: string; phase?: string; within?: readonly string[]; status?: number; code?: string };

/** Everybody who can fail, by what it throws; the way to whoever is to blame. */
const AGENTS: Readonly<Record<string, (fail: () => never) => Agent>> = {
  "a function": (run) => agent({ id: "f", run }),
  "a model": (fail) => agent({ id: "f", model: scriptedModel([fail]) }),
  "a model chosen for the turn": (model) => agent({ id: "f", model }),
  "a graph of LangGraph": (fail) =>
    agent({
      id: "f",
      graph: new StateGraph(new StateSchema({ messages: MessagesValue })).addNode("n", fail).addEdge("__start__", "n").compile(),
    }),
};

const AROUND: Readonly<Record<string, (inner: Agent) => { team: ReturnType<typeof sequential>; within?: readonly string[] }>> = {
  "in a line": (inner) => ({ team: sequential({ name: "line", agents: [agent({ id: "first", run: () => "ok" }), inner] }) as never }),
  "in a branch": (inner) => ({
    team: parallel({ name: "pair", branches: [inner, agent({ id: "other", run: () => "ok" })], onFailure: "stop" }) as never,
  }),
  "in a team": (inner) => {
    const one = sequential({ name: "one", agents: [inner] });
    return { team: sequential({ name: "outer", agents: [one] }) as never, within: ["one"] };
  },
  "in a team in a team": (inner) => {
    const two = sequential({ name: "two", agents: [sequential({ name: "one", agents: [inner] })] });
    return { team: sequential({ name: "outer", agents: [two] }) as never, within: ["two", "one"] };
  },
};

async function caught(given: unknown, stored = true): Promise<Caught> {
  const team = given as ReturnType<typeof sequential>; // any orchestration without state of its own
  const graph = team.compile(stored ? { checkpointer: new MemorySaver() } : {});
  const error: unknown = await graph.invoke(ask as never, config).catch((thrown: unknown) => thrown);
  if (!(error instanceof Error)) throw new Error("nothing failed");
  return error;
}

describe.each(Object.entries(AROUND))("an error that ends a run, %s", (_place, put) => {
  it.each(Object.entries(AGENTS))("of %s says whose it is, and stays the error that it was", async (_kind, make) => {
    for (const stored of [true, false]) {
      const thrown = new RateLimitError();
      const { team, within } = put(
        make(() => {
          throw thrown;
        }),
      );
      const error = await caught(team, stored);
      expect(error).toBe(thrown);
      expect(error instanceof RateLimitError && error.retryable).toBe(true);
      expect(error).toMatchObject({ name: "RateLimitError", status: 429, code: "rate_limit", agent: "f" });
      expect(error.within).toEqual(within);
      const way = [...(within ?? []), error.phase].join("/");
      expect(error.message).toBe(`slow down [agent "f", phase "${way}"]`);
      expect(error.phase).toMatch(/f$/);
    }
  });
});

describe("whatever was thrown", () => {
  const failing = (run: () => never) => sequential({ name: "s", agents: [agent({ id: "f", run })] });
  const throws = (thrown: unknown) =>
    failing(() => {
      throw thrown; // whatever it is
    });

  it("values that are no errors, and errors that cannot be written to, say it too", async () => {
    const sealed = Object.preventExtensions(new RateLimitError());
    for (const thrown of [
      "a text",
      null,
      undefined,
      7,
      { status: 500 },
      Object.freeze(new RateLimitError()),
      sealed,
      new DOMException("gone", "DataError"),
    ]) {
      const error = await caught(throws(thrown));
      expect(error).toMatchObject({ agent: "f", phase: "f", message: expect.stringMatching(/\[agent "f", phase "f"\]$/) as string });
      if (thrown instanceof Error) expect(error).toBeInstanceOf(thrown.constructor as new () => Error);
      if (thrown instanceof RateLimitError) expect([error.name, error.status, error.code]).toEqual(["RateLimitError", 429, "rate_limit"]);
    }
  });

  it("what an error says of itself stays, and the message of one of ours too", async () => {
    const own = Object.assign(new Error("no"), { phase: "moon", agent: 7 });
    expect(await caught(throws(own))).toMatchObject({ phase: "moon", agent: 7 });
    const ours = new InvalidRequestError("It", "is wrong", "something right");
    const { message } = ours;
    const error = await caught(throws(ours));
    expect(error).toMatchObject({ message, agent: "f", phase: "f" });
    expect(PhasegraphError.is(error) && (await error.getResponse().json())).toMatchObject({ agent: "f", phase: "f" });
  });

  it("one error that several throw again and again tells each time of whoever threw it last", async () => {
    const shared = new Error("boom");
    const names = ["a", "b"];
    const teams = names.map((id) => {
      const thrower = agent({
        id,
        run: () => {
          throw shared;
        },
      });
      return [
        sequential({ name: "flat", agents: [thrower] }),
        sequential({ name: "outer", agents: [sequential({ name: "in", agents: [thrower] })] }),
      ];
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(1), fc.nat(1)), { minLength: 1, maxLength: 4 }), async (throwings) => {
        for (const [who, where] of throwings) {
          const team = teams[who]?.[where];
          if (team === undefined) continue;
          const error = await caught(team);
          const way = [...(where === 1 ? ["in"] : []), names[who]].join("/");
          expect(error.message).toBe(`boom [agent "${names[who]}", phase "${way}"]`);
          expect(error.within).toEqual(where === 1 ? ["in"] : undefined);
        }
      }),
      { numRuns: 10 },
    );
  });

  it("where the chart knows failure the record is of what was thrown", async () => {
    const broken = agent({
      id: "f",
      run: () => {
        throw new RateLimitError();
      },
    });
    const state = await parallel({ name: "pair", branches: [broken] })
      .compile()
      .invoke(ask);
    expect(Object.values(state.results)).toMatchObject([{ agent: "f", error: { name: "RateLimitError", message: "slow down" } }]);
  });

  it("of a worker, the task says whose it is, and the error in which phase the plan was", async () => {
    const worker = sequential({ name: "crew", agents: [agent({ id: "f", model: scriptedModel([new RateLimitError()]) })] });
    const crew = mapReduce({ name: "maps", items: () => [1], mapper: worker, onFailure: "stop" });
    const error = await caught(sequential({ name: "s", agents: [crew] }));
    expect(error).toBeInstanceOf(TaskFailedError);
    expect(error).toMatchObject({ agent: "crew", phase: "map", within: ["maps"] });
    expect(error.message).toContain('slow down [agent "f", phase "f"]');
  });

  it("never throws itself", () => {
    const fails = (): never => {
      throw new Error("a trap");
    };
    const place = { agent: "a", phase: "p", turn: {}, around: undefined };
    for (const odd of [
      new Proxy(new Error("x"), { has: fails }),
      new Proxy(new Error("x"), { defineProperty: fails, isExtensible: fails }),
    ])
      expect(shownError(located(odd, place)).message).toBe("x");
    const fixed = Object.defineProperty(new Error(), "message", { value: "x", writable: false, configurable: false });
    expect(located(fixed, place)).toMatchObject({ message: "x", agent: "a", phase: "p" });
  });
});
