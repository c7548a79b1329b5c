/** One line a member: `id: description`, white space collapsed. */
export const teamText = (team: readonly { readonly id: string; readonly description?: string | undefined }[]): string =>
  team.map(({ id, description }) => `${id}: ${(description ?? "").replace(/\s+/g, " ").trim()}`).join("\n");

/** The first look at a task: what is known, before anybody plans. */
export const surveyPrompt = (task: string): string => `Before we begin, survey what is known about this request:

${task}

Answer under exactly these four headings, and do not plan yet:
1. GIVEN OR VERIFIED FACTS: what the request itself states; there may be none.
2. FACTS TO LOOK UP: what has to be found, and where it may be found.
3. FACTS TO DERIVE: what follows by logic, computation or comparison.
4. EDUCATED GUESSES: what is remembered or suspected, with the reason.`;

/** The facts again, after a plan that led nowhere. */
export const updatedSurveyPrompt = (task: string, facts: string): string => `We are not making progress on this request:

${task}

Rewrite the fact sheet below with everything that was learnt above. Keep its four headings; move what was confirmed to the first one.
Add or change at least one educated guess, and say why.

${facts}`;

/** A plan for the team. */
export const planPrompt = (task: string, team: string, facts: string): string => `The request:

${task}

The team:
${team}

What is known:
${facts}

Write a short plan as a list of steps. Not every member has to be used.`;

/** A new plan, after the old one failed. */
export const replanPrompt = (
  task: string,
  team: string,
  facts: string,
): string => `The plan above did not lead to an answer to this request:

${task}

The team is the same:
${team}

What is known now:
${facts}

Say in a sentence or two what went wrong and why (the root cause). Then write a new short plan as a list of steps that avoids it.`;

/** What everybody on the team is told before they begin. */
export const taskLedgerText = (ledger: {
  task: string;
  team: string;
  facts: string;
  plan: string;
}): string => `We are working on this request:

${ledger.task}

The team:
${ledger.team}

What is known:
${ledger.facts}

The plan:
${ledger.plan}`;

/** The questions of one round. */
export const ledgerPrompt = (task: string, team: string, names: readonly string[]): string => `The request, again:

${task}

The team:
${team}

Answer these questions, each with the reason:
- is_request_satisfied: is the request fully answered? (false while anything is open)
- is_in_loop: are the same requests or replies repeated? A loop may span several turns.
- is_progress_being_made: do we get on? (true when we have just begun; false when we are stuck, or a barrier such as an unreadable file is in the way)
- next_speaker: who speaks next? (one of: ${names.join(", ")})
- instruction_or_question: what to tell or ask this member, with everything it needs to know?

Answer with one JSON object and nothing else:
{
  "is_request_satisfied": { "reason": string, "answer": boolean },
  "is_in_loop": { "reason": string, "answer": boolean },
  "is_progress_being_made": { "reason": string, "answer": boolean },
  "next_speaker": { "reason": string, "answer": ${names.map((name) => JSON.stringify(name)).join(" | ")} },
  "instruction_or_question": { "reason": string, "answer": string }
}`;

/** After an answer that could not be used. */
export const repairPrompt = (problem: string): string =>
  `The answer cannot be used:\n${problem}\n\nAnswer again with the corrected JSON object and nothing else.`;

/** The last words. */
export const answerPrompt = (task: string, stopped: string | undefined): string => `The request:

${task}

${
  stopped === undefined
    ? "It is answered by what was found above."
    : `We stop here, though it may not be answered in full (${stopped}). Give the best answer that what was found above allows, and say what is missing.`
}
Write the final answer to the person who asked.`;
