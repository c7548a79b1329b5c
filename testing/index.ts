export type { Check } from "./contract/subject.js";
export { edgeName } from "./edges-taken.js";
export { everyEdge, type EdgeScript, type Exploration, type Reached } from "./every-edge.js";
export { type ExploreOptions, type Payload, type Step } from "./steps.js";
export { KillableSaver, KilledError } from "./killable-saver.js";
export { manualClock, type ManualClock } from "./manual-clock.js";
export { readMagenticLog, type MagenticLog, type RecordedEnd, type RecordedRound, type UnusedLine } from "./replay/magentic-log.js";
export { magenticReport, magenticSummary, magenticTable, type MagenticRunSummary } from "./replay/magentic-report.js";
export type { RecordedMember } from "./replay/recorded-team.js";
export { swapDecision, type SwappedDecision } from "./replay/swap-decision.js";
export { replayMagentic, type MagenticReplay, type ReplayedRound } from "./replay/replay-magentic.js";
export { patternContract, type ContractOptions } from "./pattern-contract.js";
export { providerIssues, providerRules, type CheckedRequest, type Provider, type ProviderRules, type Role } from "./provider-rules.js";
export { scripted, scriptedAgent, type ScriptedAgent, type TurnStep } from "./scripted-agent.js";
export {
  callHandoff,
  callTool,
  scriptedModel,
  ScriptedModel,
  type ModelRequest,
  type ModelStep,
  type ScriptedAnswer,
  type ScriptedCall,
} from "./scripted-model.js";
