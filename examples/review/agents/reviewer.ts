import { join } from "node:path";
import { reply, type Agent, type Turn } from "phasegraph";
import { z } from "zod";
import { addTallies, NOTHING, ranked, tallyOf, type Analysed, type Finding, type ReviewerId, type Tally } from "../analysis/finding.js";
import { readText } from "../analysis/read-text.js";
import { maskSecrets } from "../analysis/secrets.js";
import type { ReviewModel } from "../model.js";
import { tell } from "../progress.js";
import type { Plan, Review, ReviewState } from "../state.js";
import { counted, tallyText } from "../words.js";
import { durable } from "./durable.js";
import { modelWords, type Answer } from "./model-words.js";
import type { Specialist } from "./specialists.js";

/** Findings a model is asked about; it is the worst ones. */
const JUDGED = 40;
const MAX_EXPLANATION = 400;
const LINES_AROUND = 2;

const Judgements = z.object({
  judgements: z.array(
    z.object({
      id: z.string().describe("the finding's id, as given"),
      verdict: z.enum(["confirmed", "doubtful"]).describe("doubtful: the analyser is probably wrong here"),
      explanation: z.string().describe("one or two sentences for the author of the code"),
    }),
  ),
});
type Judgements = z.infer<typeof Judgements>;

/** The findings of some files as they are stored: the worst, and how many more there were. */
interface Batch {
  readonly findings: readonly Finding[];
  readonly beyond: Tally;
  readonly skipped: Readonly<Record<string, number>>;
}

/**
 * One reviewer: it runs its analyser over the files, batch by batch, each batch a durable task, so that what is stored is not
 * analysed again. With a model, the worst findings are then judged and explained; none is dropped.
 */
export function reviewer(specialist: Specialist, model: ReviewModel | undefined): Agent<ReviewerId, ReviewState> {
  return {
    id: specialist.id,
    description: specialist.description,
    node: (place) => {
      const judge =
        model === undefined
          ? undefined
          : modelWords(place, { model, output: Judgements, prompt: `${specialist.task}\nAnswer for each finding, by its id.` });
      return {
        run: async (turn) => {
          const { plan } = turn.state;
          if (plan === null) throw new Error("There is no plan to review by.");
          const files = plan.files.filter(specialist.accepts);
          const analysed = await analyse(specialist, turn, plan, files);
          const unique = ranked(analysed.findings);
          const found = addTallies(tallyOf(unique), analysed.beyond);
          const kept = unique.slice(0, plan.findings).map((one) => withAdvice(one, specialist.advice?.(one)));
          if (judge !== undefined && kept.length > 0)
            tell(turn, { kind: "note", text: `asks ${model?.name} about ${counted(Math.min(kept.length, JUDGED), "finding")}` });
          const answer = judge === undefined || kept.length === 0 ? undefined : await judge(turn, await questions(specialist, plan, kept));
          const review: Review = {
            by: model?.name ?? "functions",
            files: files.length,
            found,
            findings: await judged(kept, answer),
            skipped: analysed.skipped,
            ...(answer === undefined || answer.ok ? {} : { unjudged: answer.problem }),
          };
          const words = `${counted(files.length, "file")}: ${tallyText(found)}${review.unjudged === undefined ? "" : `; not judged by ${review.by}: ${review.unjudged}`}`;
          return reply(words, { update: { reviews: { [specialist.id]: review } } });
        },
      };
    },
  };
}

async function analyse(specialist: Specialist, turn: Turn<ReviewState>, plan: Plan, files: readonly string[]): Promise<Batch> {
  const { signal } = turn.config;
  const analyst = specialist.open(plan.root, files, (text) => tell(turn, { kind: "note", text }));
  const batches = Array.from({ length: Math.ceil(files.length / plan.batch) }, (_, index) =>
    files.slice(index * plan.batch, (index + 1) * plan.batch),
  );
  const findings: Finding[] = [];
  const skipped: Record<string, number> = {};
  let beyond = NOTHING;
  try {
    for (const [index, batch] of batches.entries()) {
      signal?.throwIfAborted();
      const { value: done, stored } = await durable("analyse", signal, async () =>
        bounded(await analyst.analyse(batch, signal), plan.findings),
      );
      findings.push(...done.findings);
      beyond = addTallies(beyond, done.beyond);
      for (const [reason, count] of Object.entries(done.skipped)) skipped[reason] = (skipped[reason] ?? 0) + count;
      const found = addTallies(tallyOf(findings), beyond);
      tell(turn, { kind: "batch", batch: index + 1, of: batches.length, files: batch.length, found, stored });
    }
  } finally {
    await analyst.close?.();
  }
  return { findings, beyond, skipped };
}

/** What is quoted from files in messages passes without the secrets in it. */
async function bounded({ findings, skipped }: Analysed, limit: number): Promise<Batch> {
  const all = ranked(findings);
  const kept: Finding[] = [];
  for (const one of all.slice(0, limit)) kept.push({ ...one, message: await maskSecrets(one.message) });
  return { findings: kept, beyond: tallyOf(all.slice(limit)), skipped };
}

const withAdvice = (finding: Finding, advice: string | undefined): Finding => (advice === undefined ? finding : { ...finding, advice });

/** What the model is told of each finding; it never sees more of a file than the lines around. */
async function questions(specialist: Specialist, plan: Plan, findings: readonly Finding[]): Promise<unknown> {
  return Promise.all(
    findings.slice(0, JUDGED).map(async ({ id, rule, severity, file, line, message }) => {
      const code = specialist.quotes ? await linesAround(join(plan.root, file), line) : undefined;
      return { id, rule, severity, file, line, message, ...(code === undefined ? {} : { code }) };
    }),
  );
}

async function linesAround(path: string, line: number): Promise<string | undefined> {
  try {
    const lines = (await maskSecrets(await readText(path))).split(/\r?\n/).slice(Math.max(0, line - 1 - LINES_AROUND), line + LINES_AROUND);
    return lines.map((text) => text.slice(0, 200)).join("\n");
  } catch {
    return undefined; // it is gone, which the analyser has said
  }
}

async function judged(findings: readonly Finding[], answer: Answer<Judgements> | undefined): Promise<Finding[]> {
  const judgements = new Map(answer?.ok === true ? answer.output.judgements.map((one) => [one.id, one]) : []);
  return Promise.all(
    findings.map(async (one): Promise<Finding> => {
      const judgement = judgements.get(one.id);
      if (judgement === undefined) return one;
      const advice = (await maskSecrets(judgement.explanation)).slice(0, MAX_EXPLANATION);
      return { ...one, advice, ...(judgement.verdict === "doubtful" ? { doubted: true } : {}) };
    }),
  );
}
