import { AIMessage, HumanMessage, RemoveMessage, type BaseMessage } from "@langchain/core/messages";
import {
  Annotation,
  Command,
  interrupt,
  MessagesAnnotation,
  REMOVE_ALL_MESSAGES,
  StateGraph,
  type BaseCheckpointSaver,
} from "@langchain/langgraph";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { CheckpointTuple } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";

/** How a saver is made for the suite. Written once: every saver of ours runs it, and MemorySaver, which says what is right. */
export interface SaverUnderTest {
  readonly name: string;
  readonly open: () => BaseCheckpointSaver;
  /** The same data in a saver that remembers nothing; the saver itself where that cannot be. */
  readonly reopen: (saver: BaseCheckpointSaver) => BaseCheckpointSaver;
  readonly close: (saver: BaseCheckpointSaver) => void;
}

const thread = (id: string, checkpoint?: string) => ({
  configurable: { thread_id: id, ...(checkpoint === undefined ? {} : { checkpoint_id: checkpoint }) },
});
const texts = (messages: readonly BaseMessage[]): string[] => messages.map((message) => message.text);

/** Answers each message with its count of messages so far. */
function echo(saver: BaseCheckpointSaver) {
  return new StateGraph(MessagesAnnotation)
    .addNode("chat", ({ messages }) => ({ messages: [new AIMessage({ content: `answer ${messages.length}`, id: crypto.randomUUID() })] }))
    .addEdge("__start__", "chat")
    .addEdge("chat", "__end__")
    .compile({ checkpointer: saver });
}

async function checkpoints(saver: BaseCheckpointSaver, id: string): Promise<CheckpointTuple[]> {
  const found: CheckpointTuple[] = [];
  for await (const tuple of saver.list(thread(id))) found.push(tuple);
  return found;
}

const say = (text: string) => ({ messages: [new HumanMessage({ content: text, id: `said-${text}` })] });

