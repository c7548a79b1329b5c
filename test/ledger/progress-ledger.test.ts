import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readProgressLedger } from "../../src/ledger/progress-ledger.js";

const TEAM = ["WebSurfer", "Coder"];
const slots = {
  is_request_satisfied: { reason: "open", answer: false },
  is_in_loop: { reason: "new", answer: false },
  is_progress_being_made: { reason: "begun", answer: true },
  next_speaker: { reason: "the web", answer: "WebSurfer" },
  instruction_or_question: { reason: "first step", answer: "Look it up." },
};
const changed = (change: object) => JSON.stringify({ ...slots, ...change });
const problem = (text: string, team = TEAM): string => {
  const reading = readProgressLedger(text, team);
  return reading.ok ? "" : reading.problem;
};
const ledger = (text: string, team = TEAM) => {
  const reading = readProgressLedger(text, team);
  if (!reading.ok) throw new Error(reading.problem);
  return reading.ledger;
};

describe("B11 progress ledger", () => {
  it.each([
    ["bare", JSON.stringify(slots)],
    ["in a fence", `\`\`\`json\n${JSON.stringify(slots, null, 2)}\n\`\`\``],
    ["in the middle of words", `Let me think {about it}. Here: ${JSON.stringify(slots)} I hope "it" {fits}.`],
    ["after a brace that is never closed", `The set {1, 2 is open. ${JSON.stringify(slots)}`],
    ["after an object that is no ledger", `{"thought": "…"} ${JSON.stringify(slots)}`],
    ["as Python writes it", JSON.stringify(slots).replaceAll("false", "False").replaceAll("true", "True")],
    ["with braces and quotes in its strings", changed({ is_in_loop: { reason: 'a "{" and a \\', answer: false } })],
  ])("is read %s", (_how, text) => {
    expect(ledger(text)).toMatchObject({ next_speaker: { answer: "WebSurfer" }, instruction_or_question: { answer: "Look it up." } });
  });

  it("leaves words alone that only look like Python", () => {
    const text = changed({ is_in_loop: { reason: "It is True, None of it", answer: false } }).replace('"answer":true', '"answer":True');
    expect(ledger(text).is_in_loop.reason).toBe("It is True, None of it");
  });

  it('the text "false" is false, and no other text is true or false', () => {
    expect(ledger(changed({ is_request_satisfied: { reason: "", answer: "false" } })).is_request_satisfied.answer).toBe(false);
    expect(ledger(changed({ is_request_satisfied: { reason: "", answer: "True" } })).is_request_satisfied.answer).toBe(true);
    for (const answer of ["yes", "no", "", 1, null, "not yet"])
      expect(problem(changed({ is_request_satisfied: { reason: "", answer } }))).toContain("answer true or false");
  });

  it.each(Object.keys(slots))("a ledger without %s is refused, and says so", (key) => {
    expect(problem(changed({ [key]: undefined }))).toContain(key);
    expect(problem(changed({ [key]: { reason: "an empty slot" } }))).toContain(key);
  });

  it("an answer without its reason is taken, also without the object around it", () => {
    const short = Object.fromEntries(Object.entries(slots).map(([key, { answer }]) => [key, answer]));
    expect(ledger(JSON.stringify(short)).next_speaker).toEqual({ reason: "", answer: "WebSurfer" });
    expect(ledger(changed({ is_in_loop: { answer: true } })).is_in_loop).toEqual({ reason: "", answer: true });
  });

  it("when the request is satisfied, nobody has to speak next", () => {
    const text = JSON.stringify({ is_request_satisfied: { reason: "found", answer: true } });
    expect(ledger(text).is_request_satisfied).toEqual({ reason: "found", answer: true });
    expect(
      ledger(changed({ is_request_satisfied: { reason: "", answer: true }, next_speaker: { reason: "", answer: "Nobody" } })).next_speaker
        .answer,
    ).toBe("Nobody");
  });

  it("an unknown speaker is refused with the names, never replaced", () => {
    expect(problem(changed({ next_speaker: { reason: "", answer: "Boss" } }))).toContain(
      '"Boss" is not in the team; choose one of: WebSurfer, Coder',
    );
    expect(problem(changed({ next_speaker: { reason: "", answer: "" } }))).toContain("is not in the team");
    expect(problem(changed({ next_speaker: { reason: "", answer: "A-B" } }), ["AB", "A_B"])).toContain("is not in the team");
  });

  it("a speaker is found whatever the case, spaces and dashes", () => {
    for (const answer of ["websurfer", "Web Surfer", " web-surfer "])
      expect(ledger(changed({ next_speaker: { answer } })).next_speaker.answer).toBe("WebSurfer");
  });

  it("in a team of one that one speaks", () => {
    for (const next of [undefined, { reason: "?", answer: "Nobody" }, "x"])
      expect(ledger(changed({ next_speaker: next }), ["Coder"]).next_speaker.answer).toBe("Coder");
  });

  it("an empty instruction is refused", () => {
    expect(problem(changed({ instruction_or_question: { reason: "", answer: "  " } }))).toContain("say what the next speaker has to do");
  });

  it.each(["", "I do not know.", "[]", "null", "{", JSON.stringify(slots).slice(0, -5), "x".repeat(100_000), "{".repeat(100_000)])(
    "what is no object is refused: %.20s",
    (text) => {
      expect(problem(text)).not.toBe("");
    },
  );

  it("no text makes it throw, and what it takes is complete", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.string().map((text) => `${JSON.stringify(slots).slice(0, 90)}${text}}`),
        ),
        (text) => {
          const reading = readProgressLedger(text, TEAM);
          if (reading.ok && !reading.ledger.is_request_satisfied.answer) {
            expect(TEAM).toContain(reading.ledger.next_speaker.answer);
            expect(reading.ledger.instruction_or_question.answer).not.toBe("");
          }
        },
      ),
    );
  });
});
