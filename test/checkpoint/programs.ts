import {
  AIMessage,
  ChatMessage,
  HumanMessage,
  RemoveMessage,
  SystemMessage,
  ToolMessage,
  type BaseMessage,
} from "@langchain/core/messages";
import fc from "fast-check";

/** What a property test does with a saver. Numbers choose among what is there; they are taken modulo its size. */
export type Operation =
  | { readonly do: "step"; readonly thread: number; readonly ns: number; readonly edits: readonly Edit[]; readonly fields: Fields }
  | { readonly do: "fork"; readonly from: number; readonly edits: readonly Edit[]; readonly fields: Fields }
  | { readonly do: "writes"; readonly on: number; readonly task: number; readonly writes: readonly (readonly [string, unknown])[] }
  | { readonly do: "prune"; readonly thread: number; readonly keep: number }
  | { readonly do: "delete"; readonly thread: number }
  | { readonly do: "reload" };

/** A change of the list of messages, as reducers and users make them. */
export type Edit =
  | { readonly edit: "append"; readonly message: MessageSeed }
  | { readonly edit: "insert" | "replace"; readonly at: number; readonly message: MessageSeed }
  | { readonly edit: "remove"; readonly at: number }
  | { readonly edit: "mutate"; readonly at: number; readonly content: string };

/** New values of channels; a channel that is left out keeps its value and version. */
export type Fields = Readonly<Record<string, unknown>>;

type MessageSeed = readonly [kind: number, content: string, id: string | undefined, extra: unknown];

/** A new message each time: two savers must never be given the same object. */
export function messageOf([kind, content, id, extra]: MessageSeed): BaseMessage {
  const common = { content, ...(id === undefined ? {} : { id }), additional_kwargs: { extra } };
  switch (kind) {
    case 0:
      return new HumanMessage(common);
    case 1:
      return new AIMessage({ ...common, tool_calls: [{ name: "look", args: { at: content }, id: "c1", type: "tool_call" }] });
    case 2:
      return new ToolMessage({ ...common, tool_call_id: "c1", status: "success" });
    case 3:
      return new SystemMessage({ ...common, name: "rules" });
    case 4:
      return new ChatMessage({ content, role: "critic" });
    default:
      return new RemoveMessage({ id: id ?? "gone" });
  }
}

const text = fc.oneof(fc.string(), fc.string({ minLength: 150, maxLength: 400, unit: "grapheme" }), fc.constant("\ud800 lone"));
const json = fc.jsonValue({ depthSize: "small", maxDepth: 4 });
const special = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, new Map([["a", { b: 1 }]]), new Set([1, 2]), /x+/g, new Error("told"), Number.NaN, -0),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(bytes)),
  fc.constantFrom<unknown>({ lc: 2, type: "undefined" }, { lc: 7 }, { when: new Date(0) }, { constructor: 1, toString: "x" }, [
    undefined,
    1,
  ]),
);
const value = fc.oneof(
  { weight: 3, arbitrary: json },
  { weight: 2, arbitrary: text },
  { weight: 1, arbitrary: special },
  { weight: 1, arbitrary: fc.record({ list: fc.array(fc.oneof(json, special), { maxLength: 80 }), text }) },
  {
    weight: 1,
    arbitrary: fc.dictionary(
      fc.string({ maxLength: 12 }).filter((key) => key !== "__proto__"),
      json,
      { maxKeys: 40 },
    ),
  },
);
// MemorySaver reads a write that is nothing but bytes as JSON, and fails
const written = value.map((made) => (made instanceof Uint8Array ? { made } : made));
const seed: fc.Arbitrary<MessageSeed> = fc.tuple(fc.nat(5), text, fc.option(fc.uuid(), { nil: undefined }), json);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ edit: fc.constant("append" as const), message: seed }) },
  fc.record({ edit: fc.constantFrom("insert" as const, "replace" as const), at: fc.nat(), message: seed }),
  fc.record({ edit: fc.constant("remove" as const), at: fc.nat() }),
  fc.record({ edit: fc.constant("mutate" as const), at: fc.nat(), content: text }),
);
const edits = fc.array(edit, { maxLength: 30 });
const fields = fc.dictionary(fc.constantFrom("data", "note", "control", "results", "empty"), value, { maxKeys: 4 });
const channel = fc.constantFrom("messages", "data", "__error__", "__interrupt__", "__resume__", "__pregel_tasks");

/** Programs of up to `length` operations. */
export const programs = (length: number): fc.Arbitrary<Operation[]> =>
  fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.record({ do: fc.constant("step" as const), thread: fc.nat(2), ns: fc.nat(1), edits, fields }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant("fork" as const), from: fc.nat(), edits, fields }) },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant("writes" as const),
          on: fc.nat(),
          task: fc.nat(2),
          writes: fc.array(fc.tuple(channel, written), { minLength: 1, maxLength: 4 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("prune" as const), thread: fc.nat(2), keep: fc.integer({ min: 1, max: 4 }) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("delete" as const), thread: fc.nat(2) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("reload" as const) }) },
    ),
    { minLength: 1, maxLength: length },
  );
