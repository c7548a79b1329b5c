import { toJsonSchema } from "@langchain/core/utils/json_schema";
import { tool, type StructuredToolInterface } from "@langchain/core/tools";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { agent, handoff, supervisor, swarm } from "../../index.js";
import { callTool, scriptedModel, type ScriptedModel } from "../../testing/index.js";

const says = { messages: [{ role: "user", content: "hi" }] };
const offered = (model: ScriptedModel, call = 0) => (model.calls[call]?.options["tools"] ?? []) as StructuredToolInterface[];
const anyId = fc.stringMatching(/^[a-z][a-z0-9_-]{0,63}$/);

describe("H3 names and descriptions of tools", () => {
  it("of any team have lengths that every provider takes, and long ids lead to their workers", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(anyId, { minLength: 2, maxLength: 12 }), fc.nat(200), fc.nat(11), async (ids, length, nth) => {
        const prefix = "customer-relations-and-complaints-handling-for-the-region-of-".slice(0, 50);
        const long = [...new Set(ids.map((id) => `${prefix}${id}`.slice(0, 64)))].filter((id) => id !== "boss");
        const worker = long[nth % long.length] ?? "";
        const model = scriptedModel([(request) => callTool(request.tools[long.indexOf(worker)] ?? "", { task: "t" }), "done"]);
        const did: string[] = [];
        await supervisor({
          name: "s",
          supervisor: agent({ id: "boss", model }),
          workers: long.map((id) => agent({ id, description: "x".repeat(length * 20), run: () => (did.push(id), "ok") })),
        })
          .compile()
          .invoke(says);
        expect(did).toEqual([worker]);
        const names = offered(model).map((tool) => tool.name);
        expect(new Set(names).size).toBe(names.length);
        for (const tool of offered(model)) expect([tool.name.length <= 64, tool.description.length <= 1_024]).toEqual([true, true]);
      }),
      { numRuns: 20 },
    );
  });

  it.each([3, 16, 60, 300])("the handoff tool of a team of %i says as much of each as there is room for", async (size) => {
    const model = scriptedModel(["hi"]);
    const others = Array.from({ length: size }, (_, index) =>
      agent({
        id: `desk_${index}`,
        description: `Handles questions about form number ${index}, its deadlines and its fees`,
        run: () => "x",
      }),
    );
    await swarm({ name: "s", agents: [agent({ id: "triage", model }), ...others] })
      .compile()
      .invoke(says);
    const [tool] = offered(model);
    expect(tool?.description.length).toBeLessThanOrEqual(1_024);
    expect(JSON.stringify(toJsonSchema(tool?.schema as z.ZodType))).toContain(`"desk_${size - 1}"`);
    if (size <= 60) expect(tool?.description).toContain(`desk_${size - 1}`);
    if (size === 16) expect(tool?.description).toContain("desk_15: Handles questions about");
  });
});

describe("H3 tools that a provider would refuse", () => {
  const made = (name: string, description = "Does it.") => tool(() => "done", { name, description, schema: z.object({}) });
  const define = (...tools: StructuredToolInterface[]) => agent({ id: "a", model: scriptedModel(["hi"]), tools });
  const anyName = fc.oneof(fc.string({ maxLength: 70 }), fc.stringMatching(/^[a-z_-]{1,70}$/), fc.constantFrom("handoff", "look", "tool"));

  it("are refused when the agent is defined, with a name that would do; what is not refused is sent as it is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyName, { maxLength: 4 }), async (names) => {
        const isFine =
          names.every((name) => /^[A-Za-z0-9_-]{1,64}$/.test(name) && name !== "handoff") && new Set(names).size === names.length;
        const model = scriptedModel(["hi"]);
        const make = () => agent({ id: "a", model, tools: names.map((name) => made(name)) });
        if (!isFine) expect(make).toThrow(expect.objectContaining({ name: "InvalidDefinitionError" }));
        if (!isFine || names.some((name) => /^[\d-]/.test(name))) return; // Gemini alone minds how a name begins
        await swarm({ name: "s", agents: [make()] })
          .compile()
          .invoke(says);
        expect(model.calls[0]?.tools).toEqual(names);
      }),
      { examples: [[["look up"]], [["x".repeat(65)]], [["a", "a"]], [[""]]] },
    );
  });

  it("say what is wrong with each, all at once", () => {
    const text = tool(() => "", { name: "say", description: "Says.", schema: z.string() });
    const date = tool(() => "", { name: "plan", description: "Plans.", schema: z.object({ day: z.date() }) });
    expect(() => define(made("look up!"), made("long", "x".repeat(1_025)), date)).toThrow(
      /look up!: use letters.*such as "look_up_".*\n.*long: its description has 1025 characters.*1024.*\n.*plan: its arguments cannot be told/,
    );
    expect(() => define(text as unknown as StructuredToolInterface)).not.toThrow(); // LangChain puts a text into an object by itself
    const either = z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]);
    expect(() => define(Object.assign(made("pick"), { schema: either }))).toThrow(/pick: its arguments are no object; put them into one/);
  });
});

describe("C3 an output that decides for a target that is not open", () => {
  const routing = (answers: readonly string[], attempts?: number) => {
    const model = scriptedModel(answers.map((next) => callTool("respond", { next })));
    const router = agent({
      id: "router",
      model,
      output: z.object({ next: z.string() }),
      decide: ({ next }) => handoff(next),
      ...(attempts === undefined ? {} : { handoffAttempts: attempts }),
    });
    const team = swarm({ name: "s", agents: [router, agent({ id: "billing", run: () => "billing here" })] });
    return { model, run: () => team.compile().invoke(says) };
  };

  it("is told who is open, and asked again", async () => {
    const { model, run } = routing(["shipping", "billing"]);
    expect((await run()).messages.at(-1)?.text).toBe("billing here");
    expect(model.calls[1]?.messages.at(-1)?.text).toMatch(/"shipping" is not possible\. Open now: billing\./);
  });

  it("does not learn: a typed error, as with the handoff tool", async () => {
    await expect(routing(["x", "y"], 2).run()).rejects.toMatchObject({ name: "HandoffRejectedError" });
  });
});
