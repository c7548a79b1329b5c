import { AIMessage, HumanMessage, type BaseMessage } from "@langchain/core/messages";
import type { Checkpoint, CheckpointMetadata, PendingWrite } from "@langchain/langgraph-checkpoint";

/** What step `n` of a thread stores: follows from its number, so that whoever reads it knows what is right. */
export function checkpointAt(thread: string, step: number): Checkpoint {
  const messages: BaseMessage[] = Array.from({ length: step + 1 }, (_, index) =>
    index % 2 === 0
      ? new HumanMessage({ id: `${thread}-${index}`, content: `${thread} asks ${index} `.repeat(20) })
      : new AIMessage({
          id: `${thread}-${index}`,
          content: "",
          tool_calls: [{ id: `c${index}`, name: "look", args: { index }, type: "tool_call" }],
        }),
  );
  const data = { step, bytes: new Uint8Array(300).fill(step % 256), long: `${step} `.repeat(400) };
  return {
    v: 4,
    id: idAt(step),
    ts: new Date(step).toISOString(),
    channel_values: { messages, data },
    channel_versions: { messages: step + 1, data: step + 1 },
    versions_seen: { node: { messages: step } },
  };
}

export const metadataAt = (step: number): CheckpointMetadata => ({ source: "loop", step, parents: {} });

export function writesAt(thread: string, step: number): PendingWrite[] {
  return [
    ["messages", [new HumanMessage({ id: `${thread}-${step + 1}`, content: `${thread} writes ${step} `.repeat(20) })]],
    ["data", { after: step, text: "x".repeat(500) }],
    ["flag", step],
  ];
}

export const idAt = (step: number): string => String(step).padStart(8, "0");
export const stepOf = (id: string): number => Number(id);
