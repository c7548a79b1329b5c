import type { BaseMessage } from "@langchain/core/messages";
import { isPlainObject } from "../base/json.js";
import { passenger } from "../langgraph/passenger.js";
import type { Next } from "./outcome.js";

/** A finished piece of a turn: a model's answer, or a tool call with its result. */
export interface Piece {
  /** What it adds to the conversation. */
  readonly said: readonly BaseMessage[];
  /** What it changes of the extra state. */
  readonly update?: Readonly<Record<string, unknown>>;
  /** What it wants to happen next. */
  readonly next?: Next;
  /** What the agent says when the turn ends with this piece. */
  readonly reply?: string;
}

/** Which piece of which turn it is: what is stored has to tell by itself, because a turn that never ends cannot. */
export interface PiecePlace {
  readonly phase: string;
  readonly agent: string;
  /** Pieces of a turn are numbered as they begin. */
  readonly order: number;
}

/** A piece as it is stored, before its turn is. */
export type StoredPiece<P extends Piece = Piece> = P & { readonly piece: PiecePlace };

/** True for what was stored as a piece of a turn. */
export function isStoredPiece(value: unknown): value is StoredPiece {
  return (
    isPlainObject(value) && isPlainObject(value["piece"]) && typeof value["piece"]["phase"] === "string" && Array.isArray(value["said"])
  );
}

/** Something that was said, as far as it is known. */
export interface Said {
  readonly said: readonly BaseMessage[];
}

/** What a turn has finished so far, in this process. When it fails, this is what the conversation is told of it. */
export class Work implements Said {
  private readonly pieces: { readonly said: readonly BaseMessage[]; isStored: boolean }[] = [];
  private readonly followed: (() => readonly BaseMessage[])[] = [];
  private begun = 0;
  private changed: Readonly<Record<string, unknown>> = {};
  /** Whose decision the turn's event is, where a person of the team made it: a part of its `meta`. */
  spokenFor: { readonly user?: string } = {};

  constructor(private readonly phase: string) {}

  /** The place of a piece that begins now. */
  begin(agent: string): PiecePlace {
    this.begun += 1;
    return { phase: this.phase, agent, order: this.begun };
  }

  /** @returns what to call when the piece is stored later. */
  add({ said, update }: Piece, isStored: boolean): () => void {
    const added = { said, isStored };
    this.pieces.push(added);
    this.changed = { ...this.changed, ...update };
    return () => {
      added.isStored = true;
    };
  }

  /** What somebody else keeps count of: asked for when it is needed. */
  follow(said: () => readonly BaseMessage[]): void {
    this.followed.push(said);
  }

  /** All that was said, each message once. */
  get said(): BaseMessage[] {
    return once([...this.pieces.flatMap(({ said }) => said), ...this.followed.flatMap((said) => said())]);
  }

  /** What of it no stored piece holds. */
  get unstored(): BaseMessage[] {
    const stored = new Set(this.pieces.flatMap(({ said, isStored }) => (isStored ? said.map((message) => message.id) : [])));
    return this.said.filter((message) => !stored.has(message.id));
  }

  /** What its tools changed of the extra state. */
  get update(): Readonly<Record<string, unknown>> {
    return this.changed;
  }
}

/** The work of the turn around, for whoever does a piece of it. */
export const WORK = passenger<Work>("work");

/** What everybody has said who works on a task, in the order in which they began: for whoever has to be told when it fails. */
export class Journal implements Said {
  private readonly parts: Said[] = [];

  add(part: Said): void {
    this.parts.push(part);
  }

  get said(): BaseMessage[] {
    return once(this.parts.flatMap(({ said }) => said));
  }
}

/** The journal of the task around. */
export const JOURNAL = passenger<Journal>("journal");

/** Each message once, at its first place. */
export function once(messages: readonly BaseMessage[]): BaseMessage[] {
  const seen = new Set<string>();
  return messages.filter((message) => {
    const isNew = message.id === undefined || !seen.has(message.id);
    if (message.id !== undefined) seen.add(message.id);
    return isNew;
  });
}
