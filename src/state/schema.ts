import {
  MessagesValue,
  ReducedValue,
  StateSchema,
  type BaseChannel,
  type InferStateSchemaUpdate,
  type InferStateSchemaValue,
  type LastValue,
  type StateSchemaFields,
} from "@langchain/langgraph";
import type { BaseMessage } from "@langchain/core/messages";
import { z } from "zod";
import type { Result } from "../agent/agent.js";
import type { TaskRecord, TaskRecords } from "../agent/task.js";
import type { Control, ControlEvent } from "../statechart/control.js";
import { LastWriteChannel } from "./last-write-channel.js";
import { MessagesChannel } from "./messages-channel.js";
import { TasksChannel } from "./tasks-channel.js";

/** Extra state of an orchestration: a zod schema (last value wins) or a LangGraph `ReducedValue` per key. */
export type Fields = StateSchemaFields;

/** The values that fields hold. */
export type FieldValues<F extends Fields> = InferStateSchemaValue<F>;

/** What a thread of an orchestration holds, beside its own extra state. */
export interface BaseState {
  readonly messages: BaseMessage[];
  readonly control: Control;
  readonly results: Readonly<Record<string, Result>>;
  readonly tasks: TaskRecords;
}

/** Keys every orchestration has; extra state and phases may not be named so. */
export const BASE_KEYS = ["messages", "control", "results", "tasks"] as const;

const eventSchema = z.looseObject({ type: z.string().describe("An event the chart accepts now, such as HANDOFF.billing or APPROVE") });

const controlField = new ReducedValue(z.custom<Control>(), {
  inputSchema: z.custom<ControlEvent>(),
  reducer: (control) => control, // never used: ControlChannel takes this field's place
  jsonSchemaExtra: { description: "Where the thread is in its chart. An update is an event: { type, …payload }." },
});

/** Same field, but its JSON schema tells clients what to send. */
const inputControlField = new ReducedValue(z.custom<Control>(), {
  inputSchema: eventSchema as unknown as z.ZodType<ControlEvent>, // an object with a type is all the channel asks for
  reducer: (control) => control,
});

/** Shown to clients; results are made by the kernel alone, so nothing is parsed with it. */
const resultSchema = z.object({
  agent: z.string(),
  phase: z.string(),
  episode: z.number(),
  at: z.number(),
  status: z.enum(["ok", "failed"]),
  content: z.string(),
  data: z.unknown().optional(),
  error: z.object({ name: z.string(), message: z.string() }).optional(),
}) as unknown as z.ZodType<Result>; // the same keys, without exact optional properties

const resultsField = new ReducedValue(
  z.record(z.string(), resultSchema).default(() => ({})),
  {
    inputSchema: z.record(z.string(), resultSchema),
    reducer: (known, added) => ({ ...known, ...added }),
    jsonSchemaExtra: { description: "What each phase left behind, by phase." },
  },
);

const tasksField = new ReducedValue(
  z.record(z.string(), z.custom<TaskRecord>()).default(() => ({})),
  {
    inputSchema: z.record(z.string(), z.custom<TaskRecord>()),
    reducer: (known, added) => ({ ...known, ...added }), // never used: TasksChannel takes this field's place
    jsonSchemaExtra: { description: "How the tasks of fan-outs stand, by phase and task." },
  },
);

type AllFields<F extends Fields> = F & {
  messages: typeof MessagesValue;
  control: typeof controlField;
  results: typeof resultsField;
  tasks: typeof tasksField;
};

/** The state as a run returns it. */
export type GraphState<F extends Fields> = BaseState & FieldValues<F>;
/** What may be written to the state. */
export type GraphUpdate<F extends Fields> = InferStateSchemaUpdate<AllFields<F>>;
/** The fields a run returns. */
export type GraphOutput<F extends Fields> = AllFields<F>;
/** The fields a run may be given. */
export type GraphInput<F extends Fields> = F & { messages: typeof MessagesValue; control: typeof controlField };

/** The state of an orchestration: messages, control, results and its own fields. Control runs on the given channel. */
export class OrchestrationState<F extends Fields> extends StateSchema<AllFields<F>> {
  constructor(
    readonly extra: F,
    private readonly control: BaseChannel,
  ) {
    super({ messages: MessagesValue, control: controlField, results: resultsField, tasks: tasksField, ...extra } as AllFields<F>);
  }

  override getChannels(): Record<string, BaseChannel> {
    const extra = Object.entries(super.getChannels()).map(([key, channel]) => {
      return [key, isLastValue(channel) ? new LastWriteChannel(channel) : channel] as const;
    });
    return { ...Object.fromEntries(extra), messages: new MessagesChannel(), control: this.control, tasks: new TasksChannel() };
  }

  /** Our own fields are checked where they are made; only extra state is user data. Events keep their identity, which spares a second transition. */
  override async validateInput<T>(data: T): Promise<T> {
    if (data === null || typeof data !== "object") return data;
    const own = Object.entries(data).filter(([key]) => key in this.extra);
    if (own.length === 0) return data;
    return { ...data, ...(await super.validateInput(Object.fromEntries(own))) };
  }
}

const isLastValue = (channel: BaseChannel): channel is LastValue<unknown> => channel.lc_graph_name === "LastValue";

/** What a run may be given: messages, an event for the chart, extra state. Results cannot be injected. */
export class OrchestrationInput<F extends Fields> extends StateSchema<GraphInput<F>> {
  constructor(
    private readonly state: OrchestrationState<F>,
    extra: F,
  ) {
    super({ messages: MessagesValue, control: inputControlField, ...extra } as GraphInput<F>);
  }

  override getChannels(): Record<string, BaseChannel> {
    const { results: _results, tasks: _tasks, ...channels } = this.state.getChannels();
    return channels;
  }

  override async validateInput<T>(data: T): Promise<T> {
    return this.state.validateInput(data);
  }
}
