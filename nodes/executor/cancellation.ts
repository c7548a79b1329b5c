/** A plan at work, as far as it can be stopped. */
export interface Cancellable {
  /** Stops one task, or every one that is not settled. False when there is nothing to stop. */
  cancel(task: string | undefined): boolean;
}

/**
 * Stops tasks of plans that are at work in this process. What was cancelled stays so: it is in the checkpoint, and a run that goes
 * on with the thread leaves it alone.
 * @example
 * const cancellation = new Cancellation();
 * const team = orchestratorWorker({ …, cancellation });
 * cancellation.cancel("thread-1", "translate");
 */
export class Cancellation {
  private readonly open = new Map<string, Set<Cancellable>>();

  /** Cancels a task of a thread (tasks that depend on it are skipped), or its whole plan. False when it is not at work here. */
  cancel(thread: string, task?: string): boolean {
    return [...(this.open.get(thread) ?? [])].map((plan) => plan.cancel(task)).includes(true);
  }

  /** @internal */
  add(thread: string, plan: Cancellable): () => void {
    const plans = this.open.get(thread) ?? new Set();
    this.open.set(thread, plans.add(plan));
    return () => {
      plans.delete(plan);
      if (plans.size === 0 && this.open.get(thread) === plans) this.open.delete(thread);
    };
  }
}

/** The name of the error that a task's record holds when its whole plan was cancelled. */
export const PLAN_CANCELLED = "PlanCancelled";
/** The name of the error that a task's record holds when it was cancelled alone. */
export const TASK_CANCELLED = "TaskCancelled";
/** The name of the error that a task's record holds when its plan was stopped before the task was done. The next run does it again. */
export const PLAN_STOPPED = "PlanStopped";
