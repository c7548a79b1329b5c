import { Command, MemorySaver } from "@langchain/langgraph";
import { createMachine, type AnyStateMachine } from "xstate";
import { describe, expect, it } from "vitest";
import { agent, ChartMismatchError, defineOrchestration, human, pipeline, sequential, type OnChartChange } from "../../index.js";
import { says } from "../attacks/desk.js";
import v1 from "../fixtures/checkpoints/v1.json" with { type: "json" };
import { FIXTURES } from "../fixtures/checkpoints/orchestrations.js";
import { load } from "../fixtures/checkpoints/thread.js";

const raw = (value: unknown) => value as never;
const thread = { configurable: { thread_id: "thread" } };
const echo = (id: string) => agent({ id, run: () => `${id} spoke` });
const asks = (id: string) => human({ id, question: "Go on?" });

/** draft → ask → publish, written by a saver that the changed definitions below are given too. */
const line = (...agents: Parameters<typeof sequential>[0]["agents"][number][]) => sequential({ name: "post", version: "1", agents });
async function parked() {
  const checkpointer = new MemorySaver();
  await line(echo("draft"), asks("ask"), echo("publish")).compile({ checkpointer }).invoke(says("x"), thread);
  const reopen = (orchestration: ReturnType<typeof line>, onChartChange?: OnChartChange) =>
    orchestration.compile({ checkpointer, onChartChange });
  return { checkpointer, reopen };
}

const inserted = () => line(echo("draft"), echo("check"), asks("ask"), echo("publish"));
const renamed = () => line(echo("draft"), asks("approve"), echo("publish"));

describe("A6 a thread under a changed chart", () => {
  it("is refused by default at every door, with both charts and what is in the way, and is left as it was", async () => {
    const { reopen } = await parked();
    const before = await reopen(line(echo("draft"), asks("ask"), echo("publish"))).getState(thread);
    for (const changed of [inserted(), renamed()]) {
      const graph = reopen(changed);
      const doors = [
        () => graph.invoke(says("y"), thread),
        () => graph.invoke(null, thread),
        () => graph.invoke(new Command({ resume: "yes" }), thread),
        () => graph.getState(thread),
        () => graph.updateState(thread, says("y")),
        () => graph.updateState(thread, raw({ control: { type: "DONE" } })),
      ];
      for (const door of doors) {
        const error: unknown = await door().catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(ChartMismatchError);
        const { stored, current, message } = error as ChartMismatchError;
        expect(stored).toMatch(/^"post" version 1 \(\w+\)$/);
        expect(current).not.toBe(stored);
        expect(message).toContain(`This thread was written under ${stored}, and is opened under ${current}: `);
      }
    }
    const same = reopen(line(echo("draft"), asks("ask"), echo("publish")));
    expect((await same.getState(thread)).config).toEqual(before.config);
    expect((await same.invoke(new Command({ resume: "yes" }), thread)).control.done).toBe(true);
  });

  it("says that it may be resumed where its place still exists, and what is lost where it does not", async () => {
    const { reopen } = await parked();
    await expect(reopen(inserted()).getState(thread)).rejects.toThrow(/onChartChange: "resume"/);
    await expect(reopen(renamed()).getState(thread)).rejects.toThrow(/it stands in "ask", which this chart does not have/);
  });

  it("resumed by option, it goes on in its phase with its question, also when something follows that was not there", async () => {
    const { reopen } = await parked();
    const graph = reopen(line(echo("draft"), asks("ask"), echo("check"), echo("publish")), "resume");
    const { next, tasks } = await graph.getState(thread);
    expect([next, tasks[0]?.interrupts.length]).toEqual([["ask"], 1]);
    const state = await graph.invoke(new Command({ resume: "yes" }), thread);
    expect(state.messages.map((message) => message.text)).toEqual(["x", "draft spoke", "yes", "check spoke", "publish spoke"]);
    expect(state.control).toMatchObject({ done: true, chart: { fingerprint: graph.chart.fingerprint } });
  });

  it("is refused by that option behind a phase that was put in before it, at the start too, and names the phase", async () => {
    const { reopen } = await parked();
    for (const changed of [inserted(), line(echo("check"), echo("draft"), asks("ask"), echo("publish"))]) {
      for (const input of [null, new Command({ resume: "yes" }), says("y")]) {
        await expect(reopen(changed, "resume").invoke(input, thread)).rejects.toThrow(/"check" comes before "(ask|draft)" here/);
      }
    }
  });

  it("is refused by that option when somebody else works in its phase: an answer reaches whoever asked", async () => {
    const stage = (who: string) =>
      pipeline({ name: "deal", waits: false, stages: [{ phase: "review", agent: human({ id: who, question: `${who}?` }) }] });
    const checkpointer = new MemorySaver();
    await stage("boss").compile({ checkpointer }).invoke(says("x"), thread);
    const other = stage("cfo").compile({ checkpointer, onChartChange: "resume" });
    await expect(other.invoke(new Command({ resume: "yes" }), thread)).rejects.toThrow(
      /in "review" it is with "boss", and here with "cfo"/,
    );
    expect(
      (
        await stage("boss")
          .compile({ checkpointer })
          .invoke(new Command({ resume: "yes" }), thread)
      ).control.done,
    ).toBe(true);
  });

  it("is refused also by that option when the phase of its question is gone or has another name", async () => {
    const { reopen } = await parked();
    for (const changed of [renamed(), line(echo("draft"), echo("publish"))]) {
      for (const input of [null, new Command({ resume: "yes" }), says("y")]) {
        await expect(reopen(changed, "resume").invoke(input, thread)).rejects.toMatchObject({ name: "ChartMismatchError" });
      }
    }
  });

  it("another orchestration under the same thread id is refused by its name", async () => {
    const { checkpointer } = await parked();
    const other = sequential({ name: "letter", agents: [echo("draft"), asks("ask"), echo("publish")] });
    await expect(other.compile({ checkpointer }).invoke(null, thread)).rejects.toThrow(
      /"post" version 1 .* opened under "letter" version 1/,
    );
  });

  it("a thread of a graph that is no orchestration is refused", async () => {
    const { reopen, checkpointer } = await parked();
    const tuple = await checkpointer.getTuple(thread);
    if (tuple === undefined) throw new Error("nothing was stored");
    for (const control of ["draft", { value: "draft" }, { v: 99, chart: { name: "post" }, trail: [] }, null]) {
      const checkpoint = { ...tuple.checkpoint, channel_values: { ...tuple.checkpoint.channel_values, control } };
      await checkpointer.put({ configurable: { thread_id: "other", checkpoint_ns: "" } }, checkpoint, {
        source: "update",
        step: 1,
        parents: {},
      });
      await expect(reopen(inserted(), "resume").getState({ configurable: { thread_id: "other" } })).rejects.toMatchObject({
        name: "ChartMismatchError",
      });
    }
  });

  const states = (id: string): AnyStateMachine =>
    createMachine({
      initial: "room",
      states: { room: { initial: "desk", states: { desk: { id, on: { DONE: "#end" } } } }, end: { id: "end", type: "final" } },
    });
  const custom = (id: string, how: OnChartChange, checkpointer: MemorySaver) =>
    defineOrchestration({ name: "custom", machine: states(id), agents: raw({ "room.desk": asks("person") }) }).compile({
      checkpointer,
      onChartChange: how,
    });

  it("a phase that keeps its place but not its name takes its question with it: refused either way", async () => {
    const checkpointer = new MemorySaver();
    await custom("old-name", "refuse", checkpointer).invoke(says("x"), thread);
    for (const how of ["refuse", "resume"] as const) {
      await expect(custom("new-name", how, checkpointer).invoke(new Command({ resume: "yes" }), thread)).rejects.toThrow(
        /it waits in "old-name"/,
      );
    }
    expect((await custom("old-name", "refuse", checkpointer).invoke(new Command({ resume: "yes" }), thread)).control.done).toBe(true);
  });

  it("a phase that lost its agent never swallows an answer", async () => {
    const machine = (tags: string[]) =>
      createMachine({ initial: "ask", states: { ask: { tags, on: { DONE: "end" } }, end: { type: "final" } } });
    const checkpointer = new MemorySaver();
    await defineOrchestration({ name: "empty", machine: machine([]), agents: { ask: asks("person") } as never })
      .compile({ checkpointer })
      .invoke(says("x"), thread);
    const bare = defineOrchestration({ name: "empty", machine: machine(["waits"]), agents: {} }).compile({
      checkpointer,
      onChartChange: "resume",
    });
    await expect(bare.invoke(new Command({ resume: "yes" }), thread)).rejects.toThrow(/it is with "person", and here with nobody/);
    await expect(bare.invoke({ control: { type: "DONE" } }, thread)).rejects.toMatchObject({ name: "ChartMismatchError" });
  });
});

