import { describe, expect, it } from "vitest";
import { agent, charterFrom, decompose, estimateComplexity, hierarchical, sequential, specialist, writeCharter } from "../../index.js";
import { fencesIn, jsonIn } from "../../src/base/fences.js";
import { tool } from "@langchain/core/tools";
import { z } from "zod";
import { scriptedModel } from "../../testing/index.js";
import { ENOUGH, growth } from "../growth.js";

const says = (content: string) => ({ messages: [{ role: "user", content }] });

/** Texts that a pattern with two ways to read them never finishes with. */
const TEXTS: Record<string, (length: number) => string> = {
  "spaces before a letter": (length) => `buy milk${" ".repeat(length)}x`,
  "an open fence and spaces": (length) => `\`\`\`${" ".repeat(length)}x`,
  "an open fence and letters": (length) => `\`\`\`${"a".repeat(length)}`,
  "open fences": (length) => "```json ".repeat(length / 8),
  "a heading of spaces": (length) => `# a${" ".repeat(length)}b`,
  "a heading of signs": (length) => `# ${"#".repeat(length)}b`,
  "signs before a letter": (length) => `${"!".repeat(length)}a`,
  "open brackets": (length) => "<[{".repeat(length / 3),
  "one item": (length) => `- ${" ".repeat(length)}`,
  "blank lines": (length) => `${"\n ".repeat(length / 2)}x`,
  "then and then": (length) => " then".repeat(length / 5),
};

const attempt = async (work: () => unknown): Promise<void> => {
  try {
    await work();
  } catch {
    // refused, as it may be
  }
};

const terminal = specialist("ComputerTerminal", {
  tools: [tool(() => "ran", { name: "run_code", description: "r", schema: z.object({ language: z.string(), code: z.string() }) })],
});

const READERS: Record<string, (text: string) => unknown> = {
  decompose: (text) => decompose(text, "parallel"),
  estimateComplexity: (text) => estimateComplexity(text),
  charterFrom,
  writeCharter: (text) => writeCharter({ goal: text, criteria: ["it works"] }),
  "a model's answer as structured output": (text) =>
    sequential({ name: "s", agents: [agent({ id: "a", model: scriptedModel([text, text, text]), output: z.object({ a: z.string() }) })] })
      .compile()
      .invoke(says("go")),
  "hierarchical with merge": (text) =>
    hierarchical({
      name: "h",
      lead: agent({ id: "lead", run: () => "go" }),
      members: [agent({ id: "m", run: () => text })],
      aggregate: "merge",
    } as never)
      .compile()
      .invoke(says("go")),
  "the terminal": (text) =>
    sequential({ name: "t", agents: [terminal] })
      .compile()
      .invoke(says(text)),
};

describe("A4 long texts", () => {
  for (const [reader, read] of Object.entries(READERS)) {
    it(`${reader} takes a text of any shape in time that grows as the text does`, async () => {
      for (const make of Object.values(TEXTS)) {
        await attempt(() => read(make(2_000)));
        expect(await growth((length) => attempt(() => read(make(length))), 20_000)).toBeLessThan(ENOUGH); // a quadratic pattern takes a minute here
      }
    });
  }

  it("reads fenced blocks with and without a tag, on one line or many, and the JSON in the first", () => {
    expect(fencesIn("a ```ts x\nb\nc``` d ```\ne\n``` ```open")).toEqual([
      { tag: "ts", body: " x\nb\nc", lines: "b\nc" },
      { tag: "", body: "\ne\n", lines: "e\n" },
    ]);
    for (const text of ['{"a":1}', '```json\n{"a":1}\n```', 'So: ```{"a":1}``` and ```json\n2```', '```json {"a":1} ```'])
      expect(jsonIn(text)).toEqual({ a: 1 });
    for (const text of ["none", '```python\n{"a":1}\n```', "```json\n{\n```", ""]) expect(jsonIn(text)).toBeUndefined();
  });
});
