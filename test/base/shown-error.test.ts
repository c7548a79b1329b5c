import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shownError, shownValue, soundError } from "../../src/base/shown-error.js";

const fails = (): never => {
  throw new Error("a trap");
};
const poison = new Proxy({}, { get: fails, has: fails, getPrototypeOf: fails, ownKeys: fails, getOwnPropertyDescriptor: fails });
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const cycle: Record<string, unknown> = {};
cycle["self"] = cycle;

/** What JavaScript lets one throw. Made when asked for: a Proxy in the hands of fast-check would be looked into. */
const ODD: readonly (() => unknown)[] = [
  () => null,
  () => undefined,
  () => Symbol("s"),
  () => poison,
  () => revoked.proxy,
  () => cycle,
  () => fails,
  () => Object.create(null) as unknown,
  () => ({
    get message(): string {
      return fails();
    },
    get name(): string {
      return fails();
    },
  }),
  () => Object.assign(new Error("x"), { message: { code: 17 } }),
  () => Object.assign(new Error("x"), { name: poison }),
  () => ({ message: poison }),
  () => [poison],
  () => ({ toString: fails, toJSON: fails, [Symbol.toPrimitive]: fails }),
  () => new Error("x".repeat(5_000_000)),
  () => ({ name: "n".repeat(1_000_000), message: "😀".repeat(1_000_000) }),
  () => 10n ** 100_000n,
  () => Array.from({ length: 1_000_000 }, () => 0),
  () => new AggregateError([poison], "several"),
];
const anything = fc.oneof(
  fc.constantFrom(...ODD),
  fc.anything({ withBigInt: true, withNullPrototype: true, withDate: true, withMap: true }).map((value) => () => value),
);

describe("what is kept of an error", () => {
  it("is a bounded name and message, whatever was thrown", () => {
    fc.assert(
      fc.property(anything, (make) => {
        const thrown = make();
        const { name, message, ...rest } = shownError(thrown);
        expect(typeof name === "string" && name.length > 0 && name.length <= 200).toBe(true);
        expect(typeof message === "string" && message.length <= 2_000).toBe(true);
        expect(rest).toEqual({});
        expect(JSON.parse(JSON.stringify({ name, message }))).toEqual({ name, message });
        expect(shownValue(thrown).length).toBeLessThanOrEqual(2_000);
      }),
    );
  });

  it("is the error's own, where it has a name and a message", () => {
    expect(shownError(new TypeError("wrong"))).toEqual({ name: "TypeError", message: "wrong" });
    expect(shownError({ name: "HTTPError", message: "502" })).toEqual({ name: "HTTPError", message: "502" });
    expect(shownError("plain words")).toEqual({ name: "Error", message: "plain words" });
  });

  it("tells what stood in the place of a message", () => {
    expect(shownError(Object.assign(new Error("x"), { message: { code: 17 } })).message).toBe('{"code":17}');
    expect(shownError({ status: 500, body: [1, 2] }).message).toBe('{"status":500,"body":[1,2]}');
    expect(shownError(null).message).toBe("null");
    expect(shownError(Symbol("s")).message).toBe("Symbol(s)");
  });

  it("is cut between characters, not inside of one", () => {
    expect(shownError(new Error(`${"x".repeat(1_999)}😀`)).message).toBe("x".repeat(1_999));
  });

  it("costs no more for what is huge", () => {
    let looked = 0;
    const list = Array.from({ length: 2_000_000 }, (_, index) => ({ index }));
    const get = (target: object, key: string | symbol): unknown => ((looked += 1), Reflect.get(target, key));
    shownError({ message: new Proxy(list, { get }) });
    expect(looked).toBeGreaterThan(0);
    expect(looked).toBeLessThan(10_000);
  });
});

describe("an error that can be thrown on", () => {
  it("is the very one that was thrown where it can be read, and else one that says what it was", () => {
    fc.assert(
      fc.property(anything, (thrown) => {
        const error = soundError(thrown);
        expect([typeof error.name, typeof error.message]).toEqual(["string", "string"]);
        expect(
          { name: error.name, message: error.message.slice(0, 1_999) }.message.startsWith(shownError(thrown).message.slice(0, 1_999)),
        ).toBe(true);
      }),
    );
    const own = new RangeError("mine");
    expect(soundError(own)).toBe(own);
  });
});
