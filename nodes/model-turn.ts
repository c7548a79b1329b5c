import { HumanMessage, type AIMessage, type BaseMessage } from "@langchain/core/messages";
import type { ToolCall } from "@langchain/core/messages/tool";
import type { StructuredToolInterface } from "@langchain/core/tools";
import { z } from "zod";
import type { HandoffTarget, PatternTool, PhaseRun, Turn } from "../src/agent/agent.js";
import { HANDOFF_TOOL, recordMessage } from "../src/agent/conversation.js";
import { TURN_MILLISECONDS, withDeadline } from "../src/agent/deadline.js";
import type { Next, Outcome } from "../src/agent/outcome.js";
import { WORK, type Piece } from "../src/agent/work.js";
import { untilAborted } from "../src/base/abort.js";
import {
  BudgetExceededError,
  HandoffRejectedError,
  InvalidDefinitionError,
  InvalidModelOutputError,
  ModelRefusedError,
} from "../src/base/errors.js";
import { frozenCopy } from "../src/base/json.js";
import { tell } from "../src/base/listener.js";
import { dialectOf } from "../src/handoff/dialect.js";
import { historyFor, withAdded } from "../src/handoff/history-for.js";
import { askApproval } from "./approval.js";
import { chatModel } from "./chat-model.js";
import { HandoffArguments, HandoffTools, refusedHandoff } from "./handoff-tool.js";
import type { ModelAgent } from "./model-agent.js";
import { canCallTools } from "./chat-model.js";
import { definitionIssues } from "./model-issues.js";
import { callModel, type ModelAnswer } from "./model-call.js";
import { answerAlone } from "./plain-answer.js";
import { refusalIn } from "./refusal.js";
import { RESPOND, respondTool, type RespondTool } from "./respond-tool.js";
import { fitting, storable, withOutput } from "./structured-output.js";
import { pieceOf, runTools, type AskedCall } from "./tool-calls.js";
import type { ToolOutcome } from "./tool-outcome.js";

const OUTPUT_ATTEMPTS = 3;
const UNKNOWN_TOOL_ATTEMPTS = 3;
const DEFAULTS = { modelCalls: 25, toolCalls: 100 } as const;

/** @throws InvalidDefinitionError for tools that a provider would refuse or whose names are taken, an approval of a tool that there is not, an `output` that no model can be asked for, a `decide` without `output`, and a model that cannot call the tools it needs. */
export function modelRun<State, Output>(definition: ModelAgent<string, State, Output>): PhaseRun<State> {
  const { approval } = definition;
  // whoever is asked for stays so, whatever the caller does to its list afterwards
  const agent = approval === undefined || typeof approval === "function" ? definition : { ...definition, approval: [...approval] };
  const tools = new Map((agent.tools ?? []).map((given) => [given.name, given]));
  const respond = agent.output === undefined ? undefined : respondTool(agent.output);
  const issues = definitionIssues(agent, tools, respond);
  if (issues.length > 0) throw new InvalidDefinitionError(`Agent "${agent.id}"`, issues);
  const { milliseconds = TURN_MILLISECONDS } = agent.limits ?? {};
  const kit: Kit = { tools, respond: typeof respond === "string" ? undefined : respond, handoffs: new HandoffTools() }; // a text was an issue
  return {
    takesTools: typeof agent.model === "function" || canCallTools(agent.model),
    callsModel: true,
    brief: tools.size === 0 && agent.output === undefined,
    run: (turn) =>
      withDeadline(turn, { milliseconds, option: "limits.milliseconds" }, (signal) => new ModelTurn(agent, turn, kit, signal).run()),
  };
}

/** What an agent offers its model; made once. */
interface Kit {
  readonly tools: ReadonlyMap<string, StructuredToolInterface>;
  /** The tool for structured output, where one is asked for. */
  readonly respond: RespondTool | undefined;
  readonly handoffs: HandoffTools;
}

/** @throws InvalidDefinitionError when the agent has a tool of the same name. */
function givenTools({ agent, tools = [] }: Turn, own: Kit["tools"]): ReadonlyMap<string, PatternTool> {
  const taken = tools.filter(({ name }) => own.has(name)).map(({ name }) => name);
  if (taken.length === 0) return new Map(tools.map((one) => [one.name, one]));
  const message = `"${taken.join('", "')}" is a tool that the pattern gives this agent; rename the agent's own`;
  throw new InvalidDefinitionError(`Agent "${agent}"`, [{ path: "tools", code: "TOOL_NAME", message }]);
}

