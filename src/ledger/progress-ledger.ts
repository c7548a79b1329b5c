import { z } from "zod";

/** A question of the ledger: the answer, and why. */
export interface Slot<T> {
  readonly reason: string;
  readonly answer: T;
}

/** What the orchestrator found in one round; the keys are those of Magentic-One. */
export interface ProgressLedger {
  readonly is_request_satisfied: Slot<boolean>;
  readonly is_in_loop: Slot<boolean>;
  readonly is_progress_being_made: Slot<boolean>;
  /** An id of the team; empty only when the request is satisfied. */
  readonly next_speaker: Slot<string>;
  readonly instruction_or_question: Slot<string>;
}

/** A ledger, or what was wrong with it in words that a model can act on, with the first 2,000 characters of what was read. */
export type LedgerReading =
  | { readonly ok: true; readonly ledger: ProgressLedger }
  | { readonly ok: false; readonly problem: string; readonly text: string };

const SHOWN = 2_000;

/** True and false; as words too, so that "false" is never taken for true. Nothing else stands for them, and a missing answer for neither. */
const yesOrNo = z.union([z.boolean(), z.stringbool({ truthy: ["true"], falsy: ["false"] })], { error: "answer true or false" });
const words = z.string({ error: "answer with a text" }).trim();

/** `{ reason, answer }`; an answer without its reason is taken. */
const slot = <T extends z.ZodType>(answer: T) =>
  z.preprocess(
    (value) => (typeof value === "object" && value !== null ? value : { answer: value }),
    z.object({ reason: z.string().catch(""), answer }),
  );

const Judgement = z.object({ is_request_satisfied: slot(yesOrNo) });
const Verdicts = z.object({ is_in_loop: slot(yesOrNo), is_progress_being_made: slot(yesOrNo) });
const Lenient = z.object({
  is_in_loop: slot(yesOrNo).catch({ reason: "", answer: false }),
  is_progress_being_made: slot(yesOrNo).catch({ reason: "", answer: true }),
  next_speaker: slot(words).catch({ reason: "", answer: "" }),
  instruction_or_question: slot(words).catch({ reason: "", answer: "" }),
});

/**
 * Reads the progress ledger in a model's answer: bare, in a code fence or in the middle of words, with Python's `True` for `true`.
 * Names of the team are found whatever their case, spaces and dashes; a team of one needs none. What the next step does not need
 * may be missing: nobody speaks next when the request is satisfied.
 */
export function readProgressLedger(text: string, team: readonly string[]): LedgerReading {
  const refuse = (problem: string): LedgerReading => ({ ok: false, problem, text: text.slice(0, SHOWN) });
  const value = jsonIn(text);
  if (value === undefined) return refuse("There is no JSON object in the answer, or it is broken.");
  const judgement = Judgement.safeParse(value);
  if (!judgement.success) return refuse(z.prettifyError(judgement.error));
  if (judgement.data.is_request_satisfied.answer) return { ok: true, ledger: { ...judgement.data, ...Lenient.parse(value) } };
  const rest = Verdicts.extend({
    next_speaker: slot(speaker(team)),
    instruction_or_question: slot(words.min(1, "say what the next speaker has to do")),
  }).safeParse(team.length === 1 ? { ...(value as object), next_speaker: forced(value, team) } : value); // jsonIn gives objects only
  return rest.success ? { ok: true, ledger: { ...judgement.data, ...rest.data } } : refuse(z.prettifyError(rest.error));
}

const plain = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

/** One of the team; never somebody else in its place. */
function speaker(team: readonly string[]) {
  return words.transform((name, context) => {
    const found = team.includes(name) ? [name] : team.filter((id) => plain(id) === plain(name));
    const [only] = found;
    if (found.length === 1 && only !== undefined) return only;
    context.addIssue({ code: "custom", message: `"${name.slice(0, 100)}" is not in the team; choose one of: ${team.join(", ")}` });
    return z.NEVER;
  });
}

function forced(value: object, team: readonly string[]): unknown {
  const given: unknown = (value as Record<string, unknown>)["next_speaker"];
  const reason = typeof given === "object" && given !== null && "reason" in given ? given.reason : "";
  return { reason, answer: team[0] };
}

/** The first object in a text that can be read and has the ledger's first key; else the first that can be read. */
function jsonIn(text: string): object | undefined {
  const begin = text.lastIndexOf("{", text.indexOf('"is_request_satisfied"')); // an open brace in the words before does no harm
  const objects = [...objectsIn(text), ...objectsIn(text.slice(Math.max(0, begin)))].flatMap((candidate) => {
    const parsed = parse(candidate) ?? parse(pythonic(candidate));
    return parsed === undefined ? [] : [parsed];
  });
  return objects.find((object) => "is_request_satisfied" in object) ?? objects[0];
}

function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `True`, `False` and `None` outside of strings, as JSON writes them. */
const PYTHON: Readonly<Record<string, string>> = { True: "true", False: "false", None: "null" };
const pythonic = (text: string): string => text.replace(/"(?:[^"\\]|\\.)*"|\b(?:True|False|None)\b/gs, (part) => PYTHON[part] ?? part);

const MAX_TEXT = 1_000_000;

/** Every outermost `{ … }` of a text whose braces balance, strings taken into account; in one pass. */
function objectsIn(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let begin = 0;
  let isString = false;
  for (let index = text.indexOf("{"); index >= 0 && index < Math.min(text.length, MAX_TEXT); index += 1) {
    const character = text[index];
    if (isString) {
      if (character === "\\") index += 1;
      else if (character === '"') isString = false;
    } else if (character === '"') isString = depth > 0;
    else if (character === "{") {
      if (depth === 0) begin = index;
      depth += 1;
    } else if (character === "}" && depth > 0) {
      depth -= 1;
      if (depth === 0) found.push(text.slice(begin, index + 1));
    }
  }
  return found;
}
