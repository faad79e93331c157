/** What the one pod showed beside its siblings, and what the pools showed. Pure, table-tested. */

/** One pod's answers. */
export interface Answers {
  pod: string;
  failed: number;
  /** Milliseconds of each answer that came. */
  took: number[];
}

/** Less than this tells nothing. */
const answersMin = 5;
/** A pool adds a hop, and its first transactions a login; twice the siblings' time is more than that. */
const factorMax = 2;
/** Below this nobody notices, whatever the factor. */
const noticeableMs = 50;

/** Why the canary is worse; nothing where it is not. */
export function worseThan(canary: Answers, siblings: Answers[]): string[] {
  const usual = failedUsually(siblings);
  const theirs = median(siblings.flatMap(({ took }) => took));
  const own = median(canary.took);
  const limit = theirs * factorMax + noticeableMs;
  return [
    ...(canary.failed > usual
      ? [`${canary.pod} failed ${canary.failed} times, half of its siblings no more than ${usual}`]
      : []),
    ...(canary.took.length < answersMin ? [`${canary.pod} answered ${canary.took.length} times only`] : []),
    ...(siblings.length > 0 && own > limit
      ? [`${canary.pod} takes ${Math.round(own)} ms, its siblings ${Math.round(theirs)} ms`]
      : []),
  ];
}

/** More than chance, and than one restart of a sibling. */
const hopelessFailures = 5;

/** So much worse already that no more time changes it: clients of the canary go on failing meanwhile. */
export function isHopeless(canary: Answers, siblings: Answers[]): boolean {
  return canary.failed - failedUsually(siblings) >= hopelessFailures;
}

/** No more than that in half of them at least: what failed at the address of one that is gone excuses no canary. */
function failedUsually(siblings: Answers[]): number {
  const sorted = siblings.map(({ failed }) => failed).sort((one, other) => one - other);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

export function comparison(canary: Answers, siblings: Answers[]): string {
  const theirs = siblings.flatMap(({ took }) => took);
  return `${canary.pod} answered ${canary.took.length} times, ${canary.failed} failed, ${Math.round(median(canary.took))} ms; its siblings ${theirs.length} times, ${Math.round(median(theirs))} ms`;
}

export function median(values: number[]): number {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/** One look at one pooler pod, of the application's database. */
export interface PoolLook {
  pod: string;
  waiting: number;
  maxWaitSeconds: number;
  /** Connections to the server that clients have just now. */
  busy: number;
  transactions: number;
}

const maxWaitSecondsMax = 1;

/**
 * A client that waits a moment for its turn is what a pool is for; one that waits for a second is not. Where nobody has a connection the server
 * is away, and a larger pool would not help.
 */
export function exhausted({ pod, waiting, maxWaitSeconds, busy }: PoolLook): string[] {
  return busy > 0 && waiting > 0 && maxWaitSeconds >= maxWaitSecondsMax
    ? [`${waiting} clients wait in ${pod}, the first for ${maxWaitSeconds} s`]
    : [];
}
