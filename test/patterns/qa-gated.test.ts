import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, isInterrupted, MemorySaver } from "@langchain/langgraph";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  agent,
  ChangeRecord,
  CharterDraft,
  charterFrom,
  charterMarkdown,
  charterReader,
  charterWriter,
  human,
  InvalidDefinitionError,
  normalPath,
  parallel,
  qaGated,
  qaResult,
  QaVerdict,
  readCharter,
  recordChange,
  reply,
  send,
  sequential,
  sign,
  writeCharter,
  type QaGatedDefinition,
} from "../../index.js";
import { callTool, scriptedAgent, scriptedModel, type TurnStep } from "../../testing/index.js";
import { failure, says, thread } from "./says.js";

type Options = Partial<Omit<QaGatedDefinition<string, Record<never, never>>, "name">>;

const charter = {
  goal: "A login page",
  paths: ["src/login"],
  criteria: ["the page shows a form", "a wrong password is refused"],
  checklist: ["tests run"],
};
const all = (met: boolean) => ["A1", "A2", "Q1"].map((id) => ({ id, met, evidence: `looked at ${id}` }));
const done = recordChange({ changed: "added the form", verified: "npm test: 12 passed", paths: ["src/login/form.ts"] });

/** The gate with a charter; the scripts of who implements and who signs. */
function gate(work: readonly TurnStep[], verdicts: readonly TurnStep[], options: Options = {}) {
  const coder = scriptedAgent("coder", work);
  const qa = scriptedAgent("qa", verdicts);
  const made = qaGated<string>({ name: "gate", charter, implementer: coder, qa, ...options });
  const assertDone = (): void => {
    coder.assertDone();
    qa.assertDone();
  };
  return { made, coder, qa, assertDone };
}

