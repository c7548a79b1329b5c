export {
  AnswerRefusedError,
  BudgetExceededError,
  ChartMismatchError,
  CheckpointVersionError,
  HandoffRejectedError,
  HTTP_STATUS,
  IllegalTransitionError,
  InvalidDefinitionError,
  InvalidModelOutputError,
  InvalidRequestError,
  LeaseLostError,
  LoopLimitError,
  ModelRefusedError,
  PhasegraphError,
  RunConflictError,
  StepTimeoutError,
  StorageFailedError,
  TaskFailedError,
  UnknownAgentError,
  type AnyPhasegraphError,
  type OpenQuestion,
  type ErrorCode,
  type Issue,
  type StorageFailure,
} from "./src/base/errors.js";
export { systemClock, type Clock } from "./src/base/clock.js";
export type {
  Agent,
  HandoffTarget,
  InheritedOptions,
  Manifest,
  Member,
  PatternAnswer,
  PatternTool,
  PhaseRun,
  Place,
  Range,
  Result,
  Runner,
  Turn,
} from "./src/agent/agent.js";
export type { SeenAgent } from "./src/agent/inside.js";
export type { Budget, Limits, Resource } from "./src/agent/budget.js";
export {
  conversationLog,
  readRecord,
  type LogEntry,
  type LogFilter,
  type MessageRecord,
  type MessageType,
} from "./src/agent/conversation.js";
export {
  handoff,
  reply,
  send,
  type HandoffOptions,
  type Next,
  type Outcome,
  type OutcomeOptions,
  type Update,
} from "./src/agent/outcome.js";
export {
  ChangeRecord,
  Charter,
  CharterDraft,
  normalPath,
  QaVerdict,
  readCharter,
  type CharterStatus,
  type ItemVerdict,
  type RecordedChange,
} from "./src/charter/charter.js";
export { charterFrom, charterMarkdown } from "./src/charter/markdown.js";
export { repairHistory, type HistoryView } from "./src/handoff/history.js";
export { type CompileOptions } from "./src/compile/compile.js";
export { OrchestrationGraph } from "./src/compile/graph.js";
export type { Resting, WaitedFor } from "./src/compile/waiting.js";
export { teamOf, type Team, type Teammate } from "./src/compile/team.js";
export { watch, type RunEvent, type TerminalEvent, type Watched } from "./src/compile/watch.js";
export {
  defineOrchestration,
  type Orchestration,
  type OrchestrationDefinition,
  type OrchestrationOptions,
} from "./src/compile/orchestration.js";
export type { BaseState, Fields, FieldValues, GraphInput, GraphOutput, GraphState, GraphUpdate } from "./src/state/schema.js";
export type { OnChartChange } from "./src/state/control-channel.js";
export type { EventSchemas } from "./src/statechart/chart.js";
export type { Answered, Control, ControlEvent, EventMeta, Handover, Refusal, TrailEntry, Usage } from "./src/statechart/control.js";
export type { Machine, PhaseOf } from "./src/statechart/machine.js";
export { EVENT, FAILED, WAITS } from "./src/statechart/vocabulary.js";
export { agent, type AgentDefinition } from "./nodes/agent.js";
export { delegate, openDelegations, type Assignment, type Delegation } from "./nodes/delegation.js";
export { ApprovalAnswer, type ApprovalDecision, type ApprovalQuestion, type ApprovalRequest } from "./src/agent/approval.js";
export { charterReader, charterWriter } from "./nodes/charter-file.js";
export { type ChatModel } from "./nodes/chat-model.js";
export { type FunctionAgent, type FunctionAnswer } from "./nodes/function.js";
export { type GraphAgent } from "./nodes/graph-agent.js";
export { type AnyGraph, type ValuesOf } from "./nodes/graph-source.js";
export { type HandoffPolicy } from "./nodes/handoff-middleware.js";
export { human, HumanAnswer, type HumanDefinition, type HumanQuestion } from "./nodes/human.js";
export { type ModelAgent, type TurnLimits } from "./nodes/model-agent.js";
export { type RemoteQuestions } from "./nodes/remote-agent.js";
export { specialist, SPECIALISTS, type SpecialistDefinition, type SpecialistRole } from "./nodes/specialist.js";
export { idempotencyKey } from "./nodes/idempotency.js";
export { type Aggregate, type Aggregation, type Conflict, type OnConflict } from "./graphs/aggregate.js";
export { abstain, Ballot, vote, type ReadBallot, type VoteOptions } from "./graphs/ballots.js";
export { consensus, consensusResult, type ConsensusDefinition, type ConsensusResult } from "./graphs/consensus.js";
export {
  broadcast,
  roleChain,
  roundRobin,
  type BroadcastDefinition,
  type RoleChainDefinition,
  type RoundRobinDefinition,
} from "./graphs/coordinator.js";
export { type Count, type CountRules, type Shortfall } from "./src/voting/count.js";
export { type CastBallot, type Tally } from "./src/voting/tally.js";
export { envelopeOf, type Envelope } from "./graphs/envelope.js";
export { hierarchical, withTask, type HierarchicalDefinition } from "./graphs/hierarchical.js";
export { approve, loop, loopResult, revise, Verdict, type LoopDefinition, type LoopResult } from "./graphs/loop.js";
export { orchestratorWorker, planOf, type OrchestratorWorkerDefinition, type PlanState } from "./graphs/orchestrator-worker.js";
export { magentic, type MagenticDefinition, type MagenticLimits } from "./graphs/magentic.js";
export { magenticResult, type MagenticResult, type MagenticStop } from "./graphs/magentic-result.js";
export { type LedgerQuestion, type Think } from "./nodes/orchestrator.js";
export { type ProgressLedger, type Slot } from "./src/ledger/progress-ledger.js";
export { parallel, type ParallelDefinition } from "./graphs/parallel.js";
export { pipeline, type Pipeline, type PipelineDefinition, type Stage } from "./graphs/pipeline.js";
export { type Role, type Roles } from "./graphs/roles.js";
export { qaGated, qaResult, recordChange, sign, writeCharter, type QaGatedDefinition, type QaResult } from "./graphs/qa-gated.js";
export { router, type RouterDefinition, type Routing, type RoutingConditions, type RoutingRule } from "./graphs/router.js";
export { sequential, type SequentialDefinition } from "./graphs/sequential.js";
export { supervisor, type SupervisorDefinition } from "./graphs/supervisor.js";
export { swarm, type SwarmDefinition } from "./graphs/swarm.js";
export { strategies, type StrategiesDefinition } from "./graphs/strategies.js";
export { mapped, mapReduce, type MapReduceDefinition } from "./graphs/map-reduce.js";
export { executor, type ExecutorDefinition, type ExecutorLimits, type Fold } from "./nodes/executor/executor.js";
export { Cancellation } from "./nodes/executor/cancellation.js";
export { ledger, note, type LedgerOptions, type NoteOptions } from "./nodes/ledger.js";
export { planner, type PlannerDefinition } from "./nodes/planner.js";
export { LedgerNote, readNotes, type LedgerNoteInput, type LedgerNotes, type NoteFilter } from "./src/ledger/notes.js";
export { type ProgressEntry, type TaskEntry, type WorkLedger, type WorkLedgers, type WorkStatus } from "./src/ledger/work.js";
export { estimateComplexity, type Complexity } from "./src/planning/complexity.js";
export { decompose, type DecomposeOptions, type DecompositionStrategy } from "./src/planning/decompose.js";
export { estimatePlan, type EstimateOptions, type PlanEstimate } from "./src/planning/estimate.js";
export { readPlan, type Plan, type Task } from "./src/planning/plan.js";
export { suggestAgent, type Candidate, type Suggestion } from "./src/planning/suggest.js";
export { tasksOf, type TaskRecord, type TaskRecords, type TaskStatus } from "./src/agent/task.js";
