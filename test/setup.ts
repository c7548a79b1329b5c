import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { checkRequests } from "./requests.js";

checkRequests();

/** A library is silent: a test in which something writes to the console, or Node warns, fails. Rejections that nobody handles fail the run by themselves. */
const METHODS = ["log", "info", "warn", "error", "debug"] as const;
let written: unknown[][] = [];
let warned: string[] = [];
const noteWarning = (warning: Error): void => void warned.push(`${warning.name}: ${warning.message}`);

beforeEach(() => {
  written = [];
  warned = [];
  process.on("warning", noteWarning);
  for (const method of METHODS) vi.spyOn(console, method).mockImplementation((...args: unknown[]) => void written.push([method, ...args]));
});

afterEach(async () => {
  await nextTurn(); // Node tells of a warning in the next tick
  process.off("warning", noteWarning);
  for (const method of METHODS) vi.mocked(console[method]).mockRestore();
  expect(written, "something was written to the console").toEqual([]);
  expect(warned, "Node warned").toEqual([]);
});
