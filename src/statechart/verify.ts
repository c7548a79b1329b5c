import type { Chart } from "./chart.js";
export interface Verification {
  readonly ok: boolean;
  assertOk(): void;
}
export function verify(_chart: Chart, _agents: ReadonlyMap<string, unknown>): Verification {
  return { ok: true, assertOk: () => undefined };
}
