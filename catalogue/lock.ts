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
  /** Set when the holder was terminated without giving the lock back: an operator must look before unlocking. */
  flagged?: string;
}

export interface LockState {
  target: string;
  holder?: Holder;
  waiting: Holder[];
}

/** `ahead`: how many wait before the asker. */
export type LockAnswer = { granted: true } | { granted: false; holder: Holder; ahead: number };

export const lockMessages = { acquire: 'acquire', release: 'release', flag: 'flag', unlock: 'unlock', state: 'state', granted: 'lockGranted' } as const;
