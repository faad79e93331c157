import { z } from 'zod';
import { identity } from './run-input';

/**
 * The lock's language: one workflow per target holds who has it and who waits. See workflows/target.
 */
export interface Holder {
  workflowId: string;
  /** First run id of the execution chain: survives continue-as-new. */
  runId: string;
  runbook: string;
  requestedBy: string;
  /** ISO 8601. */
  since: string;
  /**
   * When the attempt was scheduled that asked last, by Temporal's clock, in ms since the epoch. What an earlier one gives back, because it
   * stood still, is not given back. Absent in states from before.
   */
  asked?: number;
  /** Why an operator must look before unlocking: set when the holder ended without an outcome (terminated). */
  flagged?: string;
}

export interface LockState {
  target: string;
  holder?: Holder;
  waiting: Holder[];
}

/** `ahead`: how many wait before the asker. */
export type LockAnswer = { granted: true } | { granted: false; holder: Holder; ahead: number };

/** An operator's order to unlock; `holder` is the workflow id that the operator has looked at. */
export const unlockSchema = z.strictObject({
  by: identity,
  reason: z.string().trim().min(1).max(500),
  holder: z.string().min(1).max(1000),
});

/** `acquire`, `release`, `unlock` are updates, `state` is a query of the lock; `granted` is a signal to a waiting run. */
export const lockMessages = {
  acquire: 'acquire',
  release: 'release',
  unlock: 'unlock',
  state: 'state',
  granted: 'lockGranted',
} as const;
