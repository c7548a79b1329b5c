import { AIMessage } from "@langchain/core/messages";
import { Command, MemorySaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { agent, reply, sequential, swarm } from "../../index.js";
import { scriptedModel } from "../../testing/index.js";

const thread = { configurable: { thread_id: "1" } };
const page = (...parts: readonly object[]) => ({ id: "u1", role: "user", parts }) as never; // a form that LangChain's types do not have
const file = { type: "file", mediaType: "image/png", url: "data:image/png;base64,AAAA" };
const pdf = { type: "file", mediaType: "application/pdf", filename: "a.pdf", url: "data:application/pdf;base64,BBBB" };

/** Every door that takes messages from outside. */
const doors: Readonly<Record<string, (graph: ReturnType<typeof desk>["graph"], message: never) => Promise<unknown>>> = {
  "the input of a run": (graph, message) => graph.invoke({ messages: [message] }, thread),
  "a state edit": (graph, message) => graph.updateState(thread, { messages: [message] }),
  "an update beside an answer": (graph, message) => graph.invoke(new Command({ update: { messages: [message] } }), thread),
};

function desk() {
  const saver = new MemorySaver();
  const model = scriptedModel(["ok"]);
  const team = swarm({ name: "s", agents: [agent({ id: "a", model })] });
  return { model, saver, graph: team.compile({ checkpointer: saver }) };
}

describe("H3 messages of a page, in parts", () => {
  it.each(Object.keys(doors))("are read, texts and files: %s", async (door) => {
    const team = desk();
    await doors[door]?.(team.graph, page({ type: "step-start" }, { type: "text", text: "Look:" }, file, pdf));
    const { messages } = (await team.graph.getState(thread)).values as { messages: readonly { id?: string; content: unknown }[] };
    const [first] = messages;
    expect(first).toMatchObject({
      id: "u1",
      content: [
        { type: "text", text: "Look:" },
        { type: "image_url", image_url: { url: file.url } },
        { type: "file", source_type: "base64", mime_type: "application/pdf", data: "BBBB", metadata: { filename: "a.pdf" } },
      ],
    });
  });

  it.each(Object.keys(doors))("that no conversation can hold are refused before anything runs or is written: %s", async (door) => {
    const team = desk();
    await expect(
      doors[door]?.(team.graph, page({ type: "text", text: "hi" }, { type: "tool-pay", state: "output-available" })),
    ).rejects.toMatchObject({
      name: "InvalidRequestError",
      message: expect.stringMatching(/a part of the type "tool-pay" cannot be kept; send texts and files/) as string,
    });
    expect(team.model.calls).toEqual([]);
    expect(team.saver.storage).toEqual({});
  });

  it("are words where they are nothing but texts", async () => {
    const team = desk();
    await team.graph.invoke({ messages: [page({ type: "text", text: "one" }, { type: "text", text: "two" })] }, thread);
    expect(team.model.calls[0]?.messages.map(({ content }) => content)).toEqual(["one\ntwo"]);
  });
});

it('H3 `history: "text"` shows the pictures of an answer that also called a tool', async () => {
  const picture = { type: "image_url", image_url: { url: file.url } };
  const calls = [{ type: "tool_call" as const, id: "c1", name: "draw", args: {} }];
  const painter = agent({
    id: "a",
    run: () => reply("", { messages: [new AIMessage({ content: [{ type: "text", text: "Here:" }, picture], tool_calls: calls })] }),
  });
  const model = scriptedModel(["nice"]);
  await sequential({ name: "s", agents: [painter, agent({ id: "b", model, history: "text" })] })
    .compile()
    .invoke({ messages: [{ role: "user", content: "Paint." }] });
  expect(model.calls[0]?.messages.at(-1)?.content).toEqual([{ type: "text", text: "[a] Here:" }, picture]);
});
