import { readFileSync } from "node:fs";
import { describe, expect, expectTypeOf, it } from "vitest";
import * as doors from "../index.js";
import { HTTP_STATUS, IllegalTransitionError, PhasegraphError, type ErrorCode } from "../index.js";

const classes = Object.values(doors).filter(
  (value): value is typeof IllegalTransitionError => typeof value === "function" && value.prototype instanceof PhasegraphError,
);

describe("errors", () => {
  it("the classes, the table of statuses and the page on errors are one list", () => {
    const page = readFileSync("docs/errors.md", "utf8");
    const listed = [...page.matchAll(/^\| `([A-Z_]+)` \| `(\w+)` \| (\d+) \|/gm)].map(([, code, name, status]) => [
      code,
      name,
      Number(status),
    ]);
    const written = classes.map((known) => {
      const { code, name } = Reflect.construct(known, ["", [], [], 1]) as PhasegraphError;
      return [code, name, HTTP_STATUS[code]];
    });
    const sorted = (rows: readonly unknown[]): unknown[] => [...rows].sort((a, b) => String(a).localeCompare(String(b)));
    expect(sorted(listed)).toEqual(sorted(written));
    expect(new Set(written.map(([code]) => code))).toEqual(new Set(Object.keys(HTTP_STATUS)));
    for (const known of classes) expect(known.name).toBe((Reflect.construct(known, ["", [], [], 1]) as PhasegraphError).name);
  });

  it("an error narrows by its code and is recognised from another copy of the package", async () => {
    const error: unknown = new IllegalTransitionError("SHIP", "intake", ["HANDOFF.handling", "ESCALATE"]);
    if (!PhasegraphError.is(error)) throw error;
    if (error.code === "ILLEGAL_TRANSITION") expectTypeOf(error.legal).toEqualTypeOf<readonly string[]>();
    expectTypeOf<typeof error.code>().toEqualTypeOf<ErrorCode>();
    const copy = (await import("../src/base/errors.js?copy=2" as string)) as { PhasegraphError: typeof PhasegraphError };
    expect(error instanceof copy.PhasegraphError).toBe(false);
    expect(copy.PhasegraphError.is(error)).toBe(true);
    expect(copy.PhasegraphError.is(new Error("another"))).toBe(false);
  });

  it("the HTTP answer carries the facts, and no stack", async () => {
    const answer = new IllegalTransitionError("SHIP", "intake", ["ESCALATE"]).getResponse();
    expect(answer.status).toBe(409);
    expect(await answer.json()).toEqual({
      error: "IllegalTransitionError",
      code: "ILLEGAL_TRANSITION",
      message: '"SHIP" is not accepted in phase "intake"; legal events now: ESCALATE.',
      event: "SHIP",
      phase: "intake",
      legal: ["ESCALATE"],
    });
  });

  it("a long list of legal events is cut in the message and whole in the facts", () => {
    const legal = Array.from({ length: 50 }, (_, index) => `E${index}`);
    const error = new IllegalTransitionError("X", "a", legal);
    expect(error.message).toContain("E19 and 30 more");
    expect(error.legal).toHaveLength(50);
  });
});
