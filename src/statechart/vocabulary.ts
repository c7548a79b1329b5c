/** Tag of a phase that talks with the user: a reply there ends the run, and the next input goes on there. */
export const WAITS = "waits";

/** Tag of a state in which nothing was achieved: an orchestration that rests there has failed in the eyes of the one around it. */
export const FAILED = "failed";

/** Events the kernel itself sends to a chart. Everything else is the chart's own vocabulary. */
export const EVENT = {
  /** A new input (usually a user's message) starts a turn. A chart may move on it; without a transition the waiting phases go on. */
  INPUT: "INPUT",
  /** An agent finished its work in a phase. `DONE.<phase>` is tried first, so that parallel regions do not hear each other. */
  DONE: "DONE",
  /** An agent threw. Sent only where the chart accepts it (`FAIL.<phase>` first); elsewhere the error ends the run. */
  FAIL: "FAIL",
  /** A phase with many tasks has finished some of them and goes on; the chart leads it back to the phase. Counts as no step. */
  PROGRESS: "PROGRESS",
  /** Prefix of a handoff: `HANDOFF.<target>`. */
  HANDOFF: "HANDOFF.",
} as const;

/** Bookkeeping that never reaches the chart: an agent replied and waits, a node was started, a person answered. Reserved in user events. */
export const BOOKKEEPING = { REPLY: "phasegraph.reply", ENTER: "phasegraph.enter", ANSWER: "phasegraph.answer" } as const;

/** Whether an event is the kernel's own. */
export const isOfKernel = (type: unknown): boolean => KERNEL.has(type);
const KERNEL: ReadonlySet<unknown> = new Set(Object.values(BOOKKEEPING));

/** Names of the two ends in edges, as LangGraph spells them. */
export const START = "__start__";
export const END = "__end__";
