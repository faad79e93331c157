/**
 * How long a node may be late. A busy machine, a slow disk or a failover keeps one silent for moments, and the others doubt it for
 * some more: that passes by itself, and is a finding only beyond the limit.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { failureTypes, isFailureType } from '../../../catalogue';
import type { Seen } from './view';

/**
 * A lost master is replaced after `cluster-node-timeout` (5 s) and some more, and a former one takes part again after twice that. Within
 * what a reading has in all (workflows/runbook/activities.ts).
 */
export const patienceMs = 30_000;

const pauseMs = 300;

/** Asks again while the answer is a failure that passes by itself (catalogue/failure-types.ts). Beyond the limit that one is thrown. */
export async function patiently<Answer>(ask: () => Promise<Answer>, limitMs = patienceMs): Promise<Answer> {
  for (const deadline = Date.now() + limitMs; ; await sleep(pauseMs)) {
    try {
      return await ask();
    } catch (error) {
      if (!passesByItself(error) || Date.now() >= deadline) throw error;
    }
  }
}

/** A pod that is missing is waited for like a node that is silent. */
export async function untilRead<T>(
  read: () => Promise<T>,
  { assertAwake, assertInTime }: { assertAwake(): void; assertInTime(missing: string): void },
): Promise<T> {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (!passesByItself(error)) throw error;
      assertAwake();
      assertInTime(error.message);
      await sleep(pauseMs);
    }
  }
}

/** By the table of failures: the same may be asked again, and nobody has to do anything. */
export function passesByItself(error: unknown): error is ApplicationFailure {
  return error instanceof ApplicationFailure && isFailureType(error.type) && failureTypes[error.type].retryable;
}

export function forSeconds(limitMs: number): string {
  return `for ${Math.round(limitMs / 1000)} s`;
}

/**
 * The deadline of a loop that reads, decides and acts. A node that is late right when it is over has the limit beside it, and so
 * have the others until they count it again; one that is gone for good is told of when both are over.
 */
export class Deadline {
  private lateSince: number | undefined;

  /** `assertInTime` throws where the time is over, with what is missing. */
  constructor(
    private readonly assertInTime: (missing: string) => void,
    private readonly limitMs = patienceMs,
  ) {}

  /** Once in each round. `waits`: for what the nodes do by themselves. */
  assert(round: { seen: Seen[]; waits: boolean; missing: string }): void {
    const { seen, waits, missing } = round;
    if (!waits) this.lateSince = undefined;
    else if (seen.some((one) => 'silent' in one)) this.lateSince ??= Date.now();
    const lateMs = this.lateSince === undefined ? undefined : Date.now() - this.lateSince;
    if (lateMs === undefined) this.assertInTime(missing);
    else if (lateMs >= this.limitMs) this.assertInTime(`${forSeconds(lateMs)}: ${missing}`);
  }
}
