import type { BaseMessage } from "@langchain/core/messages";
import { z } from "zod";
import type { PatternTool } from "../src/agent/agent.js";
import { newestResults } from "./delegation.js";

/** The tool with which a supervisor gives the user a worker's result word for word. */
export const FORWARD_RESULT = "forward_result";

const WHOSE = z.object({ worker: z.string().optional().describe("whose newest result; without it the newest of all") });

/** The tool to forward with, where there is a result: it ends the turn, and no model repeats the words. */
export function forwardTools(messages: readonly BaseMessage[]): PatternTool[] {
  const results = newestResults(messages);
  if (results.size === 0) return [];
  const known = [...results.keys()].filter((worker) => worker !== undefined).join(", ") || "all workers together";
  return [
    {
      name: FORWARD_RESULT,
      description: "Gives the user the newest result, or the newest of one worker, word for word, and ends your turn.",
      schema: WHOSE,
      answer: (args) => {
        const { worker } = WHOSE.parse(args);
        const found = worker === undefined ? [...results.values()].at(-1) : results.get(worker);
        if (found === undefined) return { content: `There is no result of "${worker}" to forward; there are results of ${known}.` };
        return { content: "Forwarded.", reply: found, next: { kind: "done" } };
      },
    },
  ];
}
