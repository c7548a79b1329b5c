import { AIMessage } from "@langchain/core/messages";
import type { Agent } from "../src/agent/agent.js";
import { recordMessage } from "../src/agent/conversation.js";

/**
 * The same agent, with a supervisor that looks at each of its turns. What the supervisor says is added as a note to the team;
 * when it hands off or sends an event, that replaces what the agent wanted. The chart decides as always.
 */
export function observed<Id extends string, State>(agent: Agent<Id, State>, supervisor: Agent<string, State>): Agent<Id, State> {
  return {
    id: agent.id,
    description: agent.description,
    wraps: agent,
    members: [{ agent: supervisor, as: "observer" }],
    node: (place) => {
      const worker = agent.node(place);
      const observer = supervisor.node({ ...place, agent: supervisor.id });
      return {
        subgraphs: [...(worker.subgraphs ?? []), ...(observer.subgraphs ?? [])],
        workers: worker.workers,
        unfinished: worker.unfinished,
        run: async (turn) => {
          const outcome = await worker.run(turn);
          const spoken =
            outcome.content === undefined || outcome.content === ""
              ? []
              : [new AIMessage({ content: outcome.content, name: agent.id, id: turn.clock.id() })];
          const messages = [...(outcome.messages ?? []), ...spoken];
          const view = await observer.run({ ...turn, agent: supervisor.id, messages: [...turn.messages, ...messages] });
          const said =
            view.content === undefined || view.content === ""
              ? []
              : [new AIMessage({ content: view.content, name: supervisor.id, id: turn.clock.id() })];
          const notes = [...(view.messages ?? []), ...said].map((note) =>
            recordMessage(note, { author: supervisor.id, recipient: "team", type: "system", phase: turn.phase }),
          );
          const { content: _content, ...rest } = outcome;
          return {
            ...rest,
            messages: [...messages, ...notes],
            update: { ...outcome.update, ...view.update },
            next: view.next.kind === "done" ? outcome.next : view.next,
          };
        },
      };
    },
  };
}
