import type { BaseState, Orchestration } from "phasegraph";
import type { Project } from "./project.js";

/** A pattern at work. */
export interface Section {
  /** The pattern's name, as the package exports it. */
  readonly pattern: string;
  /** What it does, in one sentence. */
  readonly says: string;
  readonly orchestration: Orchestration;
  /** What the user says. */
  readonly input: string;
  /** What came of it, in a few lines. */
  readonly outcome: (state: BaseState) => readonly string[];
}

export type SectionOf = (project: Project) => Section;
