import { MemorySaver, type BaseCheckpointSaver } from "@langchain/langgraph";
import { assign, createMachine } from "xstate";
import { describe, expect, it } from "vitest";
import {
  agent,
  defineOrchestration,
  parallel,
  sequential,
  type CompileOptions,
  type Orchestration,
  type OrchestrationGraph,
} from "../../index.js";
import { patternContract } from "../../testing/index.js";
import { panel, restricted } from "../patterns/subjects.js";

/** An orchestration whose graphs are tampered with, also after its agents were replaced by scripted ones. */
function tampered(orchestration: Orchestration, tamper: (graph: OrchestrationGraph) => void, options: CompileOptions = {}): Orchestration {
  return {
    ...orchestration,
    withAgents: (replace) => tampered(orchestration.withAgents(replace), tamper, options),
    compile: (given) => {
      const graph = orchestration.compile({ ...given, ...options });
      tamper(graph);
      return graph;
    },
  };
}

async function findings(orchestration: Orchestration): Promise<string[]> {
  const failed: string[] = [];
  for (const check of patternContract(orchestration)) await check.run().catch(() => failed.push(check.title));
  return failed;
}

const loose = (orchestration: unknown) => orchestration as Orchestration; // phases and state are looked at as data here
const drawing = "LangGraph draws the edges of the chart, no more and no fewer";
const refusal = "an event that is illegal in a reachable state is refused, and the checkpoint keeps every byte";
const killing = "a run that dies between any two writes comes to the same end as one that does not";
const nesting = "it works in a branch of a sequence, and its questions survive";
const ending = "a run ends in exactly one terminal event";

/** The compiled graph as a saboteur sees it. */
interface Insides {
  readonly builder: {
    readonly branches: Record<string, Record<string, { ends: Record<string, string>; path: { invoke: (...args: never[]) => unknown } }>>;
  };
  readonly nodes: Record<string, { readonly bound: { invoke: (...args: unknown[]) => Promise<unknown> } }>;
  updateState: (...args: unknown[]) => Promise<unknown>;
  bulkUpdateState: (...args: unknown[]) => Promise<unknown>;
}
const insides = (graph: OrchestrationGraph) => graph as unknown as Insides;

describe("the contract finds", () => {
  it("nothing wrong with what is right", async () => {
    expect(await findings(loose(restricted))).toEqual([]);
  });

  it("an edge that is drawn but not in the chart", async () => {
    const faulty = tampered(loose(restricted), (graph) => {
      for (const branch of Object.values(insides(graph).builder.branches["c"] ?? {})) branch.ends["SHORTCUT"] = "a";
    });
    expect(await findings(faulty)).toEqual([drawing]);
  });

  it("an edge of the chart that nobody can take", async () => {
    const team = parallel({ name: "team", branches: [agent({ id: "a", run: () => "" })] });
    const unreachable = { "a —DONE.a→ end": "a false excuse" };
    const checks = patternContract(team, { unreachable });
    const check = checks.find(({ title }) => title === "every edge of the chart can be driven");
    await expect(check?.run()).rejects.toThrow("said to be unreachable, but taken or unknown: a —DONE.a→ end");
  });

  it("a state edit that is refused after it was written", async () => {
    const faulty = tampered(loose(restricted), (graph) => {
      const own = insides(graph);
      const update = own.updateState.bind(graph);
      own.updateState = async (config, values) => {
        await update(config, { messages: [{ role: "user", content: "a trace" }] });
        return update(config, values);
      };
    });
    expect(await findings(faulty)).toEqual([refusal]);
  });

  it("a state edit that is swallowed", async () => {
    const faulty = tampered(loose(restricted), (graph) => {
      insides(graph).updateState = async (config) => config;
    });
    expect(await findings(faulty)).toEqual([refusal]);
  });

  it("a node that does nothing", async () => {
    const faulty = tampered(loose(restricted), (graph) => {
      const node = insides(graph).nodes["c"];
      if (node !== undefined) node.bound.invoke = async () => ({});
    });
    const found = await findings(faulty);
    expect(found).toContain("the graph follows c —REPLY→ end");
    expect(found).not.toContain(refusal);
  });

  it("a graph that stores nothing it could go on from", async () => {
    class Forgetful extends MemorySaver {
      override async getTuple() {
        return undefined;
      }
    }
    const faulty = tampered(loose(restricted), () => undefined, { checkpointer: new Forgetful() as BaseCheckpointSaver });
    expect(await findings(faulty)).toEqual(expect.arrayContaining([refusal, killing]));
  });

  it("a nested graph that begins anew instead of going on", async () => {
    const forgetful: Orchestration = tampered(loose(panel), () => undefined, {});
    const faulty: Orchestration = {
      ...forgetful,
      withAgents: (replace) =>
        ({ ...panel.withAgents(replace), node: () => ({ run: async () => ({ next: { kind: "done" } }) }) }) as Orchestration,
    };
    expect(await findings(faulty)).toEqual([nesting]);
  });

  it("a run that never says that it waits", async () => {
    const faulty = tampered(loose(restricted), (graph) => {
      Object.defineProperty(graph, "stream", { value: () => Promise.reject(new Error("no stream")) });
    });
    expect(await findings(faulty)).toEqual(expect.arrayContaining([ending]));
  });
});

it("an exploration that was cut short is no proof, unless it was asked for", async () => {
  const machine = createMachine({
    context: { n: 0 },
    initial: "a",
    states: {
      a: { tags: "waits", on: { NEXT: { target: "a", reenter: true, actions: assign({ n: ({ context }) => Number(context["n"]) + 1 }) } } },
    },
  });
  const endless = defineOrchestration({ name: "endless", machine, agents: { a: agent({ id: "counter", run: () => "" }) } });
  const check = (maxStates?: number) =>
    patternContract(endless, maxStates === undefined ? {} : { maxStates }).find(({ title }) => title === refusal);
  await expect(check()?.run()).rejects.toThrow("there are more than 2000 states; give maxStates to look at so many and no more");
  await check(20)?.run();
});

it("a trail too short to follow a script is said to be so", async () => {
  const line = sequential({ name: "line", agents: [agent({ id: "a", run: () => "" })], trailLimit: 1 });
  const check = patternContract(line).find(({ title }) => title.startsWith("the graph follows a —DONE"));
  await expect(check?.run()).rejects.toThrow("read from the trail, whose limit of 1 is too short");
});

it("an orchestration that never rests is said to be so", async () => {
  const line = sequential({ name: "line", agents: Array.from({ length: 14 }, (_, index) => agent({ id: `a${index}`, run: () => "" })) });
  const check = patternContract(line).find(({ title }) => title === nesting);
  await expect(check?.run()).rejects.toThrow('No run of "line" ends by itself within 12 steps.');
});
