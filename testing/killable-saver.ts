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
  private moments: KillableSaver[] | undefined;

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
    const put = await super.put(...args);
    this.noteMoment();
    return put;
  }

  override async putWrites(...args: Parameters<MemorySaver["putWrites"]>) {
    this.count();
    await super.putWrites(...args);
    this.noteMoment();
  }

  /** Keeps how it stands after each write from now on, for {@link asAfter}. */
  keepMoments(): this {
    this.moments ??= [this.copy()];
    return this;
  }

  /** What a new process finds when this one is killed after so many writes. @throws Error unless moments were kept from the start. */
  asAfter(writes: number): KillableSaver {
    const moment = this.moments?.[writes];
    if (moment === undefined) throw new Error(`There is no moment ${writes}; moments are kept after \`keepMoments()\`.`);
    return moment.copy();
  }

  /** What is stored is written once and never changed, so that a copy can share it. */
  private copy(): KillableSaver {
    const copy = new KillableSaver(this.serde);
    copy.stored = this.stored;
    for (const [thread, places] of Object.entries(this.storage)) {
      const copied = Object.entries(places).map(([place, checkpoints]) => [place, { ...checkpoints }]);
      copy.storage[thread] = Object.fromEntries(copied) as typeof places;
    }
    for (const [key, writes] of Object.entries(this.writes)) copy.writes[key] = { ...writes };
    return copy;
  }

  private noteMoment(): void {
    this.moments?.push(this.copy());
  }

  private count(): void {
    if (this.left <= 0) throw new KilledError();
    this.left -= 1;
    this.stored += 1;
  }
}
