import type { BaseMessage } from "@langchain/core/messages";

/** Names a message, in place. Its JSON is made of what its constructor was given, so the id has to be there too. */
export function messageWithId<M extends BaseMessage>(message: M, id: string): M {
  message.id = id;
  message.lc_kwargs["id"] = id;
  return message;
}

/** A copy of a message, of the same class; its parts are the same. What names its written keys is copied too. */
export function messageCopy<M extends BaseMessage>(message: M): M {
  const copy = Object.assign(Object.create(Object.getPrototypeOf(message) as object) as M, message);
  copy.lc_kwargs = { ...copy.lc_kwargs };
  return copy;
}

/** How the JSON of every message of LangChain begins. */
export const MESSAGE_NAMESPACE: readonly string[] = ["langchain_core", "messages"];

/** The parts of a message that its `toJSON` reads. */
export interface WrittenMessage {
  readonly [key: string]: unknown;
  readonly lc_kwargs: Readonly<Record<string, unknown>>;
  readonly lc_namespace: readonly string[];
}

/** What `toJSON` writes the keys of. */
export const writtenKeys = (message: WrittenMessage): Readonly<Record<string, unknown>> => message.lc_kwargs;

/** What `toJSON` writes under a key: the property of that name when there is one. */
export const writtenAs = (message: WrittenMessage, key: string): unknown => (key in message ? message[key] : message.lc_kwargs[key]);

/** Whether `toJSON` of the object is that of the class with this prototype, and nothing of it was replaced. */
export function isWrittenAs(message: WrittenMessage, prototype: object): boolean {
  const own = prototype as Readonly<Record<string, unknown>>;
  return (
    Object.getPrototypeOf(message) === prototype &&
    message["lc_serializable"] === true &&
    message["toJSON"] === own["toJSON"] &&
    message["constructor"] === own["constructor"] &&
    typeof message.lc_kwargs === "object" &&
    message.lc_kwargs !== null &&
    message.lc_namespace.length === 2 &&
    message.lc_namespace[0] === MESSAGE_NAMESPACE[0] &&
    message.lc_namespace[1] === MESSAGE_NAMESPACE[1]
  );
}