describe("B14 QA-gated", () => {
  it("ends when QA has signed every item, and only then", async () => {
    const partly = [{ id: "A1", met: true, evidence: "seen" }];
    const { made, assertDone } = gate([done, done, done], [sign(partly), sign(all(false)), sign(all(true))]);
    const state = await made.compile().invoke(says("go"));
    expect(state.control).toMatchObject({ value: "(signed)", done: true });
    expect(qaResult(state)).toMatchObject({ signed: true, iteration: 3, unmet: [] });
    expect(state.messages.at(-1)?.text).toBe("QA has signed all 3 items (iteration 3).");
    assertDone();
  });

  it("unmet items loop back: the implementer reads which, and why", async () => {
    const verdict = sign([
      { id: "A1", met: true, evidence: "seen" },
      { id: "A2", met: false, evidence: "it lets me in" },
    ]);
    const { made, coder } = gate([done, done], [verdict, sign(all(true))]);
    await made.compile().invoke(says("go"));
    const shown = coder.turns[1]?.messages.at(-2); // before the newest, behind all that stays the same
    expect(shown?.getType()).toBe("human");
    expect(shown?.text).toContain("- [x] A1: the page shows a form — signed: seen");
    expect(shown?.text).toContain("- [ ] A2: a wrong password is refused — unmet: it lets me in");
    expect(coder.turns[1]?.messages.at(-1)?.text).toBe(
      "Not signed:\n- A2: a wrong password is refused (it lets me in)\n- Q1: tests run (no verdict)",
    );
  });

  it("QA reads the charter and the record, as a message and never in a system prompt; neither stays in the conversation", async () => {
    const { made, qa } = gate([done], [sign(all(true))]);
    const state = await made.compile().invoke(says("go"));
    const seen = qa.turns[0]?.messages ?? [];
    expect(seen.map((message) => message.getType())).toEqual(["human", "human", "ai"]);
    expect(seen.at(1)?.text).toContain("## Acceptance criteria\n\n- [ ] A1: the page shows a form\n- [ ] A2: a wrong password is refused");
    expect(seen.at(1)?.text).toContain("- 1: added the form (src/login/form.ts) — verified: npm test: 12 passed");
    expect(state.messages.map((message) => message.text).join()).not.toContain("Acceptance criteria");
  });

  it.each<[string, TurnStep]>([
    ["says so in words", "APPROVED. Every item is complete."],
    ["signs nothing at all", sign([])],
    ["signs without evidence", sign(all(true).map((item) => ({ ...item, evidence: "  " })))],
    ["signs all but one", sign(all(true).slice(1))],
    ["signs items that the charter does not have", sign([...all(true), { id: "A9", met: true, evidence: "seen" }])],
    ["sends the end itself", send("SIGNED")],
    ["fails", new Error("no browser")],
    ["gives a verdict that is none", reply("ok", { data: { items: [{ id: "A1", met: "yes" }] } })],
  ])("a QA that %s does not open the gate", async (_what, verdict) => {
    const { made, assertDone } = gate([done], [verdict], { maxIterations: 1 });
    const state = await made.compile().invoke(says("go"));
    expect(state.control).toMatchObject({ value: "unmet", done: false });
    expect(qaResult(state).signed).toBe(false);
    expect(state.messages.at(-1)?.text).toMatch(/^QA has not signed [123] of 3 items \(iteration 1\):/);
    assertDone();
  });

  it("signatures are for the work they saw: a new change voids them", async () => {
    const [a1, a2, q1] = all(true);
    const { made } = gate(
      [done, done],
      [sign([a1, a2].filter((item) => item !== undefined)), sign([q1].filter((item) => item !== undefined))],
      {
        maxIterations: 2,
      },
    );
    const state = await made.compile().invoke(says("go"));
    expect(qaResult(state)).toMatchObject({ signed: false, unmet: [{ id: "A1" }, { id: "A2" }] });
  });

  it("cannot be defined without a check, with placeholders, or with nobody to write the charter", () => {
    const define = (given: Options) => () => gate([], [], given);
    expect(define({ charter: { ...charter, criteria: [] } })).toThrow("there are none, and a gate without checks lets everything pass");
    expect(define({ charter: { ...charter, goal: "TODO" } })).toThrow('goal: "TODO" is a placeholder');
    expect(define({ charter: undefined as never })).toThrow("give a planner that writes the charter, or the charter itself");
    expect(define({ planner: scriptedAgent("planner", []) })).toThrow("give the charter or a planner, not both");
    expect(define({ maxIterations: 0 })).toThrow(InvalidDefinitionError);
  });

  it("no event from outside opens it either: what is not in the charter, and what is too early, is refused", async () => {
    const { made } = gate([done], ["no"], { maxIterations: 1 });
    const { checkpointer, config } = thread();
    const graph = made.compile({ checkpointer });
    await graph.invoke(says("go"), config);
    for (const control of [{ type: "VERDICT", items: all(true) }, { type: "CHARTER", charter: readCharter(charter) }, { type: "DONE" }])
      expect((await failure(graph.updateState(config, { control }))).name).toBe("IllegalTransitionError");
  });

  describe("when the iterations are used up", () => {
    it("it rests in unmet, says so, and the next input goes on with as many more", async () => {
      const { made, assertDone } = gate([done, done, done], [sign(all(false)), sign(all(false)), sign(all(true))], { maxIterations: 2 });
      const { checkpointer, config } = thread();
      const first = await made.compile({ checkpointer }).invoke(says("go"), config);
      expect(first.control).toMatchObject({ value: "unmet", done: false });
      const second = await made.compile({ checkpointer }).invoke(says("The password, please."), config);
      expect(second.control).toMatchObject({ value: "(signed)", done: true });
      expect(qaResult(second).records).toHaveLength(3);
      assertDone();
    });

    it("an orchestration around it hears of a failure, with the items", async () => {
      const { made } = gate([done], [sign(all(false))], { maxIterations: 1 });
      const outer = parallel({ name: "outer", branches: [made, agent({ id: "beside", run: () => "fine" })] });
      const state = await outer.compile({ checkpointer: new MemorySaver() }).invoke(says("go"), { configurable: { thread_id: "1" } });
      expect(outer.results(state).map(({ phase, status }) => [phase, status])).toEqual([
        ["gate", "failed"],
        ["beside", "ok"],
      ]);
      expect(state.results["gate"]?.error?.message).toContain("- A2: a wrong password is refused (looked at A2)");
    });

    it("a person is asked where there is one, and may send the work back", async () => {
      const { made, assertDone } = gate([done, done], [sign(all(false)), sign(all(true))], {
        maxIterations: 1,
        escalation: human({ id: "boss", question: (turn) => `Unmet: ${qaResult(turn).unmet.length}. Again?` }),
      });
      const { checkpointer, config } = thread();
      const parked = await made.compile({ checkpointer }).invoke(says("go"), config);
      expect(isInterrupted<{ question: string }>(parked) ? parked.__interrupt__[0]?.value?.question : undefined).toBe("Unmet: 3. Again?");
      const state = await made.compile({ checkpointer }).invoke(new Command({ resume: { event: { type: "REWORK" } } }), config);
      expect(qaResult(state).signed).toBe(true);
      assertDone();
    });

    it("an agent may send it back three times, not for ever", async () => {
      const boss = agent({ id: "boss", run: (turn) => (turn.can({ type: "REWORK" }) ? send("REWORK") : "Enough.") });
      const works = Array.from({ length: 4 }, () => done);
      const { made, assertDone } = gate(
        works,
        works.map(() => sign(all(false))),
        { maxIterations: 1, escalation: boss },
      );
      expect((await made.compile().invoke(says("go"))).messages.at(-1)?.text).toBe("Enough.");
      assertDone();
    });
  });

  it("QA may ask for another charter; what was signed under the old one is void", async () => {
    const planner = scriptedAgent("planner", [writeCharter(charter), writeCharter({ goal: "Less", criteria: ["a form"] })]);
    const qa = scriptedAgent("qa", [send({ type: "REPLAN", reason: "too much" }), sign([{ id: "A1", met: true, evidence: "seen" }])]);
    const implementer = scriptedAgent("coder", [done, done]);
    const state = await qaGated({ name: "gate", planner, implementer, qa }).compile().invoke(says("go"));
    expect(qaResult(state)).toMatchObject({ signed: true, charter: { goal: "Less" }, iteration: 2 });
    planner.assertDone();
  });

  it("models fill in charter, record and verdict", async () => {
    const model = (answer: Record<string, unknown>) => scriptedModel([callTool("respond", answer)]);
    const models = [model(charter), model({ changed: "the form", verified: "ran it" }), model({ items: all(true) })] as const;
    const team = qaGated({
      name: "team",
      planner: agent({ id: "planner", model: models[0], output: CharterDraft }),
      implementer: agent({ id: "coder", model: models[1], output: ChangeRecord }),
      qa: agent({ id: "qa", model: models[2], output: QaVerdict }),
    });
    const state = await team.compile().invoke(says("A login page, please."));
    expect(qaResult(state)).toMatchObject({
      signed: true,
      charter: { paths: ["src/login"] },
      records: [{ changed: "the form", verified: "ran it" }],
    });
    for (const each of models) each.assertDone();
  });

  it("an orchestration implements: its words are a change that nobody has verified", async () => {
    const crew = sequential({ name: "crew", agents: [scriptedAgent("a", ["half"]), scriptedAgent("b", ["whole"])] });
    const { made, qa } = gate([], [sign(all(true))], { implementer: crew });
    expect(qaResult(await made.compile().invoke(says("go"))).records).toMatchObject([{ changed: "whole", verified: "" }]);
    expect(qa.turns[0]?.messages.map(({ text }) => text).join()).toContain("- 1: whole — not verified");
  });

  it("a planner that writes no charter ends the run: there is nothing to work on", async () => {
    const implementer = scriptedAgent("coder", []);
    const team = qaGated({ name: "team", planner: scriptedAgent("planner", ["Let us begin!"]), implementer, qa: scriptedAgent("qa", []) });
    expect((await failure(team.compile().invoke(says("go")))).message).toContain("a gate without checks lets everything pass");
    implementer.assertDone();
  });

  it("has nothing to report to verify()", () => {
    expect(gate([], [], { escalation: scriptedAgent("boss", []) }).made.verify().findings).toEqual([]);
  });
});

