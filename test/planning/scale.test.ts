import { describe, expect, it } from "vitest";
import { decompose, estimateComplexity, estimatePlan, InvalidDefinitionError, readPlan, type Task } from "../../index.js";
import { ENOUGH, growth } from "../growth.js";

const many = (count: number): Task[] => Array.from({ length: count }, (_, index) => ({ id: `t${index}`, input: "x", estimate: index % 7 }));

/** Plans of every form that grows. */
const PLANS: Readonly<Record<string, (count: number) => Task[]>> = {
  "tasks side by side": many,
  "tasks in a chain": (count) => many(count).map((task, index) => ({ ...task, dependsOn: index === 0 ? [] : [`t${index - 1}`] })),
  "one task after all others": (count) => [...many(count), { id: "end", input: "x", dependsOn: many(count).map(({ id }) => id) }],
  "all tasks after one": (count) => [{ id: "start", input: "x" }, ...many(count).map((task) => ({ ...task, dependsOn: ["start"] }))],
  "tasks of many agents": (count) => many(count).map((task, index) => ({ ...task, agent: `a${index % 20}`, priority: index % 3 })),
};

/** Texts that patterns with an end to look for go over again and again. */
const TEXTS: Readonly<Record<string, (length: number) => string>> = {
  spaces: (length) => `buy milk${" ".repeat(length)}x`,
  "a list of nothing": (length) => "-\n".repeat(length / 2),
  "an item of spaces": (length) => `- ${" ".repeat(length)}\u2028`,
  "digits without a point": (length) => "1".repeat(length),
  commas: (length) => ", ".repeat(length / 2),
  "and then": (length) => " and then".repeat(length / 9),
  "items that go in and in": (length) => Array.from({ length: Math.sqrt(length) }, (_, index) => `${" ".repeat(index)}- x`).join("\n"),
  "one letter": (length) => "a".repeat(length),
};

/** Done or refused, which may not take long either. */
function tried(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidDefinitionError);
  }
}

describe.each(Object.entries(PLANS))("a plan of %s", (_name, make) => {
  it("is read and estimated in nearly linear time", async () => {
    expect(await growth((count) => tried(() => estimatePlan(make(count))), 2_000)).toBeLessThan(ENOUGH);
  });

  it("of 150,000 does not overflow the stack", () => {
    expect(readPlan("The plan", make(150_000), undefined).rank.size).toBeGreaterThanOrEqual(150_000);
  });
});

it("a cycle of many tasks is named in part", () => {
  const cycle = many(100_000).map((task, index, all) => ({ ...task, dependsOn: [`t${(index + 1) % all.length}`] }));
  expect(() => readPlan("The plan", cycle, undefined)).toThrow(InvalidDefinitionError);
});

it("as many faults as tasks are all told", () => {
  const lost = many(150_000).map((task) => ({ ...task, dependsOn: ["nowhere"] }));
  expect(() => readPlan("The plan", lost, undefined)).toThrow(/no task "nowhere"/);
});

describe.each(Object.entries(TEXTS))("a text of %s", (_name, make) => {
  it("is taken apart and judged in nearly linear time", async () => {
    expect(await growth((length) => tried(() => decompose(make(length), "parallel", { maxTasks: 1_000_000 })), 20_000)).toBeLessThan(
      ENOUGH,
    );
    expect(await growth((length) => tried(() => estimateComplexity(make(length))), 20_000)).toBeLessThan(ENOUGH);
  });
});
