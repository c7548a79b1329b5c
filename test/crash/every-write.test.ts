import { MemorySaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { agent, approve, loop, parallel, revise, sequential, type Orchestration } from "../../index.js";
import { says } from "../attacks/desk.js";

/** Stores nothing any more from the given write on, as if the process had ended there. */
class Failing extends MemorySaver {
  writesDone = 0;
  endsAt = Infinity;

  private count(): void {
    this.writesDone += 1;
    if (this.writesDone >= this.endsAt) throw new Error("power cut");
  }
  override async put(...given: Parameters<MemorySaver["put"]>): ReturnType<MemorySaver["put"]> {
    this.count();
    return super.put(...given);
  }
  override async putWrites(...given: Parameters<MemorySaver["putWrites"]>): Promise<void> {
    this.count();
    return super.putWrites(...given);
  }
}

const thread = { configurable: { thread_id: "thread" } };

function subjects(ran: (id: string) => void): Record<string, Orchestration> {
  const works = <const Id extends string>(id: Id) =>
    agent({
      id,
      run: () => {
        ran(id);
        return `${id} spoke`;
      },
    });
  const text = () =>
    loop({
      name: "text",
      producer: works("writer"),
      reviewers: [agent({ id: "critic", run: (turn) => (turn.control.context["iteration"] === 1 ? revise("Longer.") : approve()) })],
    });
  return {
    sequence: sequential({ name: "line", agents: [works("one"), works("two"), works("three")] }),
    branches: parallel({ name: "fan", branches: [works("left"), works("right")], synthesizer: works("both") }),
    "a loop in a sequence in branches": parallel({
      name: "deep",
      branches: [sequential({ name: "middle", agents: [works("before"), text(), works("after")] }), works("beside")],
      synthesizer: works("all"),
    }),
  } as unknown as Record<string, Orchestration>; // of different phases, which nothing here asks for
}

const normalForm = (state: { messages: readonly { text: string }[]; control: { value: unknown; done: boolean; refusals: number } }) => ({
  messages: state.messages.map((message) => message.text).sort(),
  value: state.control.value,
  done: state.control.done,
  refusals: state.control.refusals,
});

describe.each(Object.keys(subjects(() => undefined)))("A4 the end of the process at any write: %s", (name) => {
  it("comes to the same end when it is taken up again, and runs at most the steps in flight once more", async () => {
    const attempt = async (endsAt: number) => {
      const runs = new Map<string, number>();
      const checkpointer = new Failing();
      const orchestration = subjects((id) => runs.set(id, (runs.get(id) ?? 0) + 1))[name];
      const open = () => orchestration?.compile({ checkpointer, durability: "sync" });
      checkpointer.endsAt = endsAt;
      const interrupted = await open()
        ?.invoke(says("x"), thread)
        .then(
          () => false,
          () => true,
        );
      checkpointer.endsAt = Infinity;
      const graph = open();
      const { tasks, config } = (await graph?.getState(thread)) ?? { tasks: [], config: {} };
      const begun = config.configurable?.["checkpoint_id"] !== undefined;
      const state = await (tasks.length > 0 || begun ? graph?.invoke(null, thread) : graph?.invoke(says("x"), thread));
      if (state === undefined) throw new Error(`no subject "${name}"`);
      return { state: normalForm(state), runs, interrupted, writes: checkpointer.writesDone };
    };
    const quiet = await attempt(Infinity);
    expect(quiet).toMatchObject({ interrupted: false, state: { done: true, refusals: 0 } });
    expect(quiet.writes).toBeGreaterThan(5);
    for (let endsAt = 1; endsAt <= quiet.writes; endsAt += 1) {
      const { state, runs, interrupted } = await attempt(endsAt);
      expect([endsAt, interrupted, state]).toEqual([endsAt, true, quiet.state]);
      for (const [id, times] of runs)
        expect(times, `${id} after the end at write ${endsAt}`).toBeLessThanOrEqual((quiet.runs.get(id) ?? 0) + 1);
    }
  });
});