/** One turn: model → tools → … → a reply, a decision or a handoff. Lives as long as the node runs; what must survive is in tasks. */
class ModelTurn<State, Output> {
  private readonly added: BaseMessage[] = [];
  /** What the turn itself said since the last piece of it was stored. */
  private unstored: BaseMessage[] = [];
  private readonly open: readonly HandoffTarget[];
  private readonly given: ReadonlyMap<string, PatternTool>;
  private update: Record<string, unknown> = {};
  private modelCalls = 0;
  private toolCalls = 0;
  private rejected = 0;
  private badOutputs = 0;
  /** What the turn said of outputs that did not fit. */
  private readonly attempts = new Set<BaseMessage>();
  /** Answers one after another that named a tool that there is not. */
  private unknownTools = 0;

  constructor(
    private readonly agent: ModelAgent<string, State, Output>,
    private readonly turn: Turn<State>,
    private readonly kit: Kit,
    private readonly signal: AbortSignal,
  ) {
    this.open = turn.handoffs();
    this.given = givenTools(turn as Turn, kit.tools);
  }

  async run(): Promise<Outcome<State>> {
    const { agent, turn, open } = this;
    const { tools, respond, handoffs } = this.kit;
    const model = await untilAborted(this.signal, async () =>
      chatModel(typeof agent.model === "function" ? await agent.model(turn) : agent.model),
    );
    const offered = [
      ...tools.values(),
      ...this.given.values(),
      ...(respond === undefined ? [] : [respond.tool]),
      ...(open.length === 0 ? [] : [handoffs.toolFor(open)]),
    ];
    const reader = dialectOf(model);
    const before = historyFor(turn, agent.history, reader);
    const system = typeof agent.prompt === "function" ? agent.prompt(turn) : agent.prompt;
    for (;;) {
      this.spend("modelCalls", 1);
      const forced = respond !== undefined && offered.length === 1 ? RESPOND : undefined;
      const answer = await callModel(turn, {
        model,
        system,
        messages: withAdded(before, this.added, reader),
        before: this.unstored,
        tools: offered,
        forced,
        signal: this.signal,
        durable: offered.length > 0 && (agent.durable ?? true), // without tools the turn is this one call, and is stored when it is done
      });
      const outcome = await this.settled(answer);
      if (outcome !== undefined)
        return { ...outcome, messages: this.added, update: { ...this.update, ...outcome.update } as NonNullable<Outcome<State>["update"]> };
    }
  }

  /** An answer that does not end the turn is stored by itself, also when what follows from it fails. */
  private async settled(answer: ModelAnswer): Promise<Outcome<State> | undefined> {
    let outcome: Outcome<State> | undefined;
    try {
      outcome = await this.settle(answer);
    } finally {
      if (outcome === undefined && !this.signal.aborted) await answer.store();
    }
    return outcome;
  }

  /** Answers everything the model asked for; returns what the turn came to, or nothing when the model has to go on. */
  private async settle({ message, malformed, store }: ModelAnswer): Promise<Outcome<State> | undefined> {
    const { agent, turn } = this;
    this.added.push(message);
    this.unstored = [];
    const calls = message.tool_calls ?? [];
    const refusal = calls.length === 0 ? refusalIn(message) : undefined;
    if (refusal !== undefined) throw new ModelRefusedError(agent.id, refusal);
    if (calls.length === 0) {
      if (agent.output === undefined) return this.end();
      return this.decide(this.kit.respond?.readWords(message.text) ?? [], message, (problem) =>
        this.say(recordMessage(new HumanMessage({ content: problem, id: turn.clock.id() }), note(turn)), message),
      );
    }
    const isOwn = ({ name }: ToolCall): boolean => name === HANDOFF_TOOL || (name === RESPOND && agent.output !== undefined);
    const ordinary = calls.filter((call) => !isOwn(call) && !malformed.has(call.id ?? ""));
    this.countUnknown(ordinary);
    const askedBy = message.id ?? "";
    const ran = await this.runOrdinary(ordinary, askedBy, store);
    // the first call, in their order, that ends the turn; what was called beside it has run
    const last = ordinary.map(({ id = "" }) => ran.get(id)).find((piece) => piece?.next !== undefined);
    let next: Next | undefined = last?.next;
    let decided: Outcome<State> | undefined;
    for (const call of calls) {
      const id = call.id ?? "";
      const problem = malformed.get(id);
      const piece = ran.get(id);
      const asked = { call, askedBy };
      if (problem !== undefined)
        this.answer(
          asked,
          `The arguments could not be read: ${problem}\nNothing was done. Send one JSON object that fits the tool.`,
          "error",
        );
      else if (piece !== undefined) this.added.push(...piece.said.slice(0, 1));
      else if (next !== undefined || decided !== undefined)
        this.answer(asked, "Not executed: the turn had ended before this call.", "error");
      else if (call.name === HANDOFF_TOOL) next = this.handOver(asked);
      else if (agent.output !== undefined)
        decided = await this.decide(
          this.kit.respond?.readCall(call.args) ?? [],
          message,
          (wrong) => this.answer(asked, wrong, "error"),
          () => this.answer(asked, "Recorded.", "success"),
        );
    }
    for (const { id = "" } of ordinary) this.added.push(...(ran.get(id)?.said.slice(1) ?? [])); // after all answers, as histories have to be
    if (decided !== undefined) return decided;
    if (calls.every(({ name }) => name === RESPOND && agent.output !== undefined)) this.attempted(message);
    return next === undefined ? undefined : { next, ...(last?.reply === undefined ? {} : { content: last.reply }) };
  }

