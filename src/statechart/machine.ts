import type { AnyStateMachine, SnapshotFrom } from "xstate";

/** Any XState v5 machine. */
export type Machine = AnyStateMachine;

/** The paths of a machine's leaf states, dotted: `"draft" | "review.security"`. */
export type PhaseOf<M extends Machine> = Paths<SnapshotFrom<M>["value"]>;

type Paths<Value> = Value extends string
  ? Value
  : { [Key in keyof Value & string]: Nested<Key, NonNullable<Value[Key]>> }[keyof Value & string];

type Nested<Key extends string, Inner> = Inner extends string | object
  ? Paths<Inner> extends infer Path extends string
    ? [Path] extends [never]
      ? Key
      : `${Key}.${Path}`
    : never
  : never;
