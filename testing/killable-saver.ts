import { MemorySaver } from "@langchain/langgraph";

/** Thrown for every write after the saver "died". */
export class KilledError extends Error {
  override readonly name = "KilledError";
  constructor() {
    super("The process died here.");
  }
}

/** A saver in memory that can die as a process does, between any two writes, and shows the bytes it holds. */
export class KillableSaver extends MemorySaver {
  /** Writes that were stored. */
  stored = 0;
  private left = Number.POSITIVE_INFINITY;

  /** After so many more writes nothing is stored any more, until {@link revive}. */
  killAfter(writes: number): void {
    this.left = writes;
  }

  revive(): void {
    this.left = Number.POSITIVE_INFINITY;
  }

  /** Everything stored for a thread, as it lies in memory. */
  bytes(thread: string): string {
    const own = Object.entries(this.writes).filter(([key]) => key.startsWith(`${JSON.stringify([thread]).slice(0, -1)},`));
    return JSON.stringify([this.storage[thread], own], (_key, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value,
    );
  }

  override async put(...args: Parameters<MemorySaver["put"]>): ReturnType<MemorySaver["put"]> {
    this.count();
    return super.put(...args);
  }

  override async putWrites(...args: Parameters<MemorySaver["putWrites"]>) {
    this.count();
    return super.putWrites(...args);
  }

  private count(): void {
    if (this.left <= 0) throw new KilledError();
    this.left -= 1;
    this.stored += 1;
  }
}
