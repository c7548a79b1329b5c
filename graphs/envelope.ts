import { z } from "zod";
import type { Turn } from "../src/agent/agent.js";
import { InvalidRequestError } from "../src/base/errors.js";

const name = z.string().min(1).max(128);
const roles = z.union([name.transform((role) => [role]), z.array(name).min(1).max(100)]);

const schema = z.object({
  agentId: name.optional(),
  agentRole: roles.optional(),
  channelType: name.optional(),
  source: name.optional(),
  intent: name.optional(),
});

/**
 * What is known of a user's message beside its words. Clients write it as `additional_kwargs.metadata` of the message, or for a whole
 * run as `configurable`; `agent_role` and the like are read too.
 */
export interface Envelope {
  /** The agent it is addressed to. */
  readonly agentId?: string | undefined;
  /** The roles it is for; one may be written as a text. */
  readonly agentRole?: readonly string[] | undefined;
  /** How it came: `"sms"`, `"voice"`, … */
  readonly channelType?: string | undefined;
  /** Where it came from: the id of a channel or an app. */
  readonly source?: string | undefined;
  readonly intent?: string | undefined;
}

const KEYS = ["agentId", "agentRole", "channelType", "source", "intent"] as const;

/**
 * The envelope of the newest message; nothing of one that no user wrote.
 * @throws InvalidRequestError when something in it is not as an envelope has it.
 */
export function envelopeOf(turn: Pick<Turn, "messages" | "config">): Envelope {
  const message = turn.messages.at(-1);
  const written =
    message?.getType() === "human" ? (message.additional_kwargs?.["metadata"] as Readonly<Record<string, unknown>> | undefined) : {}; // anything: parsed below
  const given = { ...pick(turn.config.configurable ?? {}), ...pick(written ?? {}) };
  const parsed = schema.safeParse(given);
  if (!parsed.success)
    throw new InvalidRequestError("The metadata of a message", z.prettifyError(parsed.error), `texts for ${KEYS.join(", ")}`);
  return parsed.data;
}

function pick(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const found = KEYS.map((key) => [key, values[key] ?? values[key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)]] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined && value !== null));
}
