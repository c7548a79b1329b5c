import { isGraphInterrupt, type Interrupt } from "@langchain/langgraph";

/** The channel, and the key of a graph's values, under which LangGraph keeps what was asked. */
export const QUESTIONS = "__interrupt__";

/** What values or a piece of a stream say was asked; undefined when nothing was. */
export function questionsIn(values: object): readonly Interrupt[] | undefined {
  return QUESTIONS in values ? (values[QUESTIONS] as readonly Interrupt[]) : undefined; // LangGraph's own form
}

/** What an error asks a person, when it is one of LangGraph's interrupts. */
export const askedBy = (error: unknown): readonly Interrupt[] => (isGraphInterrupt(error) ? error.interrupts : []);

/** LangGraph's ids of questions: a hash of where they are asked. */
const QUESTION_ID = /^[0-9a-f]{32}$/;

/** Whether a key can be the id of a question. */
export const isQuestionId = (key: string): boolean => QUESTION_ID.test(key);
