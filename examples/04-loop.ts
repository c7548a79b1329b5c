import { agent, approve, loop, loopResult, revise, type Turn } from "phasegraph";

const draftOf = (turn: Turn): string => turn.results["writer"]?.content ?? "";

// #region loop
const writer = agent({
  id: "writer",
  run: (turn) => (turn.results["writer"] === undefined ? "We ship fast!!!" : "We ship every Friday, with release notes."),
});
const tone = agent({ id: "tone", run: (turn) => (draftOf(turn).includes("!!!") ? revise("Fewer exclamation marks.") : approve()) });
const facts = agent({ id: "facts", run: (turn) => (/Friday/.test(draftOf(turn)) ? approve("The day is right.") : revise("Say when.")) });

export const orchestration = loop({ name: "press", producer: writer, reviewers: [tone, facts], maxIterations: 3 });
// #endregion

/** Both reviewers look at each draft at once; the writer is told all they said. */
export async function main(): Promise<string> {
  const state = await orchestration.compile().invoke({ messages: [{ role: "user", content: "Announce our releases." }] });
  const { approved, iteration, feedback } = loopResult(state);
  return `${approved ? "approved" : "not approved"} after ${iteration} drafts; ${feedback.map((one) => `${one.reviewer}: ${one.feedback || "fine"}`).join(", ")}`;
}
