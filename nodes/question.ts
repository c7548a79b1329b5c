import { sha256 } from "@langchain/core/utils/hash";
import type { Turn } from "../src/agent/agent.js";
import { nodeRunOf } from "../src/langgraph/config.js";
import { namespaceOf } from "../src/langgraph/namespace.js";

/**
 * The id of a question: what it says, to whom it is put, and the run of the node that asks it. An answer to one that says anything
 * else, or that was asked in another branch of the thread, has another.
 */
export function nonceFor(turn: Turn, content: unknown): string {
  const place = [nodeRunOf(turn.config) ?? "", namespaceOf(turn.config), turn.orchestration, turn.phase, turn.agent];
  return sha256(JSON.stringify([place, content]));
}
