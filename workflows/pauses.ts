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

/** `leastSeconds`: as long as a pause may last whatever is declared. */
export function impatient(
  { pod, patienceSeconds }: PoolPodFacts,
  longestStallSeconds: number,
  leastSeconds = 0,
): Finding[] {
  const lasts = Math.max(longestStallSeconds, leastSeconds);
  if (patienceSeconds === undefined || patienceSeconds >= lasts + marginSeconds) return [];
  const most = patienceSeconds - marginSeconds;
  const declare = leastSeconds > most ? '' : `declare at most ${Math.max(0, most)}, or `;
  return [
    refuse(
      'PatienceTooShort',
      'clientBudget.longestStallSeconds',
      `${pod} cuts off clients that wait for ${patienceSeconds} s (query_wait_timeout), and a pause may last ${lasts} s: ${declare}set queryWaitTimeoutSeconds to ${lasts + marginSeconds} (deployPgbouncer)`,
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
