import type { Finding, Tally } from "./analysis/finding.js";
import type { LeftOut } from "./analysis/listing.js";

/** `1.2 MB` */
export function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** `2 errors, 1 warning` */
export function tallyText({ error, warning, info }: Tally): string {
  const parts = [counted(error, "error"), counted(warning, "warning"), counted(info, "note")].filter((part) => !part.startsWith("0 "));
  return parts.join(", ") || "nothing";
}

/** `1 file`, `2 files` */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** `3 binary (a.png, b.png, …), 1 larger than …` */
export const leftOutText = (leftOut: readonly LeftOut[]): string =>
  leftOut
    .map(
      ({ reason, count, examples }) => `${count} ${reason} (${examples.map(printable).join(", ")}${count > examples.length ? ", …" : ""})`,
    )
    .join("; ");

/** `src/a.ts:3:5` */
export const placeText = ({ file, line, column }: Pick<Finding, "file" | "line" | "column">): string =>
  `${printable(file)}:${line}:${column}`;

/** A name in one line: control characters, which could fake lines of a report or move a terminal's cursor, are written as escapes. */
export const printable = (text: string): string =>
  // eslint-disable-next-line no-control-regex -- these are the characters to be replaced
  text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const escapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
    return escapes[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });

/** A text as it reads in Markdown, in one line: nothing in it is markup. */
export const plainMarkdown = (text: string): string =>
  printable(text.replaceAll(/\s+/g, " ").trim()).replaceAll(/[\\`*_[\]<>|#~!&]/g, "\\$&");

/** A text as a code span in one line, whatever backticks it holds. */
export function codeSpan(text: string): string {
  const line = printable(text);
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  if (longest === 0 && !/^ | $/.test(line)) return `\`${line}\``;
  const fence = "`".repeat(longest + 1);
  return `${fence} ${line} ${fence}`;
}
