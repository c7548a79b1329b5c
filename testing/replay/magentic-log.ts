import { z } from "zod";
import { InvalidRequestError } from "../../src/base/errors.js";
import { isPlainObject } from "../../src/base/json.js";
import { askedBy, TeamOfLog, type RecordedMember } from "./recorded-team.js";

/** One round of a recorded run: a progress ledger, and what came of it. */
export interface RecordedRound {
  /** Where the ledger stands in `history`, from 0. */
  readonly line: number;
  /** The ledger as it was recorded, without its heading. */
  readonly text: string;
  /** What it says, when it is JSON as it stands. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
  /** What was in force when it was written. */
  readonly facts: string;
  readonly plan: string;
  /** The task, when the person gave a new one before this round. */
  readonly task: string | undefined;
  /** Whom the record then asked, by id, and what. */
  readonly asked: { readonly speaker: string; readonly instruction: string } | undefined;
  /** What that one replied. */
  readonly reply: string | undefined;
  /** True when the record made a new plan after this round. */
  readonly replanned: boolean;
}

/** A line that the replay has no use for, and why. */
export interface UnusedLine {
  readonly line: number;
  readonly role: string;
  readonly why: string;
}

/** How a recorded run ended; `"cut"` when the log does not say. */
export type RecordedEnd = "satisfied" | "replans" | "rounds" | "time" | "cut";

/** A recorded run. */
export interface MagenticLog {
  readonly task: string;
  readonly team: readonly RecordedMember[];
  readonly rounds: readonly RecordedRound[];
  readonly answer: string | undefined;
  readonly end: RecordedEnd;
  readonly unused: readonly UnusedLine[];
}

const EXPECTED = 'a recorded Magentic-One run: JSON with "history", a list of { role, content }';
const Log = z.union([z.object({ history: z.array(z.unknown()) }), z.array(z.unknown()).transform((history) => ({ history }))]);
const Entry = z.object({ role: z.string(), content: z.string() });

/**
 * Reads a recorded run as AutoGen's Magentic-One team of 2024 logged it (the Who&When data set has such logs): the text of the file,
 * or what it holds.
 * @throws InvalidRequestError when it is no such log: not JSON, no history, or not a single ledger or plan in it.
 */
export function readMagenticLog(given: unknown): MagenticLog {
  const parsed = Log.safeParse(typeof given === "string" ? parseLog(given) : given);
  if (!parsed.success) throw new InvalidRequestError("The log", "it has no history", EXPECTED);
  const { history } = parsed.data;
  if (history.length === 0) throw new InvalidRequestError("The log", "its history is empty", EXPECTED);
  const entries = history.map((entry) => Entry.safeParse(entry));
  const reader = new LogReader(new TeamOfLog(entries.flatMap(({ data }) => (data === undefined ? [] : [data]))));
  for (const [line, { data }] of entries.entries()) {
    if (data === undefined) reader.skip(line, roleOf(history[line]), "it is not of the form { role, content } with two texts");
    else reader.read(line, data.role, data.content);
  }
  return reader.end();
}

function parseLog(text: string): unknown {
  if (text.trim() === "") throw new InvalidRequestError("The log", "it is empty", EXPECTED);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidRequestError("The log", `it is not JSON (${error instanceof Error ? error.message : String(error)})`, EXPECTED);
  }
}

const roleOf = (entry: unknown): string => (isPlainObject(entry) && typeof entry["role"] === "string" ? entry["role"] : "");

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

const LEDGER = /^\s*Updated Ledger:/;
const PLAN = /^\s*(?:Initial|New) plan:/;
/** What the record says of itself between ledgers; all of it follows from them. */
const NOTES = /^\s*(?:Next speaker\b|Request satisfied|Stalled\.|Replan counter exceeded)/;

/** What stands between two marks, or behind the first when the second is missing; undefined without the first. */
function between(text: string, from: string, to?: string): string | undefined {
  const start = text.indexOf(from);
  if (start < 0) return undefined;
  const end = to === undefined ? text.length : text.indexOf(to, start);
  return end < 0 ? undefined : text.slice(start + from.length, end).trim();
}

const FACTS = "initial fact sheet to consider:";
const STEPS = "Here is the plan to follow as best as possible:";

