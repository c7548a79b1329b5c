import { AIMessage } from "@langchain/core/messages";
import type { StructuredToolInterface } from "@langchain/core/tools";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  agent,
  consensus,
  consensusResult,
  handoff,
  hierarchical,
  loop,
  mapped,
  mapReduce,
  parallel,
  reply,
  revise,
  approve,
  sequential,
  supervisor,
  swarm,
  vote,
} from "../../index.js";
import { callTool, providerIssues, scriptedModel, type ModelStep, type ScriptedModel } from "../../testing/index.js";
import { says } from "../patterns/says.js";

const point = z.object({ a: z.string() });
interface Tree {
  readonly name: string;
  readonly parts: readonly Tree[];
}
const tree: z.ZodType<Tree> = z.object({
  name: z.string(),
  get parts() {
    return z.array(tree);
  },
});

/** A type, what a model gives, and what that is read as. */
type Case = readonly [name: string, output: z.ZodType, given: unknown, read?: unknown];
const cases: readonly Case[] = [
  ["an object", point, { a: "x" }],
  ["an object that has a key value", z.object({ value: z.number() }), { value: 3 }],
  ["an object with a default", z.object({ a: z.string().default("d") }), {}, { a: "d" }],
  ["an object of any keys", z.looseObject({}), { a: 1 }],
  ["a list", z.array(z.string()), ["x"]],
  ["a list of objects", z.array(point), [{ a: "x" }]],
  ["a choice", z.enum(["yes", "no"]), "no"],
  ["a text", z.string(), "12"],
  ["a number", z.number(), 4],
  ["a truth", z.boolean(), false],
  ["nothing", z.null(), null],
  ["an object or nothing", point.nullable(), null],
  ["an object or nothing, the object", point.nullable(), { a: "x" }],
  ["a record", z.record(z.string(), z.number()), { b: 1 }],
  ["a record with a key value", z.record(z.string(), z.number()), { value: 1, b: 2 }],
  ["a record of a choice", z.partialRecord(z.enum(["a", "b"]), z.number()), { a: 1 }],
  ["a tuple", z.tuple([z.string(), z.number()]), ["a", 1]],
  ["a tuple with a rest", z.tuple([z.string()], z.number()), ["a", 1, 2]],
  ["a text or a number", z.union([z.string(), z.number()]), 3],
  [
    "a union",
    z.discriminatedUnion("k", [z.object({ k: z.literal("a"), value: z.string() }), z.object({ k: z.literal("b") })]),
    { k: "a", value: "v" },
  ],
  ["a union of keys", z.union([z.object({ value: z.string() }), z.object({ b: z.string() })]), { value: "v" }],
  ["an intersection", z.intersection(point, z.object({ b: z.number() })), { a: "x", b: 1 }],
  ["a transformed text", z.string().transform(Number), "12", 12],
  ["a transformed object", point.transform(({ a }) => a), { a: "x" }, "x"],
  ["a pipe", z.string().pipe(z.coerce.number()), "12", 12],
  ["what is made ready first", z.preprocess((one) => one, point), { a: "x" }],
  ["a type that asks elsewhere", point.refine(async () => Promise.resolve(true)), { a: "x" }],
  ["a tree", tree, { name: "a", parts: [{ name: "b", parts: [] }] }],
  ["a list of trees", z.array(tree), [{ name: "a", parts: [] }]],
  ["anything", z.unknown(), { value: 1, b: [2] }],
  ["any list", z.array(z.unknown()), [{ value: 1 }]],
];

const json = JSON.stringify;
const called = (args: unknown) => callTool("respond", args as Record<string, unknown>);
const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

