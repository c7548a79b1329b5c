import { afterEach, beforeEach, expect, vi } from "vitest";

/** A library is silent: a test in which something writes to the console fails. Rejections that nobody handles fail the run by themselves. */
const METHODS = ["log", "info", "warn", "error", "debug"] as const;
let written: unknown[][] = [];

beforeEach(() => {
  written = [];
  for (const method of METHODS) vi.spyOn(console, method).mockImplementation((...args: unknown[]) => void written.push([method, ...args]));
});

afterEach(() => {
  for (const method of METHODS) vi.mocked(console[method]).mockRestore();
  expect(written, "something was written to the console").toEqual([]);
});
