/** What a run is made to suffer at its steps. Travels in the run's memo; under-hooks.ts carries it out. */
export type HookKind =
  /** `apply` fails and nothing was done. */
  | 'failBefore'
  /** `apply` does its work, and fails all the same: the answer is lost. */
  | 'failAfter'
  /** `apply` runs twice. */
  | 'applyTwice'
  /** The first `undo` fails and nothing was done. */
  | 'undoFails'
  /** `undo` runs twice. */
  | 'undoTwice';

export interface Hook {
  /** Place of a step in the plan, from 0. */
  step: number;
  kind: HookKind;
}

export const hooksMemo = 'proofHooks';

/** What a step fails with when it was meant to: found again in the run's report. */
export function onPurpose({ step, kind }: Hook): string {
  return `step ${step + 1} fails on purpose (${kind})`;
}