/** Goes through a history line by line; each is used, or set aside with the reason. */
class LogReader {
  private readonly rounds: Writable<RecordedRound>[] = [];
  private readonly unused: UnusedLine[] = [];
  private task: string | undefined;
  private pending: string | undefined;
  private hasPlan = false;
  private facts = "(no facts were recorded)";
  private plan = "(no plan was recorded)";
  private answer: string | undefined;
  private ended: RecordedEnd | undefined;

  constructor(private readonly team: TeamOfLog) {}

  skip(line: number, role: string, why: string): void {
    this.unused.push({ line, role: role.slice(0, 100), why });
  }

  read(line: number, role: string, content: string): void {
    const to = askedBy(role);
    if (to !== undefined) this.ask(line, role, to, content);
    else if (role === "Orchestrator (thought)") this.think(line, role, content);
    else if (role === "Orchestrator (termination condition)") this.stop(content);
    else if (role.startsWith("Orchestrator")) this.skip(line, role, "a role of the orchestrator that this format does not have");
    else this.speak(line, role, content);
  }

  end(): MagenticLog {
    if (this.rounds.length === 0 && !this.hasPlan) throw new InvalidRequestError("The log", "it has neither a plan nor a ledger", EXPECTED);
    return {
      task: this.task ?? "(no task was recorded)",
      team: this.team.members,
      rounds: this.rounds,
      answer: this.answer,
      end: this.ended ?? "cut",
      unused: this.unused,
    };
  }

  private think(line: number, role: string, content: string): void {
    if (LEDGER.test(content)) this.ledger(line, content.replace(LEDGER, "").trim());
    else if (PLAN.test(content)) this.newPlan(content);
    else if (NOTES.test(content)) this.note(content.trim());
    else this.skip(line, role, "a thought that is no plan, no ledger and no note of either");
  }

  private ledger(line: number, text: string): void {
    const { facts, plan, pending: task } = this;
    this.pending = undefined;
    this.ended = undefined;
    this.rounds.push({ line, text, json: objectOf(text), facts, plan, task, asked: undefined, reply: undefined, replanned: false });
  }

  private newPlan(content: string): void {
    const facts = between(content, FACTS, STEPS);
    this.hasPlan = true;
    this.facts = facts ?? this.facts;
    this.plan = facts === undefined ? content.replace(PLAN, "").trim() : (between(content, STEPS) ?? "");
  }

  private note(note: string): void {
    const last = this.rounds.at(-1);
    if (note.startsWith("Stalled") && last !== undefined) last.replanned = true;
    if (note.startsWith("Request satisfied")) this.ended = "satisfied";
    if (note.startsWith("Replan counter exceeded")) this.ended = "replans";
  }

  private stop(content: string): void {
    if (/Max rounds/.test(content)) this.ended ??= "rounds";
    if (/Max time/.test(content)) this.ended ??= "time";
    this.answer = /FINAL ANSWER:\s*(.+)/.exec(content)?.[1]?.trim() ?? this.answer;
  }

  private ask(line: number, role: string, to: string, instruction: string): void {
    const last = this.rounds.at(-1);
    if (last === undefined) this.skip(line, role, "an instruction before the first ledger");
    else if (last.asked !== undefined) this.skip(line, role, "a second instruction in one round");
    else last.asked = { speaker: this.team.idOf(to) ?? to, instruction };
  }

  private speak(line: number, role: string, content: string): void {
    const last = this.rounds.at(-1);
    const id = this.team.idOf(role);
    if (last !== undefined && id !== undefined && last.asked?.speaker === id) {
      last.reply = last.reply === undefined ? content : `${last.reply}\n${content}`;
    } else if (role === "human") this.hear(line, role, content);
    else this.skip(line, role, last === undefined ? "words before the first ledger" : "words of somebody who was not asked in this round");
  }

  private hear(line: number, role: string, content: string): void {
    if (this.task === undefined) this.task = content;
    else if (this.ended !== undefined || this.rounds.length === 0) this.pending = content;
    else this.skip(line, role, "words of the person in the middle of a task");
  }
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isPlainObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The answer of a recorded slot, `{ reason, answer }` or bare. */
export const recordedAnswer = ({ json }: Pick<RecordedRound, "json">, key: string): unknown => {
  const slot = json?.[key];
  return isPlainObject(slot) ? slot["answer"] : slot;
};
