import { BaseChannel, type LastValue } from "@langchain/langgraph";

/**
 * A key of the extra state: the last value wins, also when parallel phases write at once. LangGraph's own channel throws then, after
 * the writes were stored, which breaks the thread.
 */
export class LastWriteChannel extends BaseChannel<unknown, unknown, unknown> {
  lc_graph_name = "LastValue";

  constructor(
    private readonly template: LastValue<unknown>,
    private readonly held: LastValue<unknown> = template,
  ) {
    super();
  }

  override fromCheckpoint(stored?: unknown): this {
    return new LastWriteChannel(this.template, this.template.fromCheckpoint(stored)) as this;
  }

  override update(updates: unknown[]): boolean {
    return this.held.update(updates.slice(-1));
  }

  override get(): unknown {
    return this.held.get();
  }

  override checkpoint(): unknown {
    return this.held.checkpoint();
  }

  override isAvailable(): boolean {
    return this.held.isAvailable();
  }
}