/** The ways in which models give an output. */
const forms: Readonly<Record<string, (given: unknown) => ModelStep | undefined>> = {
  "a call, in an object": (given) => called({ value: given }),
  "a call, as it is": (given) => (isObject(given) ? called(given) : undefined),
  JSON: (given) => json(given),
  "JSON, in an object": (given) => json({ value: given }),
  "a fenced block": (given) => `Here it is:\n\`\`\`json\n${json(given)}\n\`\`\``,
  "content blocks, as with a provider's own structured output": (given) =>
    new AIMessage({ content: [{ type: "text", text: json(given) }] }),
  "plain words": (given) => (typeof given === "string" ? given : undefined),
};

/** What fits anything, or any object, fits as it came. */
const isRead = async (output: z.ZodType, given: unknown): Promise<boolean> =>
  output instanceof z.ZodObject && (await output.safeParseAsync(given)).success;

/** No provider takes a tool without an object with named keys, nor words of JSON schema that it does not know. */
function expectPlain(model: ScriptedModel): void {
  expect(model.calls.flatMap((request) => providerIssues(request))).toEqual([]);
  const [tool] = (model.calls[0]?.options["tools"] ?? []) as StructuredToolInterface[];
  const schema = tool?.schema as { readonly type?: string; readonly properties?: object };
  expect(schema.type).toBe("object");
  expect(Object.keys(schema.properties ?? {})).not.toEqual([]);
  expect(json(schema)).not.toMatch(/"(oneOf|const|prefixItems|\$schema)":|"type":\[/);
}

describe("H3 structured output of any type that JSON has", () => {
  it.each(cases.map(([name, output, given, read = given]) => ({ name, output, given, read })))(
    "$name is asked for and read, in whatever form it is given",
    async ({ output, given, read }) => {
      for (const [form, make] of Object.entries(forms)) {
        const step = make(given);
        if (step === undefined || (form.endsWith("in an object") && (await isRead(output, { value: given })))) continue;
        const model = scriptedModel([step, "It did not fit."]);
        const state = await swarm({ name: "s", agents: [agent({ id: "a", model, output })] })
          .compile()
          .invoke(says("hi"));
        expect([form, state.results["a"]?.data]).toEqual([form, read]);
        expectPlain(model);
      }
    },
  );

  const untellable: readonly (readonly [string, z.ZodType])[] = [
    ["a date", z.object({ day: z.date() })],
    ["a map", z.map(z.string(), z.string())],
    ["a large number", z.bigint()],
    ["a class", z.object({ at: z.instanceof(URL) })],
    ["a file", z.object({ file: z.file() })],
  ];
  it.each(untellable)("%s is refused when the agent is defined", (_name, output) => {
    expect(() => agent({ id: "a", model: scriptedModel([]), output })).toThrow(
      expect.objectContaining({
        name: "InvalidDefinitionError",
        message: expect.stringMatching(/output.*cannot be told to a model/s) as string,
      }),
    );
  });

  it("what a transformation makes of it may be no JSON: `decide` has it, and the conversation keeps what was given", async () => {
    const seen: unknown[] = [];
    const output = z.object({ amount: z.string().transform(BigInt), day: z.iso.date().transform((day) => new Date(day)) });
    const given = { amount: "12", day: "2026-01-02" };
    const decided = agent({ id: "a", model: scriptedModel([called(given)]), output, decide: (one) => (seen.push(one), reply("ok")) });
    const state = await sequential({ name: "s", agents: [decided] })
      .compile()
      .invoke(says("hi"));
    expect(seen).toEqual([{ amount: 12n, day: new Date("2026-01-02") }]);
    expect(state.messages.map(({ text }) => text)).toEqual(["hi", json(given), "ok"]);
    const kept = agent({ id: "a", model: scriptedModel([called(given)]), output });
    await expect(
      sequential({ name: "s", agents: [kept] })
        .compile()
        .invoke(says("hi")),
    ).rejects.toMatchObject({ name: "InvalidRequestError", message: expect.stringMatching(/data of agent "a"/) as string });
  });

  it("an answer that fits in no reading is told what is wrong with the likeliest, and asked for again", async () => {
    const model = scriptedModel([called({ value: [1] }), json(["x"])]);
    const state = await swarm({ name: "s", agents: [agent({ id: "a", model, output: z.array(z.string()) })] })
      .compile()
      .invoke(says("hi"));
    expect(model.calls[1]?.messages.at(-1)?.text).toMatch(/does not fit.*expected string[\s\S]*at \[0\]/);
    expect(state.results["a"]?.data).toEqual(["x"]);
  });

  it("whatever a model answers, an output is of its type or there is none", async () => {
    const output = z.array(z.union([z.number(), z.object({ value: z.number() })]));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.json(), fc.jsonValue().map(called), fc.string()), { minLength: 3, maxLength: 3 }),
        async (steps) => {
          const a = agent({ id: "a", model: scriptedModel(steps), output });
          const state = await sequential({ name: "s", agents: [a], strict: false })
            .compile()
            .invoke(says("hi"));
          const { status, data, error } = state.results["a"] ?? {};
          if (status === "ok") expect(output.safeParse(data).success).toBe(true);
          else expect(error?.name).toBe("InvalidModelOutputError");
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("H3 outputs that are no objects, wherever a team asks for them", () => {
  const list = () => agent({ id: "list", model: scriptedModel([called({ value: ["x", "y"] })]), output: z.array(z.string()) });
  const choice = <const Id extends string>(id: Id, answer: string) =>
    agent({ id, model: scriptedModel([called({ value: answer })]), output: z.enum(["yes", "no"]) });

  it("a worker's result reaches its supervisor", async () => {
    const boss = scriptedModel([callTool("delegate_to_list", { task: "List." }), "done"]);
    const team = supervisor({ name: "s", supervisor: agent({ id: "boss", model: boss }), workers: [list()] });
    await team.compile().invoke(says("hi"));
    expect(boss.calls[1]?.messages.at(-1)?.text).toBe('["x","y"]');
  });

  it("branches, members and items leave it behind as data", async () => {
    const branches = await parallel({ name: "p", branches: [list(), choice("choice", "no")] })
      .compile()
      .invoke(says("hi"));
    expect([branches.results["list"]?.data, branches.results["choice"]?.data]).toEqual([["x", "y"], "no"]);
    const several = hierarchical({ name: "h", members: [list(), choice("choice", "yes")] });
    expect(JSON.stringify((await several.compile().invoke(says("hi"))).messages.at(-1)?.text)).toContain("x");
    const mapping = mapReduce({
      name: "m",
      items: () => [1],
      mapper: list(),
      reducer: agent({ id: "reducer", run: (turn) => reply("", { data: mapped(turn).map(({ data }) => data) }) }),
    });
    expect((await mapping.compile().invoke(says("hi"))).results["reducer"]?.data).toEqual([["x", "y"]]);
  });

  it("a router, a judge and a voter decide by it", async () => {
    const routing = agent({
      id: "router",
      model: scriptedModel([called({ value: "billing" })]),
      output: z.enum(["billing", "shipping"]),
      decide: (to) => handoff(to),
    });
    const desk = swarm({ name: "s", agents: [routing, agent({ id: "billing", run: () => "billing here" })] });
    expect((await desk.compile().invoke(says("hi"))).messages.at(-1)?.text).toBe("billing here");
    const judge = agent({
      id: "judge",
      model: scriptedModel([called({ value: false }), "true"]),
      output: z.boolean(),
      decide: (good) => (good ? approve() : revise("again")),
    });
    const press = loop({ name: "l", producer: agent({ id: "writer", run: () => "text" }), reviewers: [judge] });
    expect((await press.compile().invoke(says("hi"))).control.done).toBe(true);
    const voter = <const Id extends string>(id: Id) =>
      agent({ id, model: scriptedModel(["no"]), output: z.enum(["yes", "no"]), decide: (choice_) => vote(choice_) });
    const jury = await consensus({ name: "c", voters: [voter("v"), voter("w")] })
      .compile()
      .invoke(says("hi"));
    expect(consensusResult(jury)).toMatchObject({ winner: "no" });
  });
});
