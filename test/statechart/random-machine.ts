import fc from "fast-check";
import { createMachine, type AnyStateMachine } from "xstate";

/** Events that random machines hear. */
export const EVENTS = ["A", "B", "C", "HANDOFF.x"] as const;

/** A tree of states; transitions are put in afterwards, when all names are known. */
interface Shape {
  readonly kind: "atomic" | "compound" | "parallel" | "final";
  readonly children: readonly Shape[];
}

const { shape } = fc.letrec<{ shape: Shape; parent: Shape }>((tie) => ({
  shape: fc.oneof({ depthSize: "small", withCrossShrink: true }, fc.constant<Shape>({ kind: "atomic", children: [] }), tie("parent")),
  parent: fc.record({
    kind: fc.constantFrom("compound" as const, "compound" as const, "parallel" as const),
    children: fc.array(tie("shape"), { minLength: 2, maxLength: 3 }),
  }),
}));

type Pick = (size: number) => number;

/** Builds the machine of a shape, with transitions chosen by a stream of numbers. */
export function machineOf(root: readonly Shape[], numbers: readonly number[]): AnyStateMachine {
  let at = 0;
  const pick: Pick = (size) => (numbers[at++ % numbers.length] ?? 0) % size;
  const ids: string[] = [];
  const name = (shapes: readonly Shape[], path: string): void =>
    shapes.forEach((one, index) => {
      const id = `${path}${index}`;
      ids.push(id);
      name(one.children, `${id}_`);
    });
  name(root, "s");
  const transitions = (own: string): Record<string, unknown> =>
    Object.fromEntries(
      EVENTS.flatMap((event) => {
        switch (pick(6)) {
          case 0:
          case 1:
            return [[event, { target: `#${ids[pick(ids.length)]}`, ...(pick(3) === 0 ? { reenter: true } : {}) }]];
          case 2:
            return [
              [
                event,
                [
                  { guard: () => pick(2) === 0, target: `#${ids[pick(ids.length)]}` },
                  { target: `#${own}`, reenter: true },
                ],
              ],
            ];
          case 3:
            return pick(3) === 0 ? [[event, {}]] : [];
          default:
            return [];
        }
      }),
    );
  const config = (one: Shape, id: string, isTop: boolean): Record<string, unknown> => {
    const children = Object.fromEntries(one.children.map((child, index) => [`${id}_${index}`, config(child, `${id}_${index}`, false)]));
    if (one.kind === "atomic" && !isTop && pick(5) === 0) return { id, type: "final" };
    if (one.children.length === 0) return { id, on: transitions(id) };
    const done = { onDone: `#${ids[pick(ids.length)]}` };
    if (one.kind === "parallel") return { id, type: "parallel", states: children, on: transitions(id), ...done };
    return { id, initial: `${id}_0`, states: children, on: transitions(id), ...done };
  };
  const states = Object.fromEntries(root.map((one, index) => [`s${index}`, config(one, `s${index}`, true)]));
  return createMachine({ id: "m", initial: "s0", states } as never);
}

/** A shape and the numbers that decide its transitions. */
export const machine = fc.tuple(fc.array(shape, { minLength: 2, maxLength: 4 }), fc.array(fc.nat(1_000), { minLength: 40, maxLength: 80 }));
/** Events, each with whose they are among the active phases. */
export const walk = fc.array(fc.tuple(fc.constantFrom(...EVENTS), fc.nat(5)), { maxLength: 20 });
