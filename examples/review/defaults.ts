/** What the process ends with. */
export const EXIT = { done: 0, problem: 1, incomplete: 2, stopped: 130 } as const;
export type Exit = (typeof EXIT)[keyof typeof EXIT];

/** The SQLite file of the checkpoints. */
export const DEFAULT_STORE = ".phasegraph/review.sqlite";
/** Drafts the editor may make. */
export const DEFAULT_ROUNDS = 3;
/** Files analysed in one stored step. */
export const DEFAULT_BATCH = 25;
/** Findings of one reviewer that are listed. */
export const DEFAULT_FINDINGS = 300;
