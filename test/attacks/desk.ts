import { MemorySaver } from "@langchain/langgraph";
import { initialTransition, transition, type AnyMachineSnapshot, type StateValue } from "xstate";
import { expect } from "vitest";
import { z } from "zod";
import { agent, handoff, pipeline, reply, type Control, type FunctionAnswer, type Turn } from "../../index.js";

/** What the agents of the desk do is written in the user's message, so that a test says everything in one place. */
export type Script = (turn: Turn) => FunctionAnswer<object> | Promise<FunctionAnswer<object>>;

export const INTAKE = "intake";
export const HANDLING = "handling";
export const CLOSING = "closing";

/** intake → handling → closing, with a way back. `closing` is what every attack is after; nothing leads there from `intake`. */
export function desk(attack: Script = () => reply("Understood.")) {
  const speak = (turn: Turn): FunctionAnswer<object> | Promise<FunctionAnswer<object>> => {
    const said = turn.messages.findLast((message) => message.getType() === "human")?.text ?? "";
    if (said.startsWith("go ") && turn.can({ type: `HANDOFF.${said.slice(3)}` })) return handoff(said.slice(3));
    return said === "attack" ? attack(turn) : reply(`${turn.phase} heard: ${said}`);
  };
  return pipeline({
    name: "desk",
    state: { note: z.string().default("") },
    stages: [
      { phase: INTAKE, agent: agent({ id: "porter", run: speak }), next: HANDLING },
      { phase: HANDLING, agent: agent({ id: "clerk", run: speak }), next: CLOSING, canReturnTo: [INTAKE] },
      { phase: CLOSING, agent: agent({ id: "notary", run: speak }) },
    ],
  });
}

export type DeskGraph = ReturnType<ReturnType<typeof desk>["compile"]>;

export const says = (text: string) => ({ messages: [{ role: "user", content: text }] });

/** A thread on which intake waits for the user. */
export async function opened(attack?: Script) {
  const graph = desk(attack).compile({ checkpointer: new MemorySaver() });
  const config = { configurable: { thread_id: "thread" } };
  await graph.invoke(says("hello"), config);
  return { graph, config };
}

type Readable = { getState(config: object): Promise<{ values: unknown }> };

export async function controlOf(graph: Readable, config: object): Promise<Control> {
  return ((await graph.getState(config)).values as { control: Control }).control;
}

/** The oracle: the stored value and context are what XState itself comes to when it is given the trail's events, one by one. */
export function expectLegal(graph: { readonly chart: { readonly machine: unknown } }, control: Control): void {
  const machine = graph.chart.machine as Parameters<typeof transition>[0]; // any machine: its events are names here
  const [start] = initialTransition(machine) as [AnyMachineSnapshot, unknown];
  let at = start;
  for (const entry of control.trail.filter(({ answer }) => answer === undefined)) {
    if (at.status === "done") at = start;
    expect(label(at.value as StateValue)).toBe(entry.from);
    expect(at.can({ type: entry.event })).toBe(true);
    [at] = transition(machine, at, { type: entry.event }) as [AnyMachineSnapshot, unknown];
    expect(label(at.value as StateValue)).toBe(entry.to);
  }
  if (at.status === "done" && !control.done) at = start;
  expect(control.value).toEqual(at.value);
  expect(control.context).toEqual(at.context);
  expect(control.done).toBe(at.status === "done");
}

const label = (value: StateValue): string =>
  typeof value === "string"
    ? value
    : Object.entries(value)
        .flatMap(([key, inner]) =>
          label(inner ?? "")
            .split(", ")
            .map((rest) => (rest === "" ? key : `${key}.${rest}`)),
        )
        .join(", ");

/** The thread still does its work: the user speaks, whoever is active answers, and the way through the chart is open. */
export async function expectUsable(graph: DeskGraph, config: { configurable: { thread_id: string } }): Promise<void> {
  const { value } = await controlOf(graph, config);
  const spoken = await graph.invoke(says("still there?"), config);
  expect(spoken.messages.at(-1)?.text).toBe(`${String(value)} heard: still there?`);
  const moved = await graph.invoke(says(value === HANDLING ? "go intake" : "go handling"), config);
  expect(moved.control.value).toBe(value === HANDLING ? INTAKE : value === INTAKE ? HANDLING : CLOSING);
  expectLegal(graph, moved.control);
}
