import { MemorySaver } from "@langchain/langgraph";
import { agent, defineOrchestration, send, type Turn } from "phasegraph";
import { below, count, keep } from "phasegraph/statechart";
import { assign, createMachine, setup } from "xstate";
import { z } from "zod";

// #region statechart
type Expense = { amount: number };

const machine = setup({
  types: { context: {} as { amount: number }, events: {} as { type: "CLAIM"; amount: number } | { type: "APPROVE" } | { type: "DONE" } },
  guards: { isSmall: ({ context }) => context.amount <= 100 },
}).createMachine({
  id: "expense",
  context: { amount: 0 },
  initial: "reading",
  states: {
    reading: { on: { CLAIM: { target: "deciding", actions: assign({ amount: ({ event }) => event.amount }) } } },
    deciding: { always: [{ guard: "isSmall", target: "paying" }, { target: "approving" }] },
    approving: { tags: "waits", description: "a manager has to approve", on: { APPROVE: "paying" } },
    paying: { on: { DONE: "paid" } },
    paid: { type: "final" },
  },
});

export const orchestration = defineOrchestration({
  name: "expense",
  machine,
  state: { amount: z.number().default(0) },
  events: { CLAIM: z.object({ amount: z.number().positive() }) },
  agents: {
    reading: agent({
      id: "clerk",
      run: (turn: Turn<Expense>) => {
        const amount = Number(/\d+/.exec(turn.messages.at(-1)?.text ?? "")?.[0]);
        return send({ type: "CLAIM", amount }, { update: { amount } });
      },
    }),
    paying: agent({ id: "cashier", run: (turn: Turn<Expense>) => `Paid ${turn.state.amount} €.` }),
  },
});
// #endregion

/** A small claim is paid at once; a large one waits for an event that only a manager's system sends. */
export async function main(): Promise<string> {
  const graph = orchestration.compile({ checkpointer: new MemorySaver() });
  const lines: string[] = [];
  for (const amount of [40, 400]) {
    const config = { configurable: { thread_id: `claim-${amount}` } };
    let state = await graph.invoke({ messages: [{ role: "user", content: `A train ticket, ${amount} €` }] }, config);
    lines.push(`${amount} €: ${state.messages.at(-1)?.text} (${JSON.stringify(state.control.value)})`);
    if (state.control.done) continue;
    state = await graph.invoke({ control: { type: "APPROVE" } }, config);
    lines.push(`${amount} €, approved: ${state.messages.at(-1)?.text}`);
  }
  return lines.join("\n");
}

// #region data
/** Drafts go back at most twice, and the last objection stays in the chart. Nothing here is a function: it is plain JSON. */
export const drafting = createMachine({
  id: "drafting",
  context: { rounds: 0, objection: null },
  initial: "writing",
  states: {
    writing: { on: { DONE: "reading" } },
    reading: {
      on: {
        APPROVE: "done",
        REVISE: [
          { guard: below("rounds", 2, "two rounds"), target: "writing", actions: [count("rounds"), keep("objection", "reason")] },
          { target: "done" },
        ],
      },
    },
    done: { type: "final" },
  },
});
// #endregion
