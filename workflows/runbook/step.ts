import type { PlannedStep } from '../../catalogue';

/** What a step's target shows now, and all that undoing the step will need: small JSON, no secret. */
export interface Observed<Before> {
  /** In the words of the step's `from` and `to`, so that the engine can compare. */
  value: string;
  before: Before;
}

/**
 * One step of a runbook: data for the plan, functions for the engine.
 *
 * The engine calls `observe`, registers the undo, then `apply`, then `verify`; on the way back `undo`. All of them may run
 * more than once: each is a no-op where there is nothing (more) to do.
 */
export interface Step<Before = never> extends PlannedStep {
  /** Undoing this step is an outage of its own: an exceeded client budget asks an operator instead of rolling back. */
  undoDisturbsClients: boolean;
  /** Read right before `apply`. What `apply` returns is never needed: it may not arrive. */
  observe(): Promise<Observed<Before>>;
  apply(before: Before): Promise<unknown>;
  /** Throws until the target itself shows the new state; returns the evidence. */
  verify(before: Before): Promise<string>;
  /** Restores and proves the old state; absent where the step is irreversible. */
  undo?(before: Before): Promise<string>;
  /**
   * Of an irreversible step whose effect is not there: puts right, and proves, what was done on the way to it. Throws where the effect has
   * come after all, or may yet. Asked on the way back, and where a run is stopped in the middle of the step: nobody can stop it then, so it
   * takes minutes at most.
   */
  abandon?(): Promise<string>;
}

/** A step of which the engine need not know what it remembers. */
export type AnyStep = Step<unknown>;

export type Way = 'forward' | 'back';

/** Ingredients of the commonest step: one value that goes from one to another. */
export interface Change<Value, Before> extends Omit<PlannedStep, 'from' | 'to'> {
  from: Value;
  to: Value;
  undoDisturbsClients: boolean;
  show(value: Value): string;
  /** Reads the target; `valueOf` takes the value out of what was read. */
  read(): Promise<Before>;
  valueOf(before: Before): Value;
  /**
   * On the way back it waits for an operation of our own that may still be in flight, and takes its time. `instead`: what
   * is there if nobody else has changed it.
   */
  set(value: Value, way: Way, instead: Value): Promise<unknown>;
  /** `since` is given on the way forward only: what was read before the change. */
  check(value: Value, since?: Before): Promise<string>;
  /** Step.abandon: only where it is irreversible. */
  abandon?(): Promise<string>;
}

/** Makes a step of a change: applying sets and checks `to`, undoing sets and checks what was read before. */
export function change<Value, Before>(ingredients: Change<Value, Before>): Step<Before> {
  const { from, to, show, read, valueOf, set, check, ...face } = ingredients;
  return {
    ...face,
    from: show(from),
    to: show(to),
    observe: async () => {
      const before = await read();
      return { value: show(valueOf(before)), before };
    },
    apply: () => set(to, 'forward', from),
    verify: (before) => check(to, before),
    ...(face.reversibility === 'irreversible'
      ? {}
      : {
          undo: async (before: Before) => {
            await set(valueOf(before), 'back', to);
            return check(valueOf(before));
          },
        }),
  };
}
