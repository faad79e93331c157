/**
 * How a run ends. Temporal shows `Succeeded` and `Planned` as completed; `Refused`, `RolledBack` and `Accepted` fail the
 * workflow with a failure of that type, so that a green run means a green production. `NeedsOperator` is not an ending:
 * such a run stays open and keeps its locks.
 */
export const outcomes = ['Succeeded', 'Planned', 'Refused', 'RolledBack', 'Accepted'] as const;
export type Outcome = (typeof outcomes)[number];

/** Outcomes that complete the workflow; all others fail it. */
export const completing: ReadonlySet<Outcome> = new Set(['Succeeded', 'Planned']);

/** What the command line exits with: part of its contract. */
export const exitCodes = {
  Succeeded: 0,
  Planned: 0,
  OtherError: 1,
  BadUsage: 2,
  Refused: 10,
  RolledBack: 11,
  NeedsOperator: 12,
  Accepted: 13,
} as const;

/** Where a run is. `closed` comes with an outcome. */
export const phases = [
  'preflight',
  'awaiting-approval',
  'awaiting-lock',
  'running',
  'paused',
  'soaking',
  'rolling-back',
  'needs-operator',
  'closed',
] as const;
export type Phase = (typeof phases)[number];
