import { AIMessage } from "@langchain/core/messages";
import { fakeModel } from "@langchain/core/testing";
import { expect, it } from "vitest";
import { main, orchestration } from "../../examples/08-create-agent.js";

it("create-agent: the agent's tool runs under its own middleware, and the work goes over beside it", async () => {
  expect((await main()).split("\n")).toEqual([
    "called stock",
    "user (chat): My lamp is broken. Do you have another?",
    "sales (tool): Let me look.",
    "sales (tool): lamp: 3 left.",
    "sales (handoff): Handed over to refunds.",
    "refunds (chat): Refund noted: one broken lamp.",
  ]);
});

it("create-agent: another model may be passed in", async () => {
  expect(await main(fakeModel().respond(new AIMessage("We are closed.")))).toContain("sales (chat): We are closed.");
});

it("create-agent: the team is sound before it runs", () => {
  orchestration.verify().assertOk();
});
