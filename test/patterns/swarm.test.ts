import { MemorySaver } from "@langchain/langgraph";
import { expect, it } from "vitest";
import { agent, handoff, swarm } from "../../index.js";

it("a swarm hands over in one run and stays with the agent that answered", async () => {
  const desk = swarm({
    name: "desk",
    agents: [
      agent({ id: "triage", run: () => handoff("billing", { reason: "an invoice" }) }),
      agent({ id: "billing", run: () => "Paid." }),
    ],
  }).compile({ checkpointer: new MemorySaver() });
  const state = await desk.invoke({ messages: [{ role: "user", content: "Please pay." }] }, { configurable: { thread_id: "1" } });
  expect(state.messages.at(-1)?.text).toBe("Paid.");
  expect(state.control.waiting).toEqual(["billing"]);
});