  /** A plain answer ends the turn; not where the chart is left by handoffs alone. */
  private end(): Outcome<State> | undefined {
    const told = answerAlone(this.turn as Turn, this.added, this.agent.handoffAttempts);
    if (told === undefined) return { next: { kind: "done" } };
    this.added.push(told);
    this.keep({ said: [told] });
    return undefined;
  }

  private async runOrdinary(asked: readonly ToolCall[], askedBy: string, store: () => Promise<void>): Promise<Map<string, Piece>> {
    if (asked.length === 0) return new Map();
    this.spend("toolCalls", asked.length);
    const answered = asked.flatMap((call) => {
      const tool = this.given.get(call.name);
      return tool === undefined ? [] : [[call.id ?? "", this.own({ call, askedBy }, answerOf(tool, call))] as const];
    });
    const calls = asked.filter((call) => !this.given.has(call.name));
    if (calls.length === 0) return new Map(answered);
    await store(); // the effects that follow belong to this very answer
    const { approval } = this.agent;
    const asks = (call: ToolCall): boolean =>
      this.kit.tools.has(call.name) &&
      (typeof approval === "function" ? approval(frozenCopy(call), this.turn) : approval?.includes(call.name) === true);
    const questioned = calls.filter(asks);
    const decisions = questioned.length === 0 ? new Map<string, never>() : askApproval(this.turn as Turn, questioned, this.modelCalls);
    const allowed: AskedCall[] = [];
    const refused: (readonly [string, Piece])[] = [];
    for (const call of calls) {
      const decision = decisions.get(call.id ?? "");
      if (decision?.decision === "reject") refused.push([call.id ?? "", this.own({ call, askedBy }, refusal(decision.reason))]);
      else if (decision?.decision === "edit")
        allowed.push({ call: { ...call, args: decision.args }, askedBy, note: editedNote(decision.args) });
      else allowed.push({ call, askedBy });
    }
    const pieces = await runTools(this.turn as Turn, allowed, {
      tools: this.kit.tools,
      signal: this.signal,
      durable: this.agent.durable ?? true,
      others: this.others,
    });
    for (const { update } of pieces) this.update = { ...this.update, ...update };
    const ran = allowed.map(({ call }, index) => [call.id ?? "", pieces[index] as Piece] as const); // one piece for each call
    return new Map([...ran, ...refused, ...answered]);
  }

  private handOver(asked: AskedCall): Next | undefined {
    const parsed = HandoffArguments.safeParse(asked.call.args);
    if (!parsed.success) {
      this.answer(asked, `The arguments do not fit: ${z.prettifyError(parsed.error)}`, "error");
      return undefined;
    }
    const { target, reason, summary } = parsed.data;
    const problem = this.refused(target);
    if (problem === undefined) {
      this.answer(asked, `Handed over to ${target}.`, "success");
      return { kind: "handoff", to: target, reason, summary };
    }
    this.answer(asked, problem, "error");
    return undefined;
  }

  /** What a model is told of a handoff that is not open; the last of several ends the turn. */
  private refused(target: string): string | undefined {
    if (this.open.some((open) => open.target === target || open.agent === target)) return undefined;
    this.rejected += 1;
    const legal = this.open.map((open) => open.target);
    tell(this.agent.onHandoffRejected, { agent: this.agent.id, phase: this.turn.phase, target, legal });
    if (this.rejected >= (this.agent.handoffAttempts ?? 3)) throw new HandoffRejectedError(this.agent.id, target, legal, this.rejected);
    return refusedHandoff(target, this.open);
  }

