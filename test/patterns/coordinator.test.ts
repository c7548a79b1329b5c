import { MemorySaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import {
  agent,
  broadcast,
  handoff,
  InvalidDefinitionError,
  InvalidRequestError,
  reply,
  roleChain,
  roundRobin,
  UnknownAgentError,
  type Orchestration,
} from "../../index.js";
import { scriptedAgent } from "../../testing/index.js";
import { failure, lines, says, thread } from "./says.js";

const named = <const Id extends string>(id: Id) => agent({ id, run: () => `${id} here` });
const broken = <const Id extends string>(id: Id) => agent({ id, run: () => Promise.reject(new Error(`${id} is broken`)) });

/** A user's message with metadata, as a client would send it. */
const to = (metadata: Readonly<Record<string, unknown>>) =>
  ({ messages: [{ role: "user", content: "go", additional_kwargs: { metadata } }] }) as unknown as ReturnType<typeof says>;

/** A thread on an orchestration; who spoke in each run. Every run is another process. */
function talk(orchestration: Orchestration) {
  const { checkpointer, config } = thread();
  return async (metadata: Readonly<Record<string, unknown>> = {}): Promise<string> => {
    const before = (await orchestration.compile({ checkpointer }).getState(config)).values.messages?.length ?? 0;
    const state = await orchestration.compile({ checkpointer }).invoke(to(metadata) as never, config); // any orchestration: its own state is not known here
    return lines(state.messages.slice(before + 1)).join("; ");
  };
}

const wide = (orchestration: unknown) => orchestration as Orchestration; // for talk, which sends messages only

const crew = () => ({
  planner: { agents: [named("p1"), named("p2")] },
  coder: { agents: [named("c1"), named("c2"), named("c3")] },
});

describe("B13 round-robin", () => {
  it("agents of a role answer in turn, each role with a count of its own, kept with the thread", async () => {
    const say = talk(wide(roundRobin({ name: "crew", roles: crew() })));
    const roles = ["planner", "coder", "coder", "planner", "coder", "coder", "planner"];
    const answers: string[] = [];
    for (const agentRole of roles) answers.push((await say({ agentRole })).split(":")[0] ?? "");
    expect(answers).toEqual(["p1", "c1", "c2", "p2", "c3", "c1", "p1"]);
  });

  it("a fork of the thread goes on counting from where it forked", async () => {
    const { checkpointer, config } = thread();
    const graph = roundRobin({ name: "crew", roles: crew(), defaultRole: "coder" }).compile({ checkpointer });
    await graph.invoke(says("1"), config);
    const fork = (await graph.getState(config)).config;
    await graph.invoke(says("2"), config);
    await graph.invoke(says("3"), config);
    expect(lines((await graph.invoke(says("2"), fork)).messages).at(-1)).toBe("c2: c2 here");
  });

  it("a message without a role is for the default one", async () => {
    expect(await talk(wide(roundRobin({ name: "crew", roles: crew() })))()).toBe("p1: p1 here");
    expect(await talk(wide(roundRobin({ name: "crew", roles: crew(), defaultRole: "coder" })))()).toBe("c1: c1 here");
  });

  it("the role may be written as agent_role, and come with the run", async () => {
    expect(await talk(wide(roundRobin({ name: "crew", roles: crew() })))({ agent_role: "coder" })).toBe("c1: c1 here");
    const state = await roundRobin({ name: "crew", roles: crew() })
      .compile()
      .invoke(says("go"), { configurable: { agent_role: "coder" } });
    expect(lines(state.messages).at(-1)).toBe("c1: c1 here");
  });

  it("a message to an agent reaches it and takes nobody's turn", async () => {
    const say = talk(wide(roundRobin({ name: "crew", roles: crew() })));
    expect([await say({ agentId: "p2" }), await say(), await say({ agent_id: "c3" }), await say()]).toEqual([
      "p2: p2 here",
      "p1: p1 here",
      "c3: c3 here",
      "p2: p2 here",
    ]);
  });

  it("an unknown agent or role is refused and nobody else answers; the thread goes on", async () => {
    const say = talk(wide(roundRobin({ name: "crew", roles: crew() })));
    expect(await failure(say({ agentId: "ghost" }))).toBeInstanceOf(UnknownAgentError);
    const error = await failure(say({ agentRole: "cooder" }));
    expect(error).toBeInstanceOf(InvalidRequestError);
    expect(error.message).toBe('A message for role "cooder": nobody plays it; expected planner, coder.');
    expect((await failure(say({ agentRole: ["planner", "coder"] }))).message).toContain("broadcast() asks several");
    expect(await say()).toBe("p1: p1 here");
  });

  describe("lite agents", () => {
    it("answer where a role has no agents: the first that does not fail, and what it says is kept", async () => {
      const second = scriptedAgent("second", []);
      const roles = { helper: { lite: [broken("zero"), named("first"), second] } };
      const graph = roundRobin({ name: "crew", roles }).compile();
      const state = await graph.invoke(says("go"));
      expect(lines(state.messages)).toEqual(["user: go", "first: first here"]);
      expect(state.results["zero"]).toMatchObject({ status: "failed", error: { message: "zero is broken" } });
      second.assertDone();
    });

    it("stand in for an agent that fails or asks for what may not be, and the turn stays spent", async () => {
      const bad = scriptedAgent("bad", [new Error("crash"), handoff("good")]);
      const roles = { coder: { agents: [bad, named("good")], lite: [named("spare")] } };
      const say = talk(wide(roundRobin({ name: "crew", roles })));
      expect([await say(), await say(), await say()]).toEqual(["spare: spare here", "good: good here", "spare: spare here"]);
      bad.assertDone();
    });

    it("that all fail leave the error of the last, and the message unanswered", async () => {
      const roles = { coder: { agents: [broken("a")], lite: [broken("b")] } };
      expect((await failure(roundRobin({ name: "crew", roles }).compile().invoke(says("go")))).message).toMatch(/^b is broken \[agent "b"/);
    });
  });

  it("a definition without anybody, or with names that are none, tells of all mistakes", () => {
    expect(() => roundRobin({ name: "crew", roles: { "a b": {}, coder: { agents: [named("c")] } }, defaultRole: "ghost" })).toThrow(
      /roles\.a b: use letters[\s\S]*roles\.a b: nobody plays this role[\s\S]*defaultRole: "ghost" is no role; there are a b, coder/,
    );
    expect(() => roundRobin({ name: "crew", roles: {} })).toThrow(InvalidDefinitionError);
    expect(() => roundRobin({ name: "crew", roles: { a: { agents: [named("x")] }, b: { agents: [named("x")] } } })).toThrow(
      "DUPLICATE_AGENT",
    );
  });

  it("has nothing to report to verify()", () => {
    expect(roundRobin({ name: "crew", roles: crew() }).verify().findings).toEqual([]);
  });
});

describe("B13 role chain", () => {
  it("really chains: each role works on what the one before it came to", async () => {
    const heard: Record<string, readonly string[]> = {};
    const adding = (id: string, role: string) =>
      agent({
        id,
        run: (turn) => {
          heard[role] = lines(turn.messages);
          return `${turn.messages.at(-1)?.text} → ${role}`;
        },
      });
    const roles = {
      planner: { agents: [adding("p", "plan")] },
      coder: { agents: [adding("c", "code")] },
      tester: { agents: [adding("t", "test")] },
    };
    const state = await roleChain({ name: "chain", roles }).compile().invoke(says("idea"));
    expect(state.messages.at(-1)?.text).toBe("idea → plan → code → test");
    expect(heard["test"]).toEqual(["user: idea", "p: idea → plan", "c: idea → plan → code"]);
  });

  it("within a role agents take turns from message to message; a role may come twice", async () => {
    const say = talk(wide(roleChain({ name: "chain", roles: crew(), chain: ["planner", "coder", "planner"] })));
    const who = async () => (await say()).replace(/: \w+ here/g, "");
    expect([await who(), await who(), await who(), await who()]).toEqual(["p1; c1; p2", "p1; c2; p2", "p1; c3; p2", "p1; c1; p2"]);
    const alternating = talk(wide(roleChain({ name: "chain", roles: crew() })));
    expect([await alternating(), await alternating(), await alternating()].map((said) => said.replace(/: \w+ here/g, ""))).toEqual([
      "p1; c1",
      "p2; c2",
      "p1; c3",
    ]);
  });

  it("a lite agent stands in for a link that fails, and the chain goes on from what it said", async () => {
    const roles = {
      planner: { agents: [broken("p")], lite: [named("spare")] },
      coder: { agents: [agent({ id: "c", run: (turn) => `after: ${turn.messages.at(-1)?.text}` })] },
    };
    const state = await roleChain({ name: "chain", roles }).compile().invoke(says("go"));
    expect(lines(state.messages)).toEqual(["user: go", "spare: spare here", "c: after: spare here"]);
  });

  it("a link that fails without anybody to stand in ends the run there; the next message goes on with it", async () => {
    const p = scriptedAgent("p", [new Error("no ink"), "better"]);
    const graph = roleChain({ name: "chain", roles: { planner: { agents: [p] }, coder: { agents: [named("c")] } } }).compile({
      checkpointer: new MemorySaver(),
    });
    const config = { configurable: { thread_id: "1" } };
    expect((await failure(graph.invoke(says("go"), config))).message).toMatch(/^no ink \[agent "p"/);
    expect(lines((await graph.invoke(says("again"), config)).messages)).toEqual(["user: go", "user: again", "p: better", "c: c here"]);
    p.assertDone();
  });

  it("a chain with a role that is none is refused", () => {
    expect(() => roleChain({ name: "chain", roles: crew(), chain: ["planner", "tester"] })).toThrow(
      '"tester" is no role; there are planner, coder',
    );
    expect(() => roleChain({ name: "chain", roles: crew(), chain: [] })).toThrow("name at least one role");
  });

  it("has nothing to report to verify()", () => {
    expect(roleChain({ name: "chain", roles: crew() }).verify().findings).toEqual([]);
  });
});

describe("B13 broadcast", () => {
  it("asks all agents of the roles at once, waits for all, and gives their answers in order", async () => {
    let inside = 0;
    let most = 0;
    const slow = <const Id extends string>(id: Id, ticks: number) =>
      agent({
        id,
        run: async () => {
          most = Math.max(most, (inside += 1));
          for (let left = ticks; left > 0; left -= 1) await new Promise((resolve) => setImmediate(resolve));
          inside -= 1;
          return id;
        },
      });
    const call = broadcast({
      name: "call",
      roles: { coder: { agents: [slow("c1", 9), slow("c2", 1)] }, tester: { agents: [slow("t", 5)] } },
    });
    const state = await call.compile().invoke(says("go"));
    expect(most).toBe(3);
    expect(call.results(state).flatMap((result) => result.content || [])).toEqual(["c1", "c2", "t"]);
    expect(state.control.done).toBe(true);
  });

  it("only the roles a message names are asked", async () => {
    const roles = { coder: { agents: [named("c1"), named("c2")] }, tester: { agents: [named("t")] }, writer: { agents: [named("w")] } };
    const say = talk(wide(broadcast({ name: "call", roles })));
    expect(await say({ agent_role: "coder" })).toBe("c1: c1 here; c2: c2 here");
    expect(await say({ agentRole: ["tester", "writer"] })).toBe("t: t here; w: w here");
    expect(await say({ agentId: "c2" })).toBe("c2: c2 here");
    expect(await say()).toBe("c1: c1 here; c2: c2 here; t: t here; w: w here");
    expect((await failure(say({ agentRole: ["tester", "ghost"] }))).message).toContain("nobody plays it");
  });

  it("a failure stays with its agent; lite agents answer for a role whose only agent fails, and for one that has none", async () => {
    const roles = {
      coder: { agents: [broken("c1"), named("c2")] },
      tester: { agents: [broken("t")], lite: [broken("l1"), named("l2")] },
      writer: { lite: [named("w")] },
    };
    const call = broadcast({ name: "call", roles });
    const state = await call.compile().invoke(says("go"));
    expect(call.results(state).map(({ phase, status }) => `${phase} ${status}`)).toEqual(
      expect.arrayContaining(["c1 failed", "c2 ok", "t failed", "l1 failed", "l2 ok", "w ok"]),
    );
    expect(lines(state.messages)).toEqual(["user: go", "c2: c2 here", "w: w here", "l2: l2 here"]);
  });

  it("an agent that hangs has failed when its time is over", async () => {
    const hanging = agent({ id: "hanging", run: () => new Promise<never>(() => undefined) });
    const call = broadcast({ name: "call", roles: { coder: { agents: [hanging, named("c")] } }, timeout: 20 });
    const state = await call.compile().invoke(says("go"));
    expect(state.results["hanging"]).toMatchObject({ status: "failed", error: { name: "StepTimeoutError" } });
    expect(state.control.done).toBe(true);
  });

  it("a synthesizer sees this message's answers, and not those of the one before", async () => {
    const once = scriptedAgent("c", ["old", new Error("gone")]);
    const synthesizer = agent({
      id: "sum",
      run: (turn) =>
        reply(
          Object.values(turn.results)
            .map(({ content }) => content || "-")
            .join(""),
        ),
    });
    const say = talk(wide(broadcast({ name: "call", roles: { coder: { agents: [once] } }, synthesizer })));
    expect([await say(), await say()]).toEqual(["c: old; sum: -old", "sum: --"]);
  });

  it("has nothing to report to verify()", () => {
    expect(broadcast({ name: "call", roles: crew() }).verify().findings).toEqual([]);
  });
});
