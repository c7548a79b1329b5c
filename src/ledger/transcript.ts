import { AIMessage, HumanMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { readRecord, recordMessage, type MessageRecord } from "../agent/conversation.js";
import { messageWithId } from "../langgraph/message.js";

/** Characters of a message, and of a tool's result, that the orchestrator is shown; a specialist sees all of its own. */
const MAX_TEXT = 20_000;
const MAX_TOOL_TEXT = 2_000;

/** Where a team's orchestrator speaks: what it says in `plan` begins a new transcript, what it says in `answer` ends a task. */
export interface Speaker {
  readonly author: string;
  readonly plan: string;
  readonly answer: string;
}

const spokenIn = (message: BaseMessage, author: string, phase: string): boolean => {
  const record = readRecord(message);
  return record?.author === author && record.phase === phase;
};

/** Messages after the last final answer: those of the task at hand. */
function ofThisTask(messages: readonly BaseMessage[], { author, answer }: Speaker): readonly BaseMessage[] {
  return messages.slice(messages.findLastIndex((message) => spokenIn(message, author, answer)) + 1);
}

/** What the team knows of each other since the last plan, the plan included; nothing before there is one. */
export function transcript(messages: readonly BaseMessage[], speaker: Speaker): readonly BaseMessage[] {
  const own = ofThisTask(messages, speaker);
  const begin = own.findLastIndex((message) => spokenIn(message, speaker.author, speaker.plan));
  return begin < 0 ? [] : own.slice(begin);
}

/** The task: everything the person said since the last final answer; the last words, whoever said them, when it was nobody. */
export function taskText(messages: readonly BaseMessage[], speaker: Speaker): string {
  const own = ofThisTask(messages, speaker);
  const asked = own.filter((message) => message.getType() === "human" && message.text !== "").map((message) => message.text);
  return asked.length > 0 ? asked.join("\n\n") : (own.findLast((message) => message.text !== "")?.text ?? "");
}

/** What is known before the first plan: earlier tasks with their answers, and what agents around the team said of this one. */
export function earlierWords(messages: readonly BaseMessage[], speaker: Speaker): BaseMessage[] {
  const own = ofThisTask(messages, speaker);
  const earlier = messages.slice(0, messages.length - own.length).flatMap((message): BaseMessage[] => {
    if (spokenIn(message, speaker.author, speaker.answer)) return [new AIMessage({ content: message.text, name: speaker.author })];
    return message.getType() === "human" ? toldToOrchestrator([message]) : [];
  });
  return [...earlier, ...toldToOrchestrator(own.filter((message) => message.getType() !== "human"))];
}

/** For the orchestrator: who said what, tools and what they gave included. */
export function toldToOrchestrator(messages: readonly BaseMessage[]): HumanMessage[] {
  return messages.flatMap((message) => {
    const author = readRecord(message)?.author ?? message.name ?? "user";
    const text = ToolMessage.isInstance(message) ? `${message.name ?? "tool"} gave: ${cut(message.text, MAX_TOOL_TEXT)}` : textOf(message);
    return text === "" ? [] : [new HumanMessage({ content: `${author}: ${text}`, name: author })];
  });
}

/** For a specialist: its own words and tool calls as they are; what others said as it is told to it, without their tools. */
export function toldToSpecialist(messages: readonly BaseMessage[], id: string): BaseMessage[] {
  return messages.flatMap((message) => {
    const author = readRecord(message)?.author ?? message.name ?? "user";
    if (author === id) return [message];
    if (ToolMessage.isInstance(message) || message.text === "") return [];
    if (author === "user") return [message];
    const told = recordMessage(new HumanMessage({ content: message.text, name: author }), recordOf(message, author));
    return [message.id === undefined ? told : messageWithId(told, message.id)];
  });
}

/** Who said it stays with it, so that a model is told. */
const recordOf = (message: BaseMessage, author: string): MessageRecord =>
  readRecord(message) ?? { author, recipient: "team", type: "chat" };

function textOf(message: BaseMessage): string {
  const calls = AIMessage.isInstance(message) ? (message.tool_calls ?? []) : [];
  const called = calls.map(({ name, args }) => `[calls ${name} ${cut(JSON.stringify(args), MAX_TOOL_TEXT)}]`);
  return [cut(message.text, MAX_TEXT), ...called].filter((part) => part !== "").join("\n");
}

const cut = (text: string, limit: number): string => (text.length <= limit ? text : `${text.slice(0, limit)} … (cut)`);
