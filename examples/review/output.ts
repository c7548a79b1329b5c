import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Control, Result } from "phasegraph";
import { standingOf } from "./review.js";
import { plainMarkdown } from "./words.js";

/** What a finished review leaves behind. */
export interface Finished {
  readonly control: Control;
  readonly results: Readonly<Record<string, Result>>;
  readonly objections: readonly { readonly text: string }[];
}

export const REPORT = "review.md";
export const PICTURE = "review.mmd";

/** The editor's report with the verdict on it and the picture of the team. */
export function finalReport(state: Finished, picture: string): string {
  const [title = "", ...rest] = (state.results["editor"]?.content ?? "").trimEnd().split("\n");
  const round = String(state.control.context["round"]);
  const verdict =
    standingOf(state.control) === "approved"
      ? `Approved in round ${round}: every error and warning that was found is in this report, nothing in it was made up, and the counts agree.`
      : `**Not approved** after round ${round}, the last one allowed: ${state.objections.map(({ text }) => plainMarkdown(text)).join("; ")}.`;
  const warning = standingOf(state.control) === "approved" ? [] : ["", verdict];
  return [
    title,
    ...warning,
    ...rest,
    "",
    "## Quality check",
    "",
    verdict,
    "",
    "## Team",
    "",
    "```mermaid",
    picture.trimEnd(),
    "```",
    "",
  ].join("\n");
}

/** Writes report and picture; a reader sees the old file or the new one, never a part. Returns the report's path. */
export async function writeOutput(out: string, report: string, picture: string): Promise<string> {
  await mkdir(out, { recursive: true });
  for (const [name, text] of [
    [REPORT, report],
    [PICTURE, `${picture.trimEnd()}\n`],
  ] as const) {
    const draft = join(out, `.${name}.${process.pid}`);
    await writeFile(draft, text);
    await rename(draft, join(out, name));
  }
  return join(out, REPORT);
}