describe("D9 charter", () => {
  it("a charter that is none tells of everything that is wrong with it", () => {
    const wrong = { goal: " ", paths: ["/etc/passwd", "a/../../b"], criteria: ["TBD", "x".repeat(301)], checklist: ["..."] };
    expect(() => readCharter(wrong)).toThrow(
      /goal: it is empty[\s\S]*paths|paths\.0: "\/etc\/passwd"[\s\S]*paths\.1[\s\S]*criteria\.0: "TBD" is a placeholder[\s\S]*criteria\.1: 301 characters[\s\S]*checklist\.0/,
    );
    expect(() => readCharter("x")).toThrow("The charter");
    expect(() => readCharter({ ...charter, criteria: Array.from({ length: 51 }, (_, index) => `item ${index}`) })).toThrow(
      "52 items, at most 50",
    );
  });

  it.each(["TODO", "tbd.", "<goal>", "[describe it]", "…", "-", "FIXME!", "N/A"])("%j is a placeholder", (goal) => {
    expect(() => readCharter({ ...charter, goal })).toThrow(/goal: (it is empty|".*" is a placeholder)/);
  });

  it.each(["Ein Formular", "パスワード", "Todo list app", "404"])("%j is none", (goal) => {
    expect(readCharter({ ...charter, goal }).goal).toBe(goal);
  });

  it.each([
    ["src/login", "src/login"],
    ["./src//login/", "src/login"],
    ["src\\login\\form.ts", "src/login/form.ts"],
    ["src/a/../login", "src/login"],
    [".", "."],
    ["/etc/passwd", undefined],
    ["C:\\windows", undefined],
    ["~/x", undefined],
    ["../x", undefined],
    ["a/../../x", undefined],
    ["a\u0000b", undefined],
    ["", undefined],
  ])("the path %j is %j", (path, normal) => {
    expect(normalPath(path)).toBe(normal);
  });

  it("changes beside the paths of the charter are shown to QA as such", async () => {
    const { made, qa } = gate(
      [recordChange({ changed: "x", paths: ["./src/login/a.ts", "src/loginx.ts", "../secret"] })],
      [sign(all(true))],
    );
    const state = await made.compile().invoke(says("go"));
    expect(qaResult(state).records).toMatchObject([
      { paths: ["src/login/a.ts", "src/loginx.ts", "../secret"], outside: ["src/loginx.ts", "../secret"] },
    ]);
    expect(qa.turns[0]?.messages.map(({ text }) => text).join()).toContain("outside the charter: src/loginx.ts, ../secret");
  });

  it("is the same after it was written as Markdown or JSON and read again, whatever it says and however it stands", () => {
    const words = fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" }).map((text) => `x${text}`);
    const paths = fc.array(fc.stringMatching(/^[a-z]{1,5}(\/[a-z.]{1,5}x){0,2}$/), { maxLength: 3 });
    const drafts = fc.record({
      goal: words,
      paths,
      criteria: fc.array(words, { minLength: 1, maxLength: 3 }),
      checklist: fc.array(words, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(drafts, fc.boolean(), words, (draft, met, evidence) => {
        const read = readCharter(draft);
        const verdicts = { A1: { met, evidence } };
        const records = [{ iteration: 1, changed: evidence, verified: evidence, paths: [], outside: [] }];
        expect(charterFrom(charterMarkdown({ charter: read, records, verdicts }))).toEqual(read);
        expect(charterFrom(JSON.stringify(draft))).toEqual(read);
      }),
      { numRuns: 200 },
    );
  });

  it.each(["TASK_CHARTER.md", "TASK_CHARTER.json"])("is taken from %s and kept there as it stands, for everybody to read", async (name) => {
    const folder = await mkdtemp(join(tmpdir(), "charter-"));
    const [source, kept] = [join(folder, name), join(folder, "context", name)];
    await writeFile(
      source,
      name.endsWith("json") ? JSON.stringify(charter) : charterMarkdown({ charter: readCharter(charter), records: [], verdicts: {} }),
    );
    const during: string[] = [];
    const qa = agent({
      id: "qa",
      run: async () => {
        during.push(await readFile(kept, "utf8"));
        return sign(all(true));
      },
    });
    const implementer = scriptedAgent("coder", [done]);
    const team = qaGated({ name: "team", planner: charterReader(source), implementer, qa, onCharter: charterWriter(kept) });
    const state = await team.compile().invoke(says("go"));
    expect(qaResult(state).charter).toEqual(readCharter(charter));
    expect(during[0]).toContain("added the form");
    expect(during[0]).not.toContain("looked at A1");
    const after = await readFile(kept, "utf8");
    expect(after).toContain("looked at A1");
    expect(charterFrom(after)).toEqual(readCharter(charter));
  });

  it("a charter file that is missing ends the run", async () => {
    const team = qaGated({
      name: "team",
      planner: charterReader("/nowhere/TASK_CHARTER.md"),
      implementer: scriptedAgent("coder", []),
      qa: scriptedAgent("qa", []),
    });
    expect((await failure(team.compile().invoke(says("go")))).message).toContain("ENOENT");
  });

  it("the largest charter with the largest record fits into a checkpoint", async () => {
    const large = { goal: "g".repeat(1_000), paths: [], criteria: Array.from({ length: 50 }, () => "c".repeat(300)), checklist: [] };
    const change = recordChange({
      changed: "x".repeat(5_000),
      verified: "y".repeat(5_000),
      paths: Array.from({ length: 30 }, (_, index) => `${index}`.padEnd(120, "p")),
    });
    const verdict = (met: boolean) =>
      sign(Array.from({ length: 50 }, (_, index) => ({ id: `A${index + 1}`, met, evidence: "e".repeat(1_000) })));
    const { made } = gate(
      Array.from({ length: 6 }, () => change),
      Array.from({ length: 6 }, (_, index) => verdict(index === 5)),
      { charter: { ...large, paths: Array.from({ length: 50 }, (_, index) => `${index}`.padEnd(120, "q")) }, maxIterations: 6 },
    );
    expect(qaResult(await made.compile().invoke(says("go")))).toMatchObject({ signed: true, iteration: 6 });
  });
});
