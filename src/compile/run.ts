import { passenger } from "../langgraph/passenger.js";

/** The signal of the run a phase is part of: one object for each run, aborted when it ends. */
export const RUN = passenger<AbortSignal>("run");
