import type { BaseMessage } from "@langchain/core/messages";
import { describe, expectTypeOf, it } from "vitest";
import { setup } from "xstate";
import { z } from "zod";
import {
  agent,
  defineOrchestration,
  handoff,
  loop,
  parallel,
  pipeline,
  reply,
  sequential,
  swarm,
  type Control,
  type Orchestration,
  type PhaseOf,
  type Turn,
} from "../index.js";

const triage = agent({ id: "triage", run: () => "…" });
const handler = agent({ id: "handler", run: () => "…" });

const machine = setup({}).createMachine({
  initial: "draft",
  states: {
    draft: { on: { DONE: "review" } },
    review: { type: "parallel", states: { style: { initial: "run", states: { run: {}, ok: {} } }, facts: {} } },
    end: { type: "final" },
  },
});

describe("A8 types are inferred from what the user writes", () => {
  it("agent ids and names", () => {
    expectTypeOf(triage.id).toEqualTypeOf<"triage">();
    const desk = swarm({ name: "desk", agents: [triage, handler] });
    expectTypeOf(desk).toExtend<Orchestration<"triage" | "handler", Record<never, never>, "desk">>();
    expectTypeOf(desk.phases).toEqualTypeOf<readonly ("triage" | "handler")[]>();
    const outer = parallel({ name: "outer", branches: [desk, triage] });
    expectTypeOf(outer.phases).toEqualTypeOf<readonly ("desk" | "triage")[]>();
  });

  it("a misspelt phase or agent does not compile", () => {
    const unchecked = (): void => {
      pipeline({
        name: "support",
        stages: [
          // @ts-expect-error "handing" is no phase
          { phase: "intake", agent: triage, next: "handing" },
          // @ts-expect-error "intakes" is no phase
          { phase: "handling", agent: handler, canReturnTo: ["intakes"] },
        ],
      });
      // @ts-expect-error "triag" is no agent
      swarm({ name: "desk", agents: [triage, handler], entry: "triag" });
      // @ts-expect-error "handlers" is no agent
      swarm({ name: "desk", agents: [triage, handler], handoffs: { triage: ["handlers"] } });
      // @ts-expect-error "drafts" is no phase of the machine
      defineOrchestration({ name: "review", machine, agents: { drafts: triage } });
      // @ts-expect-error "nobody" is no phase
      sequential({ name: "two", agents: [triage, handler] }).agentOf("nobody");
    };
    expectTypeOf(unchecked).toBeFunction();
  });

  it("the phases of a machine are the paths of its leaves", () => {
    expectTypeOf<PhaseOf<typeof machine>>().toEqualTypeOf<"draft" | "review.style.run" | "review.style.ok" | "review.facts" | "end">();
  });

  it("the user's own state, in turns and in what a run returns", async () => {
    type Case = { order: string; amount: number };
    const clerk = agent({
      id: "clerk",
      run: (turn: Turn<Case>) => {
        expectTypeOf(turn.state.order).toEqualTypeOf<string>();
        return reply("ok", { update: { amount: 1 } });
      },
    });
    const desk = pipeline({
      name: "desk",
      state: { order: z.string().default(""), amount: z.number().default(0) },
      stages: [{ phase: "only", agent: clerk }],
    });
    const graph = desk.compile();
    type State = Awaited<ReturnType<typeof graph.invoke>>;
    expectTypeOf<State["order"]>().toEqualTypeOf<string>();
    expectTypeOf<State["amount"]>().toEqualTypeOf<number>();
    expectTypeOf<State["control"]>().toEqualTypeOf<Control>();
    expectTypeOf<State["messages"]>().toExtend<BaseMessage[]>();
    const unchecked = (): void => {
      // @ts-expect-error the state has no key "orders"
      agent({ id: "x", run: (turn: Turn<Case>) => turn.state.orders });
      // @ts-expect-error "amounts" is no key of the state
      agent({ id: "x", run: (_turn: Turn<Case>) => reply<Case>("", { update: { amounts: 1 } }) });
      // @ts-expect-error an agent that needs a state cannot work where there is none
      sequential({ name: "none", agents: [clerk] });
    };
    expectTypeOf(unchecked).toBeFunction();
  });

  it("outcomes and reviewers need no annotations", () => {
    const judge = agent({ id: "judge", run: () => handoff("writer") });
    expectTypeOf(loop({ name: "l", producer: triage, reviewers: [judge] }).phases).toEqualTypeOf<readonly ("triage" | "judge")[]>();
  });
});
