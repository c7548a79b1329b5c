import { ReducedValue } from "@langchain/langgraph";
import type { FieldValues } from "phasegraph";
import { z } from "zod";
import { compareFindings, Finding, REVIEWERS, Tally, type ReviewerId } from "./analysis/finding.js";
import { LeftOut, Limits } from "./analysis/listing.js";

/** What is asked for. */
export const Request = z.object({
  /** Absolute path of the directory. */
  root: z.string(),
  limits: Limits,
  /** Files analysed in one stored step. */
  batch: z.number().int().positive(),
  /** Findings of one reviewer that are kept, the worst first; the others are counted only. */
  findings: z.number().int().positive(),
  /** Paths below the root that are not reviewed. */
  except: z.array(z.string()),
  /** Where the report is written, for whoever asks later. */
  out: z.string().optional(),
});
export type Request = z.infer<typeof Request>;

/** What the planner found, and made of it. */
export const Plan = z.object({
  root: z.string(),
  files: z.array(z.string()),
  bytes: z.number(),
  leftOut: z.array(LeftOut),
  batch: z.number().int(),
  findings: z.number().int(),
});
export type Plan = z.infer<typeof Plan>;

/** What one reviewer has to say. */
export const Review = z.object({
  /** A model's name, or `"functions"`. */
  by: z.string(),
  files: z.number().int(),
  /** Everything found, also what is not kept. */
  found: Tally,
  findings: z.array(Finding),
  /** What the analyser left out, by reason. */
  skipped: z.record(z.string(), z.number()),
  /** Why the model has not judged the findings, when it was asked and did not. */
  unjudged: z.string().optional(),
});
export type Review = z.infer<typeof Review>;

/** What the quality check holds against a report. */
export const Objection = z.object({
  problem: z.enum(["missing", "invented", "wrong", "repeated", "order", "count", "silent"]),
  text: z.string(),
  /** The findings it is about: for "missing", all of them. */
  findings: z.array(z.string()),
});
export type Objection = z.infer<typeof Objection>;

/** The team's own state, beside messages and control. */
export const reviewState = {
  request: Request.nullable().default(null),
  plan: Plan.nullable().default(null),
  /** By reviewer; the planner clears it. */
  reviews: new ReducedValue(
    z.record(z.string(), Review.nullable()).default(() => ({})),
    {
      inputSchema: z.record(z.string(), Review.nullable()),
      reducer: (known: Record<string, Review | null>, added: Record<string, Review | null>) => ({ ...known, ...added }),
    },
  ),
  objections: z.array(Objection).default(() => []),
};
export type ReviewState = FieldValues<typeof reviewState>;

/** The facts a report is made of and checked against. */
export interface Evidence {
  readonly plan: Plan;
  readonly reviews: ReadonlyMap<ReviewerId, Review>;
  /** Reviewers that failed, with the reason. */
  readonly failed: ReadonlyMap<ReviewerId, string>;
  /** Of all reviewers, ranked. */
  readonly findings: readonly Finding[];
}

/** @throws Error before the planner's work is done. */
export function evidenceOf(
  state: Pick<ReviewState, "plan" | "reviews">,
  results: Readonly<Record<string, { readonly status: string; readonly error?: { readonly message: string } }>>,
): Evidence {
  if (state.plan === null) throw new Error("There is no plan yet.");
  const reviews = new Map<ReviewerId, Review>();
  const failed = new Map<ReviewerId, string>();
  for (const id of REVIEWERS) {
    const review = state.reviews[id] ?? undefined;
    if (results[id]?.status !== "failed" && review !== undefined) reviews.set(id, review);
    else failed.set(id, results[id]?.error?.message ?? "it gave no result");
  }
  const findings = [...reviews.values()].flatMap((review) => review.findings).sort(compareFindings);
  return { plan: state.plan, reviews, failed, findings };
}
