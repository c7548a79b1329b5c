import type { Chart } from "./chart.js";
export function toMermaid(_chart: Chart, _agents: ReadonlyMap<string, unknown>): string {
  return "";
}
