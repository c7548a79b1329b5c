import { Command, Overwrite } from "@langchain/langgraph";
import { agent, handoff, human, parallel, pipeline, reply, sequential, type Turn } from "../../../index.js";

const speak = (turn: Turn) => {
  const said = turn.messages.findLast((message) => message.getType() === "human")?.text ?? "";
  if (said === "goto") return new Command({ goto: "closing" });
  if (said === "overwrite") return new Command({ update: { control: new Overwrite({ value: "closing" }) } });
  if (said === "illegal") return handoff("closing");
  return turn.can({ type: said.replace("go ", "HANDOFF.") }) ? handoff(said.slice(3)) : reply(`${turn.phase} heard: ${said}`);
};

/** intake → handling → closing; nothing leads from intake to closing. */
export const front = pipeline({
  name: "desk",
  stages: [
    { phase: "intake", agent: agent({ id: "porter", run: speak }), next: "handling" },
    { phase: "handling", agent: agent({ id: "clerk", run: speak }), next: "closing", canReturnTo: ["intake"] },
    { phase: "closing", agent: agent({ id: "notary", run: speak }) },
  ],
});

/** One branch is done, the other waits for a person. */
export const parked = parallel({
  name: "parked",
  branches: [agent({ id: "quick", run: () => "Sent." }), human({ id: "boss", question: "May we?" })],
});

/** More phases than LangGraph allows supersteps by default. */
export const long = sequential({
  name: "long",
  agents: Array.from({ length: 40 }, (_, index) => agent({ id: `agent-${index}`, run: () => `${index}` })),
});
