import { MemorySaver } from "@langchain/langgraph";

/** A user's message as the input of a run. */
export const says = (content: string) => ({ messages: [{ role: "user", content }] });

/** A thread of its own, with a saver of its own. */
export const thread = () => ({ checkpointer: new MemorySaver(), config: { configurable: { thread_id: "1" } } });

/** What was said, with who said it. */
export const lines = (messages: readonly { readonly name?: string | undefined; readonly text: string }[]): string[] =>
  messages.map((message) => `${message.name ?? "user"}: ${message.text}`);

/** The error of a promise that must fail. */
export async function failure(promise: Promise<unknown>): Promise<Error> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof Error) return thrown;
  throw new Error("Nothing was thrown.");
}
