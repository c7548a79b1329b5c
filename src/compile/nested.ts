import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { PhaseRun } from "../agent/agent.js";
import { messageType, readRecord } from "../agent/conversation.js";
import type { Outcome } from "../agent/outcome.js";
import type { Control } from "../statechart/control.js";
import type { CompileOptions } from "./compile.js";

/** What nesting needs of an orchestration; the full one fits. */
export interface Nestable {
  compile(options?: CompileOptions): { invoke(input: never, config: RunnableConfig): Promise<unknown> };
}

interface ChildState {
  readonly messages: readonly BaseMessage[];
  readonly control: Control;
}

/**
 * An orchestration as an agent: it runs in a namespace of its own, keeps its place between turns when threads are stored, sees
 * the thread's messages, and gives back its last word. It never sees the chart around it, nor that one its.
 */
export function nestedRunner(child: Nestable, answerFrom: string | readonly string[] | undefined): PhaseRun {
  const remembering = child.compile({ checkpointer: true });
  let forgetting: ReturnType<Nestable["compile"]> | undefined;
  return {
    subgraphs: [remembering],
    run: async (turn) => {
      const stored = turn.config.configurable?.["__pregel_checkpointer"] !== undefined;
      const graph = stored ? remembering : (forgetting ??= child.compile());
      const seen = new Set(turn.messages.map((message) => message.id));
      const input = { messages: [...turn.messages] } as never; // the child's own extra state is not known here
      const after = (await graph.invoke(input, turn.config)) as ChildState;
      return lastWords(after, seen, answerFrom);
    },
  };
}

/** The message as the team around sees it: to be recorded again, as said by the nested orchestration; `name` tells who spoke. */
function asOwn(message: BaseMessage): AIMessage {
  const { content, id, name, response_metadata } = message;
  return new AIMessage({ content, response_metadata, ...(id === undefined ? {} : { id }), ...(name === undefined ? {} : { name }) });
}

function lastWords(after: ChildState, seen: ReadonlySet<string | undefined>, answerFrom: string | readonly string[] | undefined): Outcome {
  const said = after.messages.filter((message) => !seen.has(message.id) && message.getType() === "ai" && messageType(message) === "chat");
  const words =
    answerFrom === undefined
      ? [said.at(-1)]
      : [answerFrom].flat().map((phase) => said.findLast((message) => readRecord(message)?.phase === phase));
  return {
    messages: words.filter((message) => message !== undefined).map(asOwn),
    data: {
      orchestration: after.control.chart.name,
      place: after.control.value,
      done: after.control.done,
      steps: after.control.usage.steps,
    },
    next: { kind: "done" },
  };
}