const dumps: readonly (readonly [string, typeof v1])[] = [["v1", v1]];

describe.each(dumps)("A6 threads stored in form %s", (_version, stored) => {
  const at = (name: keyof typeof FIXTURES) => ({ configurable: { thread_id: name } });

  it("are read: messages, extra state, results, place and trail", async () => {
    const { values } = await FIXTURES.desk.compile({ checkpointer: load(raw(stored)) }).getState(at("desk"));
    const state = values as { messages: { text: string; name?: string }[]; control: object; results: object; note: string };
    expect(state.messages.map((message) => message.text)).toEqual(["Hello.", "At it: Hello."]);
    expect([state.note, Object.keys(state.results)]).toEqual(["seen", ["intake", "handling"]]);
    expect(state.control).toMatchObject({
      value: "handling",
      waiting: ["handling"],
      trail: [{ event: "INPUT" }, { event: "HANDOFF.handling", by: "porter", reason: "an invoice" }],
      handover: { to: "handling", from: "porter", summary: "40 €", payload: { id: 7 } },
    });
  });

  it("go on: the waiting one with its agent, the parked ones with their questions", async () => {
    const checkpointer = load(raw(stored));
    const desk = await FIXTURES.desk.compile({ checkpointer }).invoke(says("And now?"), at("desk"));
    expect(desk.messages.at(-1)?.text).toBe("At it: And now?");
    const review = await FIXTURES.review.compile({ checkpointer }).invoke(new Command({ resume: "Publish." }), at("review"));
    expect(review.messages.map((message) => message.text)).toEqual(["Hello.", "Better draft.", "Publish."]);
    const mixed = await FIXTURES.mixed.compile({ checkpointer }).invoke(new Command({ resume: "I do." }), at("mixed"));
    expect(mixed.messages.map((message) => message.text).sort()).toEqual(["Hello.", "I do.", "Sent."]);
    expect([review.control.done, mixed.control.done]).toEqual([true, true]);
  });
});
