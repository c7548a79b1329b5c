import { MemorySaver } from "@langchain/langgraph";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { agent, ledger, note, parallel, readNotes, reply, type LedgerNotes, type Turn } from "../../index.js";
import { writeNotes } from "../../src/ledger/notes.js";
import { says } from "../patterns/says.js";

const config = { configurable: { thread_id: "1" } };
const texts = (notes: readonly { text: string }[]): string[] => notes.map(({ text }) => text);

describe("D6 ledger of notes", () => {
  it("agents write at the same time, and every checkpoint has what was shared and what is one's own", async () => {
    const writer = <const Id extends string>(id: Id) =>
      agent({
        id,
        run: (turn: Turn<{ ledger: LedgerNotes }>) =>
          reply("", { update: { ledger: [note(turn, "fact", `${id} knows`), note(turn, "guess", `${id} thinks`, { scope: "own" })] } }),
      });
    let seen: string[] = [];
    const team = parallel({
      name: "team",
      branches: [writer("a"), writer("b")],
      synthesizer: agent({
        id: "c",
        run: (turn: Turn<{ ledger: LedgerNotes }>) => {
          seen = texts(readNotes(turn.state.ledger, { reader: "a" }));
          return "done";
        },
      }),
      state: { ledger: ledger() },
    });
    const checkpointer = new MemorySaver();
    await team.compile({ checkpointer }).invoke(says("Go."), config);
    const { values } = await team.compile({ checkpointer }).getState(config);
    expect(texts(readNotes(values.ledger))).toEqual(["a knows", "b knows"]);
    expect(texts(readNotes(values.ledger, { reader: "b", writer: "b" }))).toEqual(["b knows", "b thinks"]);
    expect(texts(readNotes(values.ledger, { kind: "guess" }))).toEqual([]);
    expect(seen).toEqual(["a knows", "a thinks", "b knows"]);
  });

  it("a note with a known id takes its place, the oldest give way to the limit, and what is no note changes nothing", () => {
    const write = (id: string, text: string) => ({ id, agent: "a", kind: "note", text, at: 0 });
    const known = writeNotes([], [write("1", "one"), write("2", "two")], 3);
    expect(texts(readNotes(writeNotes(known, write("1", "uno"), 3)))).toEqual(["two", "uno"]);
    expect(texts(readNotes(writeNotes(known, [write("3", "three"), write("4", "four")], 3)))).toEqual(["two", "three", "four"]);
    fc.assert(
      fc.property(fc.jsonValue(), (nonsense) => {
        expect(writeNotes(known, nonsense, 3)).toEqual(known);
      }),
    );
  });
});
