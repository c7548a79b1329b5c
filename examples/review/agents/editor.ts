import { basename } from "node:path";
import { reply, type Agent, type Turn } from "phasegraph";
import { z } from "zod";
import { addTallies, NOTHING } from "../analysis/finding.js";
import { maskSecrets } from "../analysis/secrets.js";
import type { ReviewModel } from "../model.js";
import { tell } from "../progress.js";
import { renderReport, type Draft } from "../report.js";
import { evidenceOf, type Evidence, type Objection, type ReviewState } from "../state.js";
import { counted, tallyText } from "../words.js";
import { modelWords } from "./model-words.js";

/** A report people read to the end is short: the first draft lists so many findings. */
const SHORT = 60;
/** Findings a model is given to write about; the errors and warnings after these are added as they are. */
const WRITTEN = 60;
const MAX_SUMMARY = 1_500;
const MAX_COMMENT = 300;

const Written = z.object({
  summary: z.string().describe("what the author should know first, in at most five sentences; no number that was not given"),
  findings: z
    .array(z.object({ id: z.string().describe("as given"), comment: z.string().describe("one sentence, or empty") }))
    .describe("every error and warning, in the order given"),
});

const PROMPT = `You edit a code review. Write a summary, and list the findings in the order given: each id once, none left out, none of your own.
When your last report was sent back, mend exactly what the objections name.`;

/** Writes the report: the first draft is kept short, and takes in what the quality check misses. With a model, the model writes it. */
export function editor(model: ReviewModel | undefined): Agent<"editor", ReviewState> {
  return {
    id: "editor",
    description: "Writes the report",
    node: (place) => {
      const write = model === undefined ? undefined : modelWords(place, { model, output: Written, prompt: PROMPT });
      return {
        run: async (turn) => {
          const evidence = evidenceOf(turn.state, turn.results);
          const { objections } = turn.state;
          const draft = write === undefined ? draftOf(evidence, objections) : await writtenDraft(turn, evidence, write, model?.name ?? "");
          const listed = `${draft.items.length} of ${counted(evidence.findings.length, "finding")}`;
          tell(turn, { kind: "note", text: `round ${String(turn.control.context["round"])}: lists ${listed}` });
          return reply(renderReport(evidence, draft));
        },
      };
    },
  };
}

/** The draft of a plain function. */
export function draftOf(evidence: Evidence, objections: readonly Objection[]): Draft {
  const demanded = new Set(objections.flatMap((objection) => objection.findings));
  const items = evidence.findings.filter((one, index) => index < SHORT || demanded.has(one.id));
  return { by: "functions", summary: summaryOf(evidence), items: items.map(({ id }) => ({ id })) };
}

function summaryOf({ plan, reviews, failed, findings }: Evidence): string {
  const all = [...reviews.values()].reduce((sum, review) => addTallies(sum, review.found), NOTHING);
  const perFile = new Map<string, number>();
  for (const one of findings) perFile.set(one.file, (perFile.get(one.file) ?? 0) + 1);
  const [worst] = [...perFile].sort(([, one], [, other]) => other - one);
  return [
    `${counted(plan.files.length, "file")} of ${basename(plan.root)} reviewed: ${tallyText(all)}.`,
    ...[...reviews].map(([id, { found }]) => `The ${id} reviewer found ${tallyText(found)}.`),
    ...(worst === undefined || worst[1] < 2 ? [] : [`Most are in ${worst[0]}.`]),
    ...(failed.size === 0 ? [] : [`Not everything was looked at: ${[...failed.keys()].join(", ")} failed.`]),
  ].join(" ");
}

async function writtenDraft(
  turn: Turn<ReviewState>,
  evidence: Evidence,
  write: ReturnType<typeof modelWords<z.infer<typeof Written>>>,
  by: string,
): Promise<Draft> {
  const given = evidence.findings.slice(0, WRITTEN);
  const rest = evidence.findings.slice(WRITTEN).filter((one) => one.severity !== "info");
  const answer = await write(turn, {
    files: evidence.plan.files.length,
    counts: Object.fromEntries([...evidence.reviews].map(([id, review]) => [id, review.found])),
    failed: [...evidence.failed.keys()],
    findings: given.map(({ id, severity, file, line, message, advice, doubted }) => ({
      id,
      severity,
      file,
      line,
      message,
      advice,
      doubted,
    })),
    objections: turn.state.objections.map((objection) => objection.text),
  });
  if (!answer.ok) return { ...draftOf(evidence, turn.state.objections), problem: answer.problem };
  const items = await Promise.all(
    answer.output.findings.map(async ({ id, comment }) => ({ id, comment: (await maskSecrets(comment)).slice(0, MAX_COMMENT) })),
  );
  const summary = (await maskSecrets(answer.output.summary)).slice(0, MAX_SUMMARY);
  return { by, summary, items: [...items, ...rest.map(({ id }) => ({ id }))] };
}
