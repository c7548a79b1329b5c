import { AIMessage, HumanMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import type { Turn } from "../agent/agent.js";
import { readRecord } from "../agent/conversation.js";
import type { Dialect } from "./dialect.js";
import { callOf, handoverNote, isAcceptedHandoff, type HandoverNote } from "./handover-note.js";
import { repairHistory, spokenOf, type HistoryView } from "./history.js";
import { fromOther, fromUser, speakerOf, wordsAlone } from "./labelled.js";
import { OwnWords } from "./own-words.js";

/** What of a turn decides how its agent sees the conversation. */
export type Seen = Pick<Turn, "agent" | "orchestration" | "phase" | "messages" | "handover" | "control">;

/** Said by nobody, so that the roles stand in an order that every provider takes. */
const LEFT_OUT = "(What was said before is left out.)";
const GO_ON = "(It is your turn again.)";
const NOTED = "(Noted.)";

/**
 * The conversation as an agent's model is to see it, and the one place that decides it. Its own words and tool calls are
 * assistant messages; what anybody else said or did is user content that begins with the author in brackets; a handover is told
 * where it happened. Nothing that was shown is moved or changed by what comes later, so that a provider's cache of the prompt
 * holds. It begins with a user message, ends with a user message or a tool's result, and keeps to the rules of every provider.
 * The stored messages are not touched. `reader` is whose form of messages the model reads: what another provider wrote is told in
 * words and calls alone.
 */
export function historyFor(turn: Seen, view: HistoryView = "full", reader?: Dialect): BaseMessage[] {
  const chosen = typeof view === "function" ? view(turn.messages) : turn.messages;
  const shown = new Shown(turn, view === "text", reader);
  if (view === "none") shown.addLastWords(chosen);
  else for (const message of repairHistory(chosen)) shown.add(message);
  return shown.whole();
}

/** What an agent added in this turn, in the same form, behind what it was shown. */
export function withAdded(before: readonly BaseMessage[], added: readonly BaseMessage[], reader?: Dialect): BaseMessage[] {
  const own = new OwnWords(reader, true);
  const list = [...before];
  for (const message of repairHistory(added)) {
    if (AIMessage.isInstance(message)) list.push(...[own.spoken(message)].filter((words) => words !== undefined));
    else if (ToolMessage.isInstance(message)) list.push(own.answered(message));
    else list.push(...noted(list.at(-1)), fromUser(message));
  }
  const last = list.at(-1);
  return AIMessage.isInstance(last) ? [...list, beside(last, GO_ON)] : list;
}

/** The list as it grows, message by message. */
class Shown {
  private readonly list: BaseMessage[] = [];
  private readonly own: OwnWords;
  private readonly note: HandoverNote | undefined;
  /** The message whose tool calls are being answered, and who made them. */
  private caller: BaseMessage | undefined;
  private callerAuthor: string | undefined;
  private isTold = false;

  constructor(
    private readonly turn: Seen,
    private readonly wordsOnly: boolean,
    reader: Dialect | undefined,
  ) {
    this.own = new OwnWords(reader);
    this.note = handoverNote(turn);
  }

  add(message: BaseMessage): void {
    if (this.note?.isAfter(message) === true) this.tellHandover();
    if (this.note?.call === message && !(this.wordsOnly && this.callerAuthor === this.turn.agent)) this.isTold = true;
    if (ToolMessage.isInstance(message)) this.addResult(message);
    else if (isFor(message, this.turn.agent)) this.addTold(fromUser(message));
    else this.addWords(message, speakerOf(message, this.turn.orchestration));
  }

  /** No more than what the user said last. */
  addLastWords(messages: readonly BaseMessage[]): void {
    const { orchestration } = this.turn;
    const words = messages.findLast((message) => message.getType() === "human" && speakerOf(message, orchestration) === undefined);
    if (words !== undefined) this.add(words);
  }

  whole(): BaseMessage[] {
    this.tellHandover();
    const last = this.list.at(-1);
    if (last === undefined) this.list.push(new HumanMessage({ content: LEFT_OUT, id: `${this.turn.phase}:left-out` }));
    else if (AIMessage.isInstance(last)) this.list.push(beside(last, GO_ON));
    return this.list;
  }

  private addWords(message: BaseMessage, author: string | undefined): void {
    this.caller = message;
    this.callerAuthor = author;
    const isOwn = author === this.turn.agent && AIMessage.isInstance(message);
    if (isOwn) for (const words of this.wordsOnly ? spokenOf(message) : [message]) this.addOwn(this.own.spoken(words as AIMessage)); // words of an answer are one
    else if (author === undefined) this.addTold(fromUser(message));
    else if (!isNoteForAnother(message)) this.addTold(this.wordsOnly ? wordsAlone(message, author) : fromOther(message, author, undefined));
  }

  private addResult(message: ToolMessage): void {
    const author = this.callerAuthor ?? this.turn.agent;
    if (author !== this.turn.agent) {
      if (!this.wordsOnly || isAcceptedHandoff(message)) this.addTold(fromOther(message, author, callOf(this.caller, message)));
    } else if (!this.wordsOnly) this.list.push(this.own.answered(message));
  }

  /** A turn of the agent that nobody answered, and its next one, are told apart. */
  private addOwn(message: AIMessage | undefined): void {
    if (message === undefined) return;
    const last = this.list.at(-1);
    if (last === undefined) this.list.push(beside(message, LEFT_OUT));
    else if (AIMessage.isInstance(last) && !this.wordsOnly) this.list.push(beside(last, GO_ON));
    this.list.push(message);
  }

  private addTold(message: BaseMessage | undefined): void {
    if (message !== undefined) this.list.push(...noted(this.list.at(-1)), message);
  }

  private tellHandover(): void {
    if (this.note === undefined || this.isTold) return;
    this.isTold = true;
    this.addTold(this.note.message);
  }
}

/** Written by the team for this very agent, or as news for whoever reads it: its words say what they are. */
function isFor(message: BaseMessage, agent: string): boolean {
  if (message.getType() !== "human") return false;
  const record = readRecord(message);
  return record?.recipient === agent || record?.type === "tool";
}

/** What an agent was told about its own answer is nobody else's business. */
const isNoteForAnother = (message: BaseMessage): boolean => message.getType() === "human" && readRecord(message)?.type === "system";

const beside = ({ id }: BaseMessage, content: string): HumanMessage => new HumanMessage({ content, id: `beside:${id}:${content.length}` });

/** Not every provider takes a user's message directly after a tool's result. */
const noted = (last: BaseMessage | undefined): AIMessage[] =>
  ToolMessage.isInstance(last) ? [new AIMessage({ content: NOTED, id: `after:${last.id}` })] : [];