/** What LangGraph's own suite leaves out, through real graphs. */
export function saverContract({ name, open, reopen, close }: SaverUnderTest): void {
  const withSaver = (body: (saver: BaseCheckpointSaver, again: () => BaseCheckpointSaver) => Promise<void>) => async () => {
    let saver = open();
    try {
      await body(saver, () => (saver = reopen(saver)));
    } finally {
      close(saver);
    }
  };

  describe(`${name} keeps threads`, () => {
    it(
      "a fork at every depth sees what stood there, and nothing of any other branch",
      withSaver(async (saver, again) => {
        const graph = echo(saver);
        for (const text of ["a", "b", "c", "d"]) await graph.invoke(say(text), thread("t"));
        const line = (await checkpoints(saver, "t")).toReversed();
        const before = line.map((tuple) => texts((tuple.checkpoint.channel_values["messages"] as BaseMessage[] | undefined) ?? []));
        for (const [depth, tuple] of line.entries()) {
          const forked = await graph.updateState(tuple.config, { messages: [new HumanMessage(`fork ${depth}`)] }, "chat");
          const state = await graph.getState(forked);
          expect(texts(state.values.messages)).toEqual([...(before[depth] ?? []), `fork ${depth}`]);
        }
        const fresh = echo(again());
        for (const [depth, tuple] of line.entries())
          expect(texts((await fresh.getState(tuple.config)).values.messages ?? [])).toEqual(before[depth]);
      }),
    );

    it(
      "a fork that goes on and its origin that goes on never mix",
      withSaver(async (saver, again) => {
        const graph = echo(saver);
        await graph.invoke(say("a"), thread("t"));
        const origin = (await graph.getState(thread("t"))).config;
        await graph.invoke(say("b"), thread("t"));
        const left = (await graph.getState(thread("t"))).config;
        const right = await graph.updateState(origin, say("x"), "chat");
        await graph.invoke(say("y"), right);
        const fresh = echo(again());
        expect(texts((await fresh.getState(left)).values.messages)).toEqual(["a", "answer 1", "b", "answer 3"]);
        expect(texts((await fresh.getState(thread("t"))).values.messages)).toEqual(["a", "answer 1", "x", "y", "answer 4"]);
      }),
    );

    it(
      "a replay from the middle gives the same states again",
      withSaver(async (saver, again) => {
        let calls = 0;
        const State = Annotation.Root({ log: Annotation<string[]>({ reducer: (a, b) => [...a, ...b], default: () => [] }) });
        const build = (of: BaseCheckpointSaver) =>
          new StateGraph(State)
            .addNode("one", () => ({ log: ["one"] }))
            .addNode("two", () => ({ log: [`two ${(calls += 1)}`] }))
            .addEdge("__start__", "one")
            .addEdge("one", "two")
            .compile({ checkpointer: of });
        await build(saver).invoke({ log: ["in"] }, thread("t"));
        const graph = build(again());
        let middle: RunnableConfig = {};
        for await (const state of graph.getStateHistory(thread("t"))) if (state.next.includes("two")) middle = state.config;
        const replayed = await graph.invoke(null, middle);
        expect(replayed.log).toEqual(["in", "one", "two 2"]);
      }),
    );

    it(
      "a message that was changed, removed or put elsewhere is so in the new state only",
      withSaver(async (saver, again) => {
        const graph = echo(saver);
        for (const text of ["a", "b", "c"]) await graph.invoke(say(text), thread("t"));
        const old = (await graph.getState(thread("t"))).config;
        await graph.updateState(thread("t"), { messages: [new HumanMessage({ content: "B!", id: "said-b" })] }, "chat");
        await graph.updateState(thread("t"), { messages: [new RemoveMessage({ id: "said-a" })] }, "chat");
        const edited = (await graph.getState(thread("t"))).config;
        await graph.updateState(
          thread("t"),
          { messages: [new RemoveMessage({ id: REMOVE_ALL_MESSAGES }), new HumanMessage("new")] },
          "chat",
        );
        const fresh = echo(again());
        expect(texts((await fresh.getState(old)).values.messages)).toEqual(["a", "answer 1", "b", "answer 3", "c", "answer 5"]);
        expect(texts((await fresh.getState(edited)).values.messages)).toEqual(["answer 1", "B!", "answer 3", "c", "answer 5"]);
        expect(texts((await fresh.getState(thread("t"))).values.messages)).toEqual(["new"]);
      }),
    );

    it(
      "an object that a node changes in place is stored as it is now, and as it was before",
      withSaver(async (saver, again) => {
        const State = Annotation.Root({ cart: Annotation<{ items: string[] }>(), turn: Annotation<number> });
        const build = (of: BaseCheckpointSaver) =>
          new StateGraph(State)
            .addNode("buy", ({ cart, turn }) => {
              cart.items.push(`thing ${turn}`);
              return { cart };
            })
            .addEdge("__start__", "buy")
            .compile({ checkpointer: of });
        const graph = build(saver);
        await graph.invoke({ cart: { items: [] }, turn: 1 }, thread("t"));
        const first = (await graph.getState(thread("t"))).config;
        await graph.invoke({ turn: 2 }, thread("t"));
        const fresh = build(again());
        expect((await fresh.getState(first)).values.cart).toEqual({ items: ["thing 1"] });
        expect((await fresh.getState(thread("t"))).values.cart).toEqual({ items: ["thing 1", "thing 2"] });
      }),
    );

    it(
      "what was read belongs to the reader: changing it changes no other reader and nothing stored",
      withSaver(async (saver, again) => {
        const graph = echo(saver);
        await graph.invoke(say("a"), thread("t"));
        const [one, other] = [await graph.getState(thread("t")), await graph.getState(thread("t"))];
        one.values.messages[0].content = "spoilt";
        one.values.messages.push(new HumanMessage("added"));
        expect(texts(other.values.messages)).toEqual(["a", "answer 1"]);
        expect(texts((await graph.getState(thread("t"))).values.messages)).toEqual(["a", "answer 1"]);
        expect(texts((await echo(again()).getState(thread("t"))).values.messages)).toEqual(["a", "answer 1"]);
      }),
    );

    it(
      "subgraphs have namespaces of their own, and an interrupt inside one resumes after a reload",
      withSaver(async (saver, again) => {
        const build = (of: BaseCheckpointSaver) => {
          const inner = new StateGraph(MessagesAnnotation)
            .addNode("before", () => ({ messages: [new AIMessage("inner before")] }))
            .addNode("ask", () => ({ messages: [new AIMessage(`told ${String(interrupt("which?"))}`)] }))
            .addEdge("__start__", "before")
            .addEdge("before", "ask")
            .compile();
          return new StateGraph(MessagesAnnotation).addNode("inner", inner).addEdge("__start__", "inner").compile({ checkpointer: of });
        };
        await build(saver).invoke(say("go"), thread("t"));
        const namespaces = new Set(
          (await checkpoints(saver, "t")).map((tuple) => String(tuple.config.configurable?.["checkpoint_ns"]).split(":")[0]),
        );
        expect(namespaces).toEqual(new Set(["", "inner"]));
        const graph = build(again());
        const waiting = await graph.getState(thread("t"), { subgraphs: true });
        expect(waiting.tasks[0]?.interrupts[0]?.value).toBe("which?");
        const done = await graph.invoke(new Command({ resume: "this" }), thread("t"));
        expect(texts(done.messages)).toEqual(["go", "inner before", "told this"]);
      }),
    );

    it(
      "the writes of a node that ended well are kept when its sibling fails, and not repeated",
      withSaver(async (saver, again) => {
        const ran: string[] = [];
        let fails = true;
        const State = Annotation.Root({ log: Annotation<string[]>({ reducer: (a, b) => [...a, ...b], default: () => [] }) });
        const build = (of: BaseCheckpointSaver) =>
          new StateGraph(State)
            .addNode("good", () => {
              ran.push("good");
              return { log: ["good"] };
            })
            .addNode("bad", async () => {
              await new Promise((resolve) => setImmediate(resolve));
              if (fails) throw new Error("not yet");
              return { log: ["bad"] };
            })
            .addEdge("__start__", "good")
            .addEdge("__start__", "bad")
            .compile({ checkpointer: of });
        await expect(build(saver).invoke({ log: [] }, thread("t"))).rejects.toThrow("not yet");
        fails = false;
        const done = await build(again()).invoke(null, thread("t"));
        expect(done.log.toSorted()).toEqual(["bad", "good"]);
        expect(ran).toEqual(["good"]);
      }),
    );

    it(
      "threads that run at the same time stay apart",
      withSaver(async (saver, again) => {
        const graph = echo(saver);
        const ids = Array.from({ length: 8 }, (_, index) => `t${index}`);
        for (let turn = 0; turn < 4; turn += 1) await Promise.all(ids.map((id) => graph.invoke(say(`${id} ${turn}`), thread(id))));
        const fresh = echo(again());
        for (const id of ids) {
          const said = texts((await fresh.getState(thread(id))).values.messages).filter((text) => !text.startsWith("answer"));
          expect(said).toEqual([0, 1, 2, 3].map((turn) => `${id} ${turn}`));
        }
      }),
    );

    it(
      "a message given twice, in two channels and in a pending write comes back everywhere as its own object",
      withSaver(async (saver, again) => {
        const message = new HumanMessage({ content: "one ".repeat(100), id: "m" });
        const config = await saver.put(
          thread("t"),
          {
            v: 4,
            id: "1",
            ts: new Date(0).toISOString(),
            channel_values: { a: [message, message], b: { message } },
            channel_versions: { a: 1, b: 1 },
            versions_seen: {},
          },
          { source: "loop", step: 0, parents: {} },
          { a: 1, b: 1 },
        );
        await saver.putWrites(config, [["a", [message]]], "task");
        const tuple = await again().getTuple(config);
        const { a, b } = (tuple?.checkpoint.channel_values ?? {}) as { a: BaseMessage[]; b: { message: BaseMessage } };
        const [[, , written] = []] = tuple?.pendingWrites ?? [];
        const all = [...a, b.message, ...(written as BaseMessage[])];
        expect(all.map((found) => found.content)).toEqual(Array.from({ length: 4 }, () => message.content));
        expect(new Set(all).size).toBe(4);
      }),
    );
  });
}
