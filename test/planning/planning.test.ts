import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decompose, estimateComplexity, estimatePlan, readPlan, suggestAgent, type Task } from "../../index.js";

const line = ({ id, input, dependsOn = [] }: Task): string =>
  `${id}: ${input}${dependsOn.length === 0 ? "" : ` after ${dependsOn.join("+")}`}`;
const nested = "Release it:\n- write the notes\n  - read the commits\n  - name the authors\n- publish the package";

describe("D4 decompose", () => {
  it("sequential: each part after the one before", () => {
    expect(decompose("Read the file. Count its words, then write a report; send it.", "sequential").map(line)).toEqual([
      "1: Read the file.",
      "2: Count its words after 1",
      "3: write a report after 2",
      "4: send it. after 3",
    ]);
  });

  it("parallel: all at once, and parts of a part know what they belong to", () => {
    expect(decompose(nested, "parallel").map(line)).toEqual([
      "1.1: write the notes: read the commits",
      "1.2: write the notes: name the authors",
      "2: publish the package",
    ]);
  });

  it("hierarchical: a part after its own parts, and the task itself last", () => {
    expect(decompose(nested, "hierarchical").map(line)).toEqual([
      "1.1: read the commits",
      "1.2: name the authors",
      "1: write the notes after 1.1+1.2",
      "2: publish the package",
      `task: ${nested} after 1+2`,
    ]);
  });

  it("gives each part to whoever suits it, and to nobody when nobody does", () => {
    const candidates = [
      { id: "writer", description: "Writes reports and notes" },
      { id: "coder", capabilities: ["tests"] },
    ];
    const tasks = decompose("1. Write the tests\n2) Write notes\n3. Swim", "parallel", { candidates });
    expect(tasks.map((task) => task.agent)).toEqual(["coder", "writer", undefined]);
  });

  it("refuses a text without words, and more steps than allowed", () => {
    expect(() => decompose("  \n", "parallel")).toThrow(/it is empty/);
    expect(() => decompose("- a1\n- b2\n- c3", "parallel", { maxTasks: 2 })).toThrow(/names 3 steps; expected at most 2/);
  });

  it("always gives a plan that can be carried out", () => {
    const text = fc.array(fc.tuple(fc.nat(3), fc.stringMatching(/^[a-z][a-z .;-]{0,30}$/)), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(text, fc.constantFrom("sequential" as const, "parallel" as const, "hierarchical" as const), (items, strategy) => {
        const tasks = decompose(items.map(([depth, words]) => `${"  ".repeat(depth)}- ${words}`).join("\n"), strategy, { maxTasks: 1_000 });
        expect(readPlan("plan", tasks, undefined).tasks.size).toBe(tasks.length);
        expect(tasks.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe("D4 complexity and suggestions", () => {
  it("more steps, deeper steps and longer texts are more complex, from 0 to 1", () => {
    expect(estimateComplexity("Say hello.")).toMatchObject({ level: "low", steps: 1, depth: 1, words: 2 });
    const many = Array.from({ length: 12 }, (_, index) => `- do part ${index}\n  - check it`).join("\n");
    expect(estimateComplexity(many)).toMatchObject({ level: "high", steps: 24, depth: 2 });
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => estimateComplexity(text).score <= 1 && estimateComplexity(text).score >= 0),
    );
    fc.assert(
      fc.property(fc.nat(20), (count) => {
        const steps = (length: number) => Array.from({ length }, () => "- go on").join("\n");
        return estimateComplexity(steps(count + 1)).score >= estimateComplexity(steps(count)).score;
      }),
    );
  });

  it("suggests by words shared, capabilities first, and says which", () => {
    const found = suggestAgent("Review the security of the login code", [
      { id: "writer", description: "writes code and reviews texts" },
      { id: "auditor", capabilities: ["security review"] },
      { id: "cook", description: "cooks" },
    ]);
    expect(found.map(({ agent }) => agent)).toEqual(["auditor", "writer"]);
    expect(found[0]?.matched).toEqual(["review", "security"]);
    expect(suggestAgent("", [{ id: "a" }])).toEqual([]);
  });
});

describe("D4 estimates", () => {
  const task = (id: string, estimate: number, ...dependsOn: string[]): Task => ({ id, input: id, estimate, dependsOn });

  it("time is the critical path where there is room, not the sum", () => {
    const plan = [task("a", 30), task("b", 50), task("c", 20, "a"), task("d", 10, "b", "c")];
    expect(estimatePlan(plan, { cost: () => 3 })).toEqual({
      milliseconds: 60,
      criticalPath: { tasks: ["a", "c", "d"], milliseconds: 60 },
      work: 110,
      cost: 12,
      widest: 2,
    });
    expect(estimatePlan(plan, { concurrency: 1 }).milliseconds).toBe(110);
    const named = plan.map((one) => ({ ...one, agent: one.id === "c" ? "other" : "one" }));
    expect(estimatePlan(named, { perAgent: { one: 1 } }).milliseconds).toBe(90);
    expect(estimatePlan([])).toEqual({ milliseconds: 0, criticalPath: { tasks: [], milliseconds: 0 }, work: 0, cost: 0, widest: 0 });
  });

  it("no estimate is below the critical path, or below the work divided by the width; none is above the work", () => {
    const plans = fc.array(fc.record({ estimate: fc.integer({ min: 1, max: 50 }), before: fc.array(fc.nat(20), { maxLength: 3 }) }), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(plans, fc.integer({ min: 1, max: 8 }), (list, concurrency) => {
        const plan = list.map(({ estimate, before }, index) =>
          task(`t${index}`, estimate, ...before.filter((at) => at < index).map((at) => `t${at}`)),
        );
        const { milliseconds, criticalPath, work, widest } = estimatePlan(plan, { concurrency });
        const sum = criticalPath.tasks.reduce((total, id) => total + (plan.find((one) => one.id === id)?.estimate ?? 0), 0);
        expect(sum).toBe(criticalPath.milliseconds);
        expect(milliseconds).toBeGreaterThanOrEqual(Math.max(criticalPath.milliseconds, work / concurrency));
        expect(milliseconds).toBeLessThanOrEqual(work);
        expect(widest).toBeLessThanOrEqual(concurrency);
      }),
    );
  });

  it("a cycle is named task by task, with what to do", () => {
    const plan = [task("x", 1), task("a", 1, "c"), task("b", 1, "a"), task("c", 1, "b", "x")];
    expect(() => estimatePlan(plan)).toThrow(
      /these tasks wait for each other: (a → c → b → a|b → a → c → b|c → b → a → c); take one dependency out/,
    );
    expect(() => readPlan("plan", [task("a", 1, "a")], undefined)).toThrow(/a → a/);
  });
});
