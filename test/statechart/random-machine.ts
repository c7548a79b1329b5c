import fc from "fast-check";
import { assign, createMachine, type AnyStateMachine } from "xstate";

/** Events that random machines are sent; the machines hear patterns of them as well. */
export const EVENTS = ["A", "B", "C", "C.x", "HANDOFF.x", "INPUT"] as const;
const DESCRIPTORS = ["A", "B", "C", "C.x", "HANDOFF.x", "C.*", "*", "INPUT"] as const;

/** A tree of states; transitions are put in afterwards, when all names are known. */
interface Shape {
  readonly kind: "atomic" | "compound" | "parallel";
  readonly children: readonly Shape[];
}

const { shape } = fc.letrec<{ shape: Shape; parent: Shape }>((tie) => ({
  shape: fc.oneof({ depthSize: "small", withCrossShrink: true }, fc.constant<Shape>({ kind: "atomic", children: [] }), tie("parent")),
  parent: fc.record({
    kind: fc.constantFrom("compound" as const, "compound" as const, "parallel" as const),
    children: fc.array(tie("shape"), { minLength: 1, maxLength: 3 }),
  }),
}));

type Context = { readonly n: number };
const isEven = ({ context }: { context: Context }): boolean => context.n % 2 === 0;
const isThird = ({ context }: { context: Context }): boolean => context.n % 3 === 2;
const count = assign<Context, never, undefined, never, never>({ n: ({ context }) => context.n + 1 });

/** Builds the machine of a shape, with transitions chosen by a stream of numbers. */
export function machineOf(root: readonly Shape[], numbers: readonly number[]): AnyStateMachine {
  let at = 0;
  const pick = (size: number): number => (numbers[at++ % numbers.length] ?? 0) % size;
  const ids: string[] = [];
  const name = (shapes: readonly Shape[], path: string): void =>
    shapes.forEach((one, index) => {
      const id = `${path}${index}`;
      ids.push(id);
      if (one.kind !== "atomic" && (one.children.length + ids.length) % 2 === 0) ids.push(`${id}_h`);
      name(one.children, `${id}_`);
    });
  name(root, "s");
  /** Any state, but no history of a state around the one that is left: XState cannot restore what it is just leaving. */
  const anywhere = (own: string): string => {
    const id = ids[pick(ids.length)] ?? "";
    return `#${id.endsWith("_h") && own.startsWith(id.slice(0, -2)) ? id.slice(0, -2) : id}`;
  };
  const guard = (): Record<string, unknown> => ({ guard: pick(2) === 0 ? isEven : isThird });
  const transition = (own: string): unknown => {
    switch (pick(8)) {
      case 0:
        return { target: anywhere(own), reenter: true };
      case 1:
        return { target: anywhere(own), actions: count };
      case 2:
        return [
          { ...guard(), target: anywhere(own) },
          { target: anywhere(own), actions: count },
        ];
      case 3:
        return { ...guard(), target: anywhere(own) };
      case 4:
        return { actions: count };
      case 5:
        return [{ ...guard(), actions: count }, { target: anywhere(own) }];
      case 6:
        return {};
      default:
        return anywhere(own);
    }
  };
  const hasStars = pick(2) === 0; // with final states or always beside it, "*" hears XState's own events of states that were left
  const transitions = (own: string): Record<string, unknown> =>
    Object.fromEntries(
      DESCRIPTORS.filter((event) => hasStars || event !== "*").flatMap((event) =>
        pick(event === "*" || event === "INPUT" ? 8 : 3) === 0 ? [[event, transition(own)]] : [],
      ),
    );
  const always = (own: string): Record<string, unknown> => {
    return !hasStars && pick(12) === 0 ? { always: { ...guard(), target: anywhere(own), actions: count } } : {}; // guarded by what it counts, so it ends
  };
  const tags = (): Record<string, unknown> => (pick(4) === 0 ? { tags: "waits" } : {});
  const config = (one: Shape, id: string, place: "top" | "region" | "child"): Record<string, unknown> => {
    const children: Record<string, unknown> = Object.fromEntries(
      one.children.map((child, index) => [`${id}_${index}`, config(child, `${id}_${index}`, one.kind === "parallel" ? "region" : "child")]),
    );
    if (one.kind === "atomic" && !hasStars && place !== "top" && !id.endsWith("_0") && pick(4) === 0) return { id, type: "final" };
    if (one.kind === "atomic") return { id, on: transitions(id), ...always(id), ...tags() };
    if (ids.includes(`${id}_h`)) {
      children[`${id}_h`] = {
        id: `${id}_h`,
        type: "history",
        history: pick(2) === 0 ? "shallow" : "deep",
        ...(pick(2) === 0 ? { target: `#s${(Number(/^s(\d+)/.exec(id)?.[1]) + 1) % root.length}` } : {}),
      };
    }
    const after = (): string => `#s${pick(root.length)}`; // never a final state: one that ends its own parent goes round for ever
    const done =
      place === "region" && pick(2) === 0
        ? {}
        : { onDone: pick(3) === 0 ? [{ ...guard(), target: after() }, { target: after() }] : after() };
    const own = { id, on: transitions(id), states: children, ...always(id), ...done };
    return one.kind === "parallel" ? { ...own, type: "parallel" } : { ...own, initial: `${id}_0` };
  };
  const states = Object.fromEntries(root.map((one, index) => [`s${index}`, config(one, `s${index}`, "top")]));
  return createMachine({ id: "m", context: { n: 0 }, initial: "s0", states, on: transitions("s") } as never); // random, so no type fits
}

/** A shape and the numbers that decide its transitions. */
export const machine = fc.tuple(
  fc.array(shape, { minLength: 2, maxLength: 4 }),
  fc.array(fc.nat(1_000), { minLength: 40, maxLength: 120 }),
);
/** Events, each with whose they are among the active phases. */
export const walk = fc.array(fc.tuple(fc.constantFrom(...EVENTS), fc.nat(5)), { maxLength: 20 });
