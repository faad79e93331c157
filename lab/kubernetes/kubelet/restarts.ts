/** Whether and when a container that has ended is started again. Pure. */

/** Kubernetes' own: 10 s after the second end, doubled each time up to 5 min, forgotten after 10 min of running. */
const firstDelayMs = 10_000;
const longestDelayMs = 300_000;
const forgottenAfterMs = 600_000;

export type Restart = { what: 'start' } | { what: 'never' } | { what: 'wait'; until: number };

export function decideRestart(
  policy: 'Always' | 'OnFailure' | 'Never',
  { exitCode, delayMs, finishedAt }: { exitCode: number; delayMs: number; finishedAt: number },
  now: number,
): Restart {
  if (policy === 'Never' || (policy === 'OnFailure' && exitCode === 0)) return { what: 'never' };
  const until = finishedAt + delayMs;
  return now >= until ? { what: 'start' } : { what: 'wait', until };
}

/** The delay before the next start, from the one before it (0: it was the first) and how long the container ran. */
export function nextDelay(previousMs: number | undefined, ranMs: number): number {
  if (previousMs === undefined || ranMs >= forgottenAfterMs) return 0;
  return previousMs === 0 ? firstDelayMs : Math.min(previousMs * 2, longestDelayMs);
}
