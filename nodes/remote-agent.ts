import { mergeConfigs, type RunnableConfig } from "@langchain/core/runnables";
import { coerceMessageLikeToMessage, type BaseMessage, type BaseMessageLike } from "@langchain/core/messages";
import { v5 } from "@langchain/core/utils/uuid";
import { Command, interrupt, isGraphInterrupt, type GraphInterrupt, type Interrupt } from "@langchain/langgraph";
import type { PhaseRun, Turn } from "../src/agent/agent.js";
import { withoutRecord } from "../src/agent/conversation.js";
import { isPlainObject } from "../src/base/json.js";
import { durably } from "../src/compile/durable.js";
import { callersOwn, threadOf } from "../src/langgraph/config.js";
import { placeInThread } from "../src/langgraph/inner-thread.js";
import { givenMessages, outcomeOf, type GraphAgent } from "./graph-agent.js";
import { knownIds } from "./graph-messages.js";
import type { AnyGraph, ValuesOf } from "./graph-source.js";
import { openMeter } from "./graph-meter.js";

/** What is used of LangGraph's `RemoteGraph`. */
interface RemoteGraphLike {
  readonly graphId: string;
  invoke(input: unknown, config: RunnableConfig): Promise<unknown>;
}

/** Several questions that a remote graph asks at once. */
export interface RemoteQuestions {
  readonly kind: "questions";
  readonly agent: string;
  readonly phase: string;
  readonly questions: readonly Question[];
  /** Why the previous answer was not accepted. */
  readonly problem?: string;
}

/** What one call of the remote graph came to. */
interface Answer {
  readonly values?: unknown;
  readonly questions?: readonly Question[];
}

interface Question {
  readonly id: string;
  readonly value: unknown;
}

const RECURSION_LIMIT = 100;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** The namespace of thread ids that are no UUIDs themselves. */
const NAMESPACE = "5f2b6a52-8f0a-5d5e-9d52-6b1f6b0f3c11";

/** Stands for the id of a question that has none. */
const UNNAMED = "question-";

/** True for LangGraph's `RemoteGraph`, of whatever copy. */
export const isRemoteGraph = (graph: unknown): graph is RemoteGraphLike =>
  typeof graph === "object" && graph !== null && "graphId" in graph && typeof graph.graphId === "string" && "invoke" in graph;

/**
 * A graph on another server. Each call of it is a durable task, so that a resumed run neither repeats what it has done nor asks
 * again what was answered. It has a thread of its own for every place of the team's, and keeps its state there.
 */
export function remoteRun<State, Graph extends AnyGraph>(agent: GraphAgent<string, State, Graph>, graph: RemoteGraphLike): PhaseRun<State> {
  return {
    run: async (turn) => {
      const given = givenMessages(agent, turn);
      const meter = openMeter(turn, agent.limits);
      const config = { ...remoteConfig(turn), signal: meter.signal, recursionLimit: agent.recursionLimit ?? RECURSION_LIMIT };
      const call = async (input: unknown): Promise<Answer> => {
        // the turn's state is not looked at there
        const { text } = await durably(turn as Turn, {
          name: "call_remote",
          signal: meter.signal,
          durable: true,
          run: async () => ({ said: [], text: await ask(graph, input, config) }),
          read: (stored) => ({ said: [], text: String(stored) }), // as it was stored before pieces told whose they are
        });
        return JSON.parse(text) as Answer; // written by ask
      };
      try {
        let answer = await call(agent.input?.(turn) ?? { messages: given });
        while (answer.questions !== undefined) answer = await call(new Command({ resume: answers(turn, answer.questions) }));
        const values = withMessages(answer.values);
        return agent.output === undefined
          ? outcomeOf<State>(turn.agent, values, knownIds(turn, given))
          : agent.output(values as ValuesOf<Graph>, turn); // what the server says the state is
      } catch (error) {
        throw meter.exceeded() ?? error;
      } finally {
        meter.close();
      }
    },
  };
}

/** As text: what a foreign server says is stored, and must not come back from there as objects of LangChain. */
async function ask(graph: RemoteGraphLike, input: unknown, config: RunnableConfig): Promise<string> {
  let answer: Answer;
  try {
    answer = { values: await graph.invoke(input, config) };
  } catch (error) {
    if (!isGraphInterrupt(error)) throw error;
    const { interrupts } = error as GraphInterrupt; // just checked
    answer = {
      questions: interrupts.map(({ id, value }: Interrupt, index) => ({ id: id ?? `${UNNAMED}${index}`, value: value as unknown })),
    };
  }
  return JSON.stringify(answer);
}

/** The team's own question to whoever answers; the remote graph waits on its server until then. */
function answers(turn: Turn<unknown>, questions: readonly Question[]): unknown {
  const [only, ...more] = questions;
  if (only !== undefined && more.length === 0) {
    const given: unknown = interrupt(only.value);
    return only.id.startsWith(UNNAMED) ? given : { [only.id]: given };
  }
  for (let problem: string | undefined; ;) {
    const asked: RemoteQuestions = {
      kind: "questions",
      agent: turn.agent,
      phase: turn.phase,
      questions,
      ...(problem === undefined ? {} : { problem }),
    };
    const given: unknown = interrupt(asked);
    if (isPlainObject(given) && questions.every(({ id }) => id in given) && Object.keys(given).length === questions.length) return given;
    problem = `Answer all at once, by id: { ${questions.map(({ id }) => `"${id}": …`).join(", ")} }.`;
  }
}

/** Of the run around it the remote graph gets what is the caller's: names, tags, its own settings, never the team's state. */
function remoteConfig(turn: Turn<unknown>): RunnableConfig {
  const { configurable = {}, metadata, tags, ...rest } = turn.config;
  const context = (rest as { readonly context?: unknown }).context; // LangGraph's, beside those of LangChain
  return mergeConfigs({
    ...(metadata === undefined ? {} : { metadata }),
    ...(tags === undefined ? {} : { tags }),
    ...(context === undefined ? {} : { context }),
    configurable: { ...callersOwn(configurable), thread_id: remoteThread(turn) },
  });
}

/** The same for the same thread and place, also inside of a task; undefined, which is a new one each time, where threads have no id. */
function remoteThread(turn: Turn<unknown>): string | undefined {
  const thread = threadOf(turn.config);
  if (typeof thread !== "string") return undefined;
  const place = placeInThread(turn.config) || turn.phase;
  return v5(place, UUID.test(thread) ? thread : v5(thread, NAMESPACE));
}

/** A server's messages are plain JSON, and who wrote them is not for it to say. */
function withMessages(values: unknown): unknown {
  if (!isPlainObject(values) || !Array.isArray(values["messages"])) return values;
  return {
    ...values,
    messages: values["messages"].map((message: BaseMessageLike): BaseMessage => withoutRecord(coerceMessageLikeToMessage(message))),
  };
}
