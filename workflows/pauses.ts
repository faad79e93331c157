/** What a pod of a pooler must be like before a run may pause it. Pure. */
import type { PoolPodFacts } from '../activities/restarts/contract';
import type { Finding } from '../catalogue';
import { refuse, warn } from './runbook/checks';

/** A pooler's patience must outlast the longest pause by so much: transactions end before it, the server is looked at after it. */
export const marginSeconds = 15;
/** PgBouncer turns new clients away for so long once a login to the server has failed. */
const loginRetrySecondsMax = 1;

export function unpausable({ pod, problem }: PoolPodFacts): Finding[] {
  if (problem === undefined) return [];
  return [
    refuse(
      'PoolerNotReady',
      'server',
      `${pod} could not be paused, and its clients would fail: ${problem}. Let deployPgbouncer bring it in order`,
    ),
  ];
}

export function pausedBySomebody({ pod, pausedBy }: PoolPodFacts): Finding[] {
  if (pausedBy === undefined) return [];
  return [
    refuse(
      'PoolerPaused',
      'server',
      `${pod} is in a pause of ${pausedBy}: whoever ordered it must order RESUME, this run never does`,
    ),
  ];
}

export function impatient({ pod, patienceSeconds }: PoolPodFacts, longestStallSeconds: number): Finding[] {
  if (patienceSeconds === undefined || patienceSeconds >= longestStallSeconds + marginSeconds) return [];
  return [
    refuse(
      'PatienceTooShort',
      'clientBudget.longestStallSeconds',
      `${pod} cuts off clients that wait for ${patienceSeconds} s (query_wait_timeout), and a pause may last ${longestStallSeconds} s: declare at most ${Math.max(0, patienceSeconds - marginSeconds)}, or set queryWaitTimeoutSeconds (deployPgbouncer)`,
    ),
  ];
}

export function turningAway({ pod, problem, loginRetrySeconds }: PoolPodFacts): Finding[] {
  if (problem !== undefined || loginRetrySeconds <= loginRetrySecondsMax) return [];
  return [
    warn(
      'LoginRetryLong',
      'server',
      `${pod} turns new clients away for ${loginRetrySeconds} s after a failed login (server_login_retry): set serverLoginRetrySeconds to ${loginRetrySecondsMax} (deployPgbouncer)`,
    ),
  ];
}
