import { AIMessage } from "@langchain/core/messages";
import { Annotation, interrupt, MessagesAnnotation, StateGraph } from "@langchain/langgraph";

const State = Annotation.Root({ ...MessagesAnnotation.spec, control: Annotation<string>, turns: Annotation<number> });

/** Served by a real server in the tests: answers, asks before it pays, fails, and counts the turns it has seen. */
export const graph = new StateGraph(State)
  .addNode("clerk", async (state, config) => {
    const said = state.messages.at(-1)?.text ?? "";
    const turns = (state.turns ?? 0) + 1;
    if (said.includes("fail")) throw new Error("the till is closed");
    if (said.includes("wait"))
      await new Promise((_done, reject) => config.signal?.addEventListener("abort", () => reject(new Error("gone"))));
    const answer = said.includes("pay") ? `paid: ${String(interrupt({ question: "Pay?" }))}` : `heard "${said}"`;
    const seen = `turn ${turns}, ${state.messages.length} messages, control ${state.control ?? "unset"}`;
    return { messages: [new AIMessage(`${answer} (${seen})`)], turns, control: "mine" };
  })
  .addEdge("__start__", "clerk")
  .addEdge("clerk", "__end__")
  .compile();

/** Two questions at once. */
export const twice = new StateGraph(Annotation.Root({ ...MessagesAnnotation.spec }))
  .addNode("one", () => ({ messages: [new AIMessage(`one ${String(interrupt("One?"))}`)] }))
  .addNode("two", () => ({ messages: [new AIMessage(`two ${String(interrupt("Two?"))}`)] }))
  .addEdge("__start__", "one")
  .addEdge("__start__", "two")
  .compile();