  /** `message` is the one that has the output. Once it fits, it stands in the conversation once, without the attempts before it. */
  private async decide(
    readings: readonly unknown[],
    message: AIMessage,
    refuse: (problem: string) => void,
    accept?: () => void,
  ): Promise<Outcome<State> | undefined> {
    const { agent, turn } = this;
    const { given, parsed } = await fitting(agent.output, readings);
    if (parsed?.success === true) {
      const decided = agent.decide?.(parsed.data, turn) ?? { data: parsed.data, next: { kind: "done" as const } };
      const closed = decided.next.kind === "handoff" ? this.refused(decided.next.to) : undefined;
      if (closed !== undefined) {
        refuse(`${closed}\nCall ${RESPOND} with another one.`);
        return undefined;
      }
      accept?.();
      const left = this.added.filter((one) => !this.attempts.has(one));
      this.added.splice(0, this.added.length, ...withOutput(left, message, storable(parsed.data, given)));
      return decided;
    }
    const problem = parsed === undefined ? "no output was asked for" : z.prettifyError(parsed.error);
    this.badOutputs += 1;
    if (this.badOutputs >= OUTPUT_ATTEMPTS)
      throw new InvalidModelOutputError(agent.id, `after ${OUTPUT_ATTEMPTS} attempts the answer still does not fit: ${problem}`);
    refuse(`The answer does not fit: ${problem}\nCall ${RESPOND} with a corrected one.`);
    return undefined;
  }

  private answer(asked: AskedCall, content: string, status: "success" | "error"): void {
    this.added.push(...this.own(asked, { content, status }).said);
  }

  /** The message, and what was answered to it, led to nothing. */
  private attempted(message: BaseMessage): void {
    for (const one of this.added.slice(this.added.lastIndexOf(message))) this.attempts.add(one);
  }

  private say(message: BaseMessage, about: BaseMessage): void {
    this.added.push(message);
    this.keep({ said: [message] });
    this.attempted(about);
  }

  /** @throws InvalidModelOutputError when the model keeps naming tools that there are not. */
  private countUnknown(calls: readonly ToolCall[]): void {
    const unknown = calls.find(({ name }) => !this.kit.tools.has(name) && !this.given.has(name));
    const isLost = unknown !== undefined && calls.every(({ name }) => !this.kit.tools.has(name) && !this.given.has(name));
    this.unknownTools = isLost ? this.unknownTools + 1 : 0;
    if (unknown === undefined || this.unknownTools < UNKNOWN_TOOL_ATTEMPTS) return;
    const known = [...this.kit.tools.keys(), ...this.others].join(", ") || "none";
    throw new InvalidModelOutputError(
      this.agent.id,
      `${this.unknownTools} times in a row it asked for a tool that there is not, last "${unknown.name}"; there are: ${known}`,
    );
  }

  /** Tools that are not the agent's own. */
  private get others(): string[] {
    const handoff = this.open.length === 0 ? [] : [HANDOFF_TOOL];
    return [...this.given.keys(), ...(this.kit.respond === undefined ? [] : [RESPOND]), ...handoff];
  }

  /** An answer that the turn gives by itself. */
  private own(asked: AskedCall, outcome: ToolOutcome): Piece {
    const piece = pieceOf(asked, outcome);
    this.keep(piece);
    return piece;
  }

  private keep(piece: Piece): void {
    this.unstored.push(...piece.said);
    WORK.of(this.turn.config)?.add(piece, false);
  }

  private spend(resource: "modelCalls" | "toolCalls", amount: number): void {
    const limit = this.agent.limits?.[resource] ?? DEFAULTS[resource];
    this[resource] += amount;
    if (this[resource] > limit) throw new BudgetExceededError(this.agent.id, resource, limit);
    this.turn.budget.spend(resource, amount);
  }
}

const refusal = (reason: string | undefined): ToolOutcome => ({
  content: `Not executed: a person refused it${reason === undefined ? "." : `: ${reason}`}`,
  status: "error",
});

/** The model's own message keeps what it asked for; without this it would take the result for that of its own arguments. */
const editedNote = (args: Readonly<Record<string, unknown>>): string =>
  `[A person changed the arguments before this was done, to ${JSON.stringify(args)}]`;

const note = (turn: Turn) => ({ author: turn.orchestration, recipient: turn.agent, type: "system", phase: turn.phase }) as const;

/** A pattern's own tool has no effects: nothing about its call has to be stored before the turn is. */
function answerOf(tool: PatternTool, call: ToolCall): ToolOutcome {
  const parsed = tool.schema.safeParse(call.args);
  if (parsed.success) return { status: "success", ...tool.answer(parsed.data, call) };
  return { status: "error", content: `The arguments do not fit: ${z.prettifyError(parsed.error)}` };
}
