import type { AIMessage } from "@langchain/core/messages";

/** How providers say that an answer was withheld, in lower case. */
const WITHHELD: ReadonlySet<string> = new Set([
  "content_filter",
  "content_filtered",
  "refusal",
  "safety",
  "recitation",
  "blocklist",
  "prohibited_content",
  "spii",
  "guardrail_intervened",
]);
const REASONS = ["finish_reason", "finishReason", "stop_reason", "stopReason"] as const;
const MAX_WORDS = 1_000;

/** Why the model did not answer, in its own words or its provider's; undefined when it did. */
export function refusalIn(message: AIMessage): string | undefined {
  const words = [message.additional_kwargs["refusal"], ...blocksOf(message).map((block) => block["refusal"])];
  const said = words.find((one): one is string => typeof one === "string" && one !== "");
  if (said !== undefined) return said.slice(0, MAX_WORDS);
  const reasons = REASONS.map((key) => message.response_metadata[key] as unknown);
  const reason = reasons.find((one): one is string => typeof one === "string" && WITHHELD.has(one.toLowerCase()));
  return reason === undefined ? undefined : `its provider withheld the answer (${reason})`;
}

const blocksOf = ({ content }: AIMessage): readonly Readonly<Record<string, unknown>>[] => (typeof content === "string" ? [] : content);
