const brand = Symbol.for("phasegraph.error");

/** Every code this package throws, and the HTTP status it becomes on a server. `docs/errors.md` lists the same. */
export const HTTP_STATUS = {
  INVALID_DEFINITION: 422,
  ILLEGAL_TRANSITION: 409,
  HANDOFF_REJECTED: 409,
  ANSWER_REFUSED: 409,
  CHART_MISMATCH: 409,
  RUN_CONFLICT: 409,
  LEASE_LOST: 409,
  LOOP_LIMIT: 422,
  BUDGET_EXCEEDED: 422,
  STEP_TIMEOUT: 504,
  INVALID_MODEL_OUTPUT: 502,
  MODEL_REFUSED: 422,
  INVALID_REQUEST: 400,
  UNKNOWN_AGENT: 404,
  CHECKPOINT_VERSION: 409,
  STORAGE_FAILED: 503,
  TASK_FAILED: 502,
} as const;

/** The stable code of an error of this package. */
export type ErrorCode = keyof typeof HTTP_STATUS;

/**
 * Base of every error this package throws. `code` is stable, `name` is the class, the rest is data.
 * LangGraph keeps only `name` and `message` in a checkpoint, so the message alone says what would have been right.
 */
export abstract class PhasegraphError extends Error {
  readonly [brand] = true as const;
  abstract readonly code: ErrorCode;

  /** True also for errors from another copy of the package (`instanceof` is not). Narrow further by `code`. */
  static is(error: unknown): error is AnyPhasegraphError {
    return typeof error === "object" && error !== null && brand in error;
  }

  /** The HTTP answer for this error; the LangGraph Agent Server sends it as it is. */
  getResponse(): Response {
    const { code, name, message } = this;
    return Response.json({ error: name, code, message, ...this.facts() }, { status: HTTP_STATUS[code] });
  }

  /** The error in words a model can act on. */
  forModel(): string {
    return this.message;
  }

  private facts(): Record<string, unknown> {
    return Object.fromEntries(Object.entries(this).filter(([key]) => !["name", "code", "message", "cause", "stack"].includes(key)));
  }
}

