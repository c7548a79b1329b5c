import { deepEqual, ok } from "node:assert/strict";
import { AIMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import type { Turn } from "../../src/agent/agent.js";
import { isStoredPiece, type Piece } from "../../src/agent/work.js";
import { durably } from "../../src/compile/durable.js";
import { repairHistory } from "../../src/handoff/history.js";
import { pendingOf } from "../../src/langgraph/pending.js";
import type { BaseState } from "../../src/state/schema.js";
import { inputOf, staffedPhases } from "../drive.js";
import { KillableSaver } from "../killable-saver.js";
import { manualClock } from "../manual-clock.js";
import { playTurn } from "../play-script.js";
import { scripted } from "../scripted-agent.js";
import { ShownToModels } from "./accepted.js";
import { firstTurns } from "./kills.js";
import type { Subject } from "./subject.js";

const CONFIG = { configurable: { thread_id: "given up" } };

/**
 * Wherever a run dies in which every turn first does a piece of durable work, the next message finds in the conversation whatever
 * had been stored of it: once, in a history that providers accept.
 */
export async function remembered(subject: Subject): Promise<void> {
  const [script] = firstTurns(subject);
  if (script === undefined) return;
  const { orchestration, options } = subject;
  const part = { chart: orchestration.chart, script: script.script, edge: script.edge, staffed: staffedPhases(orchestration), options };
  const graphOn = (saver: KillableSaver, play: Parameters<typeof scripted>[1]) =>
    scripted(orchestration, play).compile({ checkpointer: saver, clock: manualClock(0, `${saver.stored}-`), durability: "sync" });
  const shown = new ShownToModels();
  const working = (saver: KillableSaver) =>
    graphOn(saver, async (turn) => {
      shown.look(turn);
      const { said } = await durably(turn, effectOf(turn));
      return { ...playTurn(part, turn), messages: said };
    });
  const input = inputOf(script.script[0]);
  const whole = new KillableSaver().keepMoments();
  await working(whole).invoke(input, CONFIG);
  for (let writes = 1; writes < whole.stored; writes += 1) {
    const saver = whole.asAfter(writes);
    const stored = await storedIn(saver);
    const next = graphOn(saver, (turn) => {
      shown.look(turn);
      throw new Error("Nobody works any more.");
    });
    await next.invoke({ messages: [{ role: "user", content: "Well?", id: "next" }] }, CONFIG).catch(() => undefined);
    const { messages, control } = (await next.getState(CONFIG)).values as BaseState;
    if (!messages.some(({ id }) => id === "next")) {
      ok(control.done, "only a thread that has reached its end takes no message");
      continue;
    }
    const at = `killed after ${writes} of ${whole.stored} writes`;
    for (const id of stored)
      deepEqual(messages.filter((message) => message.id === id).length, 1, `${id} is in the conversation, once; ${at}`);
    deepEqual(ids(repairHistory(messages)), ids(messages), `the history is one that providers accept; ${at}`);
  }
  shown.assertAccepted();
}

/** A tool call with its result, as one piece. */
function effectOf(turn: Turn) {
  const id = `${turn.phase}-${turn.control.seq}-${turn.control.turn}`;
  const call = { name: "act", args: {}, id, type: "tool_call" as const };
  const said = [
    new AIMessage({ content: "", id: `asks-${id}`, tool_calls: [call] }),
    new ToolMessage({ content: "Done.", tool_call_id: id, name: "act", id: `did-${id}` }),
  ];
  return {
    name: "act",
    signal: turn.config.signal,
    durable: true,
    run: async (): Promise<Piece> => ({ said }),
    read: (): Piece => ({ said }),
  };
}

/** Ids of what lies beside the newest checkpoint of the thread, or in its conversation. */
async function storedIn(saver: KillableSaver): Promise<string[]> {
  const tuple = await saver.getTuple(CONFIG);
  const pieces = tuple === undefined ? [] : pendingOf(tuple).returned.filter(isStoredPiece);
  return [...new Set(ids(pieces.flatMap(({ said }) => said)))];
}

const ids = (messages: readonly BaseMessage[]): string[] => messages.flatMap(({ id }) => id ?? []);
