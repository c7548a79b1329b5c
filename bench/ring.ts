import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import type { ChatResult } from "@langchain/core/outputs";

/** What the agents of a ring hand the work to each other with. */
export interface RingModelFields {
  /** The tool call that passes the work on, for whoever has it. */
  readonly pass: (handoffsSoFar: number) => { readonly name: string; readonly args: Record<string, unknown> };
  readonly handoffs: number;
}

/** A chat model without latency: passes the work on until the ring has seen enough handoffs, then answers. */
export class RingModel extends BaseChatModel {
  private calls = 0;

  constructor(private readonly ring: RingModelFields) {
    super({});
  }

  override _llmType(): string {
    return "ring";
  }

  override bindTools(): this {
    return this;
  }

  override async _generate(_messages: BaseMessage[]): Promise<ChatResult> {
    const seen = this.calls % (this.ring.handoffs + 1);
    this.calls += 1;
    const call = this.ring.pass(seen);
    const message =
      seen < this.ring.handoffs
        ? new AIMessage({ content: "", id: crypto.randomUUID(), tool_calls: [{ ...call, id: `call_${this.calls}`, type: "tool_call" }] })
        : new AIMessage({ content: "done", id: crypto.randomUUID() });
    return { generations: [{ message, text: message.text }] };
  }
}
