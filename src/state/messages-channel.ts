import { BaseChannel, REMOVE_ALL_MESSAGES, type Messages } from "@langchain/langgraph";
import type { BaseMessage, BaseMessageLike } from "@langchain/core/messages";
import { systemClock } from "../base/clock.js";
import { identify, ownMessage, readMessage } from "./owned-message.js";
import { fromStoredForm, storedForm, type StoredForm } from "./stored-messages.js";

/**
 * The conversation, merged by id as LangGraph's own reducer does. Total: what cannot be read as a message, and the removal of a
 * message that is not there, change nothing. LangGraph's reducer throws on both, after the write was stored, which breaks the thread.
 * Its messages cannot be changed, and whoever reads it is given a list of their own.
 */
export class MessagesChannel extends BaseChannel<BaseMessage[], Messages, readonly StoredForm[]> {
  lc_graph_name = "PhasegraphMessages";

  constructor(private value: readonly BaseMessage[] = []) {
    super();
  }

  override fromCheckpoint(forms?: readonly StoredForm[]): this {
    return new MessagesChannel(forms === undefined ? [] : (live.get(forms) ?? forms.map(fromStoredForm))) as this;
  }

  override update(updates: Messages[]): boolean {
    const [only] = updates;
    const known = updates.length === 1 ? newest.get(this.value) : undefined;
    if (known !== undefined && known.update === only) {
      this.value = known.result;
      return true;
    }
    const written = updates.flatMap((update) => [update].flat() as BaseMessageLike[]).flatMap(readable);
    if (written.length === 0) return false;
    const result = merge(this.value, written);
    if (updates.length === 1 && typeof only === "object") newest.set(this.value, { update: only, result });
    this.value = result;
    return true;
  }

  override get(): BaseMessage[] {
    return [...this.value];
  }

  override checkpoint(): readonly StoredForm[] {
    const known = stored.get(this.value);
    if (known !== undefined) return known;
    const forms = this.value.map(storedForm);
    stored.set(this.value, forms);
    live.set(forms, this.value);
    return forms;
  }

  override isAvailable(): boolean {
    return true;
  }

  override equals(other: BaseChannel): boolean {
    return other instanceof MessagesChannel;
  }
}

/** LangGraph applies an update for each routing decision, and again for the superstep: the second is a look-up, and leads to the very same list. */
const newest = new WeakMap<readonly BaseMessage[], { readonly update: Messages; readonly result: readonly BaseMessage[] }>();

/** LangGraph takes a checkpoint of the channel for each routing decision too, and reads it back at once: both are look-ups. */
const stored = new WeakMap<readonly BaseMessage[], readonly StoredForm[]>();
const live = new WeakMap<readonly StoredForm[], readonly BaseMessage[]>();

function readable(message: BaseMessageLike): BaseMessage[] {
  try {
    return [identify(readMessage(message), systemClock)]; // into the message itself: each update is applied twice, and both must give the same
  } catch {
    return [];
  }
}

function merge(known: readonly BaseMessage[], written: readonly BaseMessage[]): readonly BaseMessage[] {
  const byId = new Map(known.map((message) => [message.id, message]));
  for (const message of written) {
    if (message.getType() !== "remove") byId.set(message.id, ownMessage(message));
    else if (message.id === REMOVE_ALL_MESSAGES) byId.clear();
    else byId.delete(message.id);
  }
  return [...byId.values()];
}
