import { printable } from "./words.js";

/** What of a stream the terminal needs. */
export interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 100;
/** Where lines are all there is, something is said at least so often. */
const QUIET_MS = 5_000;
const NAME_WIDTH = 11;

/** Lines with the time since the start. On a terminal, a last line that is drawn again and again shows who is at work. */
export class Terminal {
  private readonly start = performance.now();
  private readonly isLive: boolean;
  private readonly timer: ReturnType<typeof setInterval>;
  private spoken = performance.now();
  private frame = 0;
  private drawn = false;

  constructor(
    private readonly screen: Screen,
    private readonly status: () => string,
    private readonly colours: boolean,
  ) {
    this.isLive = screen.isTTY === true;
    this.timer = setInterval(() => this.tick(), FRAME_MS);
    this.timer.unref();
  }

  /** A line of an agent. */
  say(agent: string, text: string): void {
    this.line(`${this.dim(this.time())}  ${this.bold(printable(agent).padEnd(NAME_WIDTH))} ${printable(text)}`);
  }

  /** A line without time and name. */
  line(text = ""): void {
    this.erase();
    this.screen.write(`${text}\n`);
    this.spoken = performance.now();
    this.draw();
  }

  close(): void {
    clearInterval(this.timer);
    this.erase();
  }

  bold(text: string): string {
    return this.colours ? `\u001b[1m${text}\u001b[22m` : text;
  }

  private dim(text: string): string {
    return this.colours ? `\u001b[2m${text}\u001b[22m` : text;
  }

  private time(): string {
    return `${((performance.now() - this.start) / 1_000).toFixed(1)}s`.padStart(7);
  }

  private tick(): void {
    if (this.isLive) this.draw();
    else if (performance.now() - this.spoken > QUIET_MS && this.status() !== "")
      this.line(`${this.time()}  still working: ${this.status()}`);
  }

  private draw(): void {
    const status = this.status();
    if (!this.isLive || status === "") return;
    this.frame = (this.frame + 1) % FRAMES.length;
    const text = `${FRAMES[this.frame]} ${this.time().trim()}  ${printable(status)}`;
    this.screen.write(`\r\u001b[2K${text.slice(0, Math.max(10, (this.screen.columns || 80) - 1))}`);
    this.drawn = true;
  }

  private erase(): void {
    if (this.drawn) this.screen.write("\r\u001b[2K");
    this.drawn = false;
  }
}
