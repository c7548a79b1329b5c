import { isPlainObject, jsonIssue } from "../base/json.js";
import type { ControlEvent } from "./control.js";

const MAX_EVENT_BYTES = 65_536;
/** Characters of the id of a person: an address has up to 254, the subject of a token up to 255. */
export const MAX_USER = 256;
const NO_EVENT = 'an update of control is an event: { type: "…" }';

/** What reached the channel as an event, or why it is none. */
export function readEvent(update: unknown): ControlEvent | string {
  if (!isPlainObject(update)) return NO_EVENT;
  const { type } = update;
  if (typeof type !== "string" || type === "" || type === "__overwrite__" || "__overwrite__" in update) return NO_EVENT;
  if (!isMeta(update["meta"])) return "its meta has not the form that the kernel gives it";
  const issue = jsonIssue(update, MAX_EVENT_BYTES);
  return issue === undefined ? (update as unknown as ControlEvent) : `the event ${issue}`; // checked field by field just above
}

/** Only the doors and the nodes stamp events; whatever else reaches the channel may carry anything. */
function isMeta(meta: unknown): boolean {
  if (meta === undefined) return true;
  if (!isPlainObject(meta)) return false;
  const { by, user, at, phase, usage, after, id, forks } = meta;
  const isCount = (count: unknown): boolean => typeof count === "number" && count >= 0;
  return (
    typeof by === "string" &&
    by.length <= 128 &&
    (user === undefined || (typeof user === "string" && user.length <= MAX_USER)) &&
    typeof at === "number" &&
    (phase === undefined || typeof phase === "string") &&
    (after === undefined || typeof after === "string") &&
    (id === undefined || (typeof id === "string" && id.length <= 128)) &&
    (forks === undefined || forks === true) &&
    (usage === undefined ||
      (isPlainObject(usage) && [usage["steps"], usage["modelCalls"], usage["toolCalls"], usage["tasks"] ?? 0].every(isCount)))
  );
}

/** The event as ours to keep: what it carries may end in the chart's context, and its sender may go on changing it. */
export function ownEvent(event: ControlEvent): ControlEvent | undefined {
  const holdsObjects = Object.entries(event).some(([key, value]) => key !== "meta" && typeof value === "object" && value !== null);
  try {
    return holdsObjects ? structuredClone(event) : event;
  } catch {
    return undefined; // a Proxy
  }
}

/** How a refusal calls what arrived. */
export const labelOf = (update: unknown): string =>
  isPlainObject(update) && typeof update["type"] === "string" ? update["type"].slice(0, 100) : "a value";