/** One thing that is wrong with a definition: where, which rule, what to write instead. */
export interface Issue {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** A definition that cannot run. Carries every issue at once. */
export class InvalidDefinitionError extends PhasegraphError {
  override readonly name = "InvalidDefinitionError";
  readonly code = "INVALID_DEFINITION";
  constructor(
    readonly subject: string,
    readonly issues: readonly Issue[],
  ) {
    super(`${subject} cannot be used:\n${issues.map((issue) => `  ${issue.path}: ${issue.message} [${issue.code}]`).join("\n")}`);
  }
}

/** An event the chart does not accept where the thread is now. Nothing was written. */
export class IllegalTransitionError extends PhasegraphError {
  override readonly name = "IllegalTransitionError";
  readonly code = "ILLEGAL_TRANSITION";
  constructor(
    readonly event: string,
    readonly phase: string,
    readonly legal: readonly string[],
    readonly why?: string,
  ) {
    super(`"${event}" is not accepted in phase "${phase}"${why === undefined ? "" : ` (${why})`}; legal events now: ${list(legal)}.`);
  }
}

/** An agent kept asking for handoffs that the chart refuses. */
export class HandoffRejectedError extends PhasegraphError {
  override readonly name = "HandoffRejectedError";
  readonly code = "HANDOFF_REJECTED";
  constructor(
    readonly agent: string,
    readonly target: string,
    readonly legal: readonly string[],
    readonly attempts: number,
  ) {
    super(
      `Agent "${agent}" asked ${attempts} times for a handoff that is not allowed, last to "${target}"; legal targets now: ${list(legal)}.`,
    );
  }
}

/** A question that waits for a person, in short. */
export interface OpenQuestion {
  /** LangGraph's id, by which it is answered. */
  readonly id?: string;
  readonly nonce?: string;
  readonly kind?: string;
  readonly agent?: string;
  readonly phase?: string;
  readonly task?: string;
}

/** An answer to a question that is not asked, or is asked no more, or asks for something else by now. Nothing was consumed. */
export class AnswerRefusedError extends PhasegraphError {
  override readonly name = "AnswerRefusedError";
  readonly code = "ANSWER_REFUSED";
  constructor(
    readonly problem: string,
    /** What waits for an answer now. */
    readonly open: readonly OpenQuestion[],
  ) {
    const now = list(
      open.map(({ id = "", kind = "question", agent, task }) => [kind, agent, task, id].filter((part) => part !== undefined).join(" ")),
    );
    const right = open.length === 0 ? "a new input, or null to go on" : "{ [id]: answer } with the id of an open question";
    super(`The answer is refused: ${problem}; open now: ${now}; expected ${right}.`);
  }
}

/** The thread's checkpoint was written under another chart, and its phase or work has no place in this one. */
export class ChartMismatchError extends PhasegraphError {
  override readonly name = "ChartMismatchError";
  readonly code = "CHART_MISMATCH";
  constructor(
    readonly stored: string,
    readonly current: string,
    readonly obstacle: string,
  ) {
    super(`This thread was written under ${stored}, and is opened under ${current}: ${obstacle}`);
  }
}

/** Two writers of one thread: this one came second, and has written nothing since the other began. */
export class RunConflictError extends PhasegraphError {
  override readonly name = "RunConflictError";
  readonly code = "RUN_CONFLICT";
  constructor(
    readonly thread: string,
    readonly problem: string,
  ) {
    super(`Thread "${thread}" takes one run at a time, and ${problem}; let the other end, look at the thread, and start again.`);
  }
}

/** The lease of a thread went to another holder. This one writes nothing more, and must not be tried again under the old lease. */
export class LeaseLostError extends PhasegraphError {
  override readonly name = "LeaseLostError";
  readonly code = "LEASE_LOST";
  constructor(
    readonly thread: string,
    readonly epoch: number,
    readonly newest: number,
  ) {
    const problem = epoch === newest ? `epoch ${epoch} is another holder's` : `it has epoch ${newest}, and this writer ${epoch}`;
    super(`The lease of thread "${thread}" was lost: ${problem}. Only the newest holder may write; take a new lease first.`);
  }
}

/** A turn ran more phases than its limit allows. */
export class LoopLimitError extends PhasegraphError {
  override readonly name = "LoopLimitError";
  readonly code = "LOOP_LIMIT";
  constructor(
    readonly orchestration: string,
    readonly limit: number,
    readonly phase: string,
  ) {
    super(
      `"${orchestration}" ran ${limit} phases in one turn and was to enter "${phase}" next; raise limits.steps or give the cycle a bound.`,
    );
  }
}

/** A turn used up one of its budgets. */
export class BudgetExceededError extends PhasegraphError {
  override readonly name = "BudgetExceededError";
  readonly code = "BUDGET_EXCEEDED";
  constructor(
    readonly owner: string,
    readonly resource: string,
    readonly limit: number,
    /** Set when it was refused beforehand: so much was needed at least, and nothing was spent. */
    readonly needed?: number,
  ) {
    const problem = needed === undefined ? `reached its limit of ${limit} ${resource}` : tooFew(limit, resource, needed);
    super(`"${owner}" ${problem} in one turn; raise limits.${resource} or let the agent answer with less.`);
  }
}

const tooFew = (limit: number, resource: string, needed: number): string =>
  `may use ${limit} ${resource}, and what was to begin needs ${needed} more at least, so nothing of it was begun`;

/** A step did not finish in its time. */
export class StepTimeoutError extends PhasegraphError {
  override readonly name = "StepTimeoutError";
  readonly code = "STEP_TIMEOUT";
  constructor(
    readonly agent: string,
    readonly milliseconds: number,
    /** The option that sets the limit. */
    readonly option = "limits.milliseconds",
  ) {
    super(`Agent "${agent}" did not finish its turn within ${milliseconds} ms (${option}).`);
  }
}

/** A model's answer could not be used, also after it was told why. */
export class InvalidModelOutputError extends PhasegraphError {
  override readonly name = "InvalidModelOutputError";
  readonly code = "INVALID_MODEL_OUTPUT";
  constructor(
    readonly agent: string,
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`The model of agent "${agent}" gave an answer that cannot be used: ${problem}`);
    if (options?.cause !== undefined) this.cause = options.cause;
  }
}

