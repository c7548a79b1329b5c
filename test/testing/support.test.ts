// #region model
import { agent, swarm } from "phasegraph";
import { callHandoff, patternContract, scriptedAgent, scriptedModel } from "phasegraph/testing";
import { describe, expect, it } from "vitest";

it("an invoice is handed to billing", async () => {
  const model = scriptedModel([callHandoff("billing", { reason: "an invoice" })]);
  const billing = scriptedAgent("billing", ["It is paid."]);
  const desk = swarm({ name: "desk", agents: [agent({ id: "triage", model }), billing] });

  const state = await desk.compile().invoke({ messages: [{ role: "user", content: "My invoice?" }] });

  expect(state.messages.at(-1)?.text).toBe("It is paid.");
  expect(model.calls[0]?.tools).toEqual(["handoff"]);
  model.assertDone();
  billing.assertDone();
});
// #endregion

const orchestration = swarm({ name: "desk", agents: [scriptedAgent("triage", []), scriptedAgent("billing", [])] });

// #region contract
describe("the desk", () => {
  for (const check of patternContract(orchestration)) it(check.title, check.run);
});
// #endregion
