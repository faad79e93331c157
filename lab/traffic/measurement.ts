/** What one client noticed. Pure. */

export class Measurement {
  requests = 0;
  acknowledged = 0;
  failed = 0;
  longestStallMs = 0;
  readonly reasons = new Map<string, number>();
  private waitingSince: number | undefined;

  /** A request is sent; the first of a row of failures begins the stall. */
  sent(now: number): void {
    this.requests++;
    this.waitingSince ??= now;
  }

  answered(now: number): void {
    this.acknowledged++;
    this.longestStallMs = Math.max(this.longestStallMs, this.stallMs(now));
    this.waitingSince = undefined;
  }

  refused(reason: string): void {
    this.failed++;
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
  }

  /** The stall that is going on, or the longest one there was. */
  longestStallAt(now: number): number {
    return Math.max(this.longestStallMs, this.stallMs(now));
  }

  private stallMs(now: number): number {
    return this.waitingSince === undefined ? 0 : now - this.waitingSince;
  }
}

/** Why requests of several clients failed, and how often; the most frequent reason first. */
export function reasonsOf(clients: Measurement[]): Record<string, number> {
  const all = new Map<string, number>();
  for (const [reason, times] of clients.flatMap(({ reasons }) => [...reasons])) {
    all.set(reason, (all.get(reason) ?? 0) + times);
  }
  return Object.fromEntries([...all].sort(([, one], [, other]) => other - one));
}