/** A model declined to answer, or its provider withheld the answer. */
export class ModelRefusedError extends PhasegraphError {
  override readonly name = "ModelRefusedError";
  readonly code = "MODEL_REFUSED";
  constructor(
    readonly agent: string,
    readonly refusal: string,
  ) {
    super(`The model of agent "${agent}" refused to answer: ${refusal}`);
  }
}

/** An input, option or answer that is not of the documented form. */
export class InvalidRequestError extends PhasegraphError {
  override readonly name = "InvalidRequestError";
  readonly code = "INVALID_REQUEST";
  constructor(
    readonly subject: string,
    readonly problem: string,
    readonly expected: string,
  ) {
    super(`${subject}: ${problem}; expected ${expected}.`);
  }
}

/** A name that is no agent or phase of this orchestration. Never replaced by a default. */
export class UnknownAgentError extends PhasegraphError {
  override readonly name = "UnknownAgentError";
  readonly code = "UNKNOWN_AGENT";
  constructor(
    readonly agentId: string,
    readonly known: readonly string[],
  ) {
    super(`No agent or phase "${agentId}"; known: ${list(known)}.`);
  }
}

/** A file of checkpoints was written by a later version of this package. Nothing was changed. */
export class CheckpointVersionError extends PhasegraphError {
  override readonly name = "CheckpointVersionError";
  readonly code = "CHECKPOINT_VERSION";
  constructor(
    readonly file: string,
    readonly stored: number,
    readonly supported: number,
  ) {
    super(`"${file}" is of schema version ${stored}, and this version of phasegraph reads up to ${supported}; update phasegraph.`);
  }
}

/** What kept a database from doing its work. */
export type StorageFailure = "damaged" | "foreign" | "full" | "locked" | "read-only" | "closed" | "unavailable";

/** A database could not do what was asked. What was asked has not happened, not even in part. */
export class StorageFailedError extends PhasegraphError {
  override readonly name = "StorageFailedError";
  readonly code = "STORAGE_FAILED";
  constructor(
    readonly failure: StorageFailure,
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`The database is ${failure}: ${problem}. ${STORAGE_ADVICE[failure]}`);
    if (options?.cause !== undefined) this.cause = options.cause;
  }
}

const STORAGE_ADVICE: Readonly<Record<StorageFailure, string>> = {
  damaged: "Restore it from a backup; what other threads hold may still be readable.",
  foreign: "Give the path of a file of the right program, or of no file.",
  full: "Nothing was written; make room and repeat.",
  locked: "Nothing was written; repeat, or raise busyTimeout.",
  "read-only": "Nothing was written; check the permissions of the file and its folder.",
  closed: "Nothing was done; use it before close().",
  unavailable: "Check the path and the disk.",
};

/** A task of a plan failed, and the plan stops at the first failure. */
export class TaskFailedError extends PhasegraphError {
  override readonly name = "TaskFailedError";
  readonly code = "TASK_FAILED";
  constructor(
    readonly executor: string,
    readonly task: string,
    readonly agent: string,
    readonly problem: string,
  ) {
    super(`Task "${task}" of "${executor}" failed (worker "${agent}"): ${problem}`);
  }
}

/** Every error of this package; `switch (error.code)` narrows it. */
export type AnyPhasegraphError =
  | InvalidDefinitionError
  | IllegalTransitionError
  | HandoffRejectedError
  | AnswerRefusedError
  | ChartMismatchError
  | RunConflictError
  | LeaseLostError
  | LoopLimitError
  | BudgetExceededError
  | StepTimeoutError
  | InvalidModelOutputError
  | ModelRefusedError
  | InvalidRequestError
  | UnknownAgentError
  | CheckpointVersionError
  | StorageFailedError
  | TaskFailedError;

/** Throws when our own reasoning was wrong; a user can do nothing about it but report it. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (condition === undefined || condition === null || condition === false) throw new Error(`This is a bug in phasegraph: ${message}`);
}

const SHOWN = 20;
function list(names: readonly string[]): string {
  if (names.length === 0) return "none";
  return names.length <= SHOWN ? names.join(", ") : `${names.slice(0, SHOWN).join(", ")} and ${names.length - SHOWN} more`;
}
