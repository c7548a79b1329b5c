import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPlan, type Task, type TaskRecord } from "../../index.js";
import { revisedPlan } from "../../src/planning/revise.js";

const task = (id: string, input: string, ...dependsOn: string[]): Task => ({ id, input, dependsOn });
const record = (id: string, status: TaskRecord["status"]): [string, TaskRecord] => [
  id,
  { task: id, phase: "work", agent: "a", episode: 1, status, attempts: 1, at: 0 },
];

describe("B10 a new plan", () => {
  it("keeps what is the same and completed, and what that builds on; the rest is new under an id of its own", () => {
    const before = [task("a", "A"), task("b", "B", "a"), task("c", "C")];
    const records = new Map([record("a", "completed"), record("b", "completed"), record("c", "failed")]);
    const wanted = [task("a", "A"), task("b", "B", "a"), task("c", "C"), task("d", "D", "b", "c")];
    expect(revisedPlan(before, wanted, records, 1)).toEqual([
      task("a", "A"),
      task("b", "B", "a"),
      task("c.r1", "C"),
      task("d.r1", "D", "b", "c.r1"),
    ]);
    const changed = [task("a", "other"), task("b", "B", "a")];
    expect(revisedPlan(before, changed, records, 2)).toEqual([task("a.r2", "other"), task("b.r2", "B", "a.r2")]);
  });

  it("knows a task by the id it was given in between, and takes two names for two tasks", () => {
    const before = [task("a.r1", "A")];
    const records = new Map([record("a", "failed"), record("a.r1", "completed")]);
    expect(revisedPlan(before, [task("a", "A")], records, 2)).toEqual([task("a.r1", "A")]);
    expect(revisedPlan(before, [task("a", "X"), task("a.r1", "Y")], records, 2)).toEqual([task("a.r2", "X"), task("a.r1.r2", "Y")]);
  });

  it("is a plan again, whatever was done before, and no task that was not completed keeps its id", () => {
    const plans = fc.array(fc.record({ input: fc.constantFrom("x", "y"), before: fc.array(fc.nat(9), { maxLength: 2 }) }), {
      maxLength: 10,
    });
    const tasks = (list: readonly { input: string; before: readonly number[] }[]): Task[] =>
      list.map(({ input, before }, index) => task(`t${index}`, input, ...new Set(before.filter((at) => at < index).map((at) => `t${at}`))));
    fc.assert(
      fc.property(
        plans,
        plans,
        fc.array(fc.constantFrom("completed" as const, "failed" as const, "cancelled" as const), { minLength: 10, maxLength: 10 }),
        (one, two, statuses) => {
          const records = new Map(tasks(one).map(({ id }, index) => record(id, statuses[index] ?? "failed")));
          const revised = revisedPlan(tasks(one), tasks(two), records, 1);
          expect(readPlan("plan", revised, undefined).tasks.size).toBe(two.length);
          for (const { id } of revised) expect([undefined, "completed"]).toContain(records.get(id)?.status);
        },
      ),
    );
  });
});
