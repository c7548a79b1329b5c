import type { AnyStateMachine } from "xstate";
import { assignmentImplementations } from "./assignments.js";
import { guardImplementations } from "./guards.js";

/** The machine with the implementations of guards and assignments that are data; what its author gave it stays. */
export function provided(machine: AnyStateMachine): AnyStateMachine {
  const { guards } = machine.implementations as { readonly guards: Readonly<Record<string, unknown>> };
  return machine.provide({ guards: guardImplementations(guards), actions: assignmentImplementations() } as never); // their parameters are their forms'
}
