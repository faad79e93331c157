/**
 * Notices that this process stood still (SIGSTOP, a suspended machine): by the time it wakes, its activity may be another
 * worker's, or cancelled, and nobody has told it yet. What it had decided to send must not be sent any more.
 */
export class Standstill {
  private lastAt: number;
  private noticed = false;

  constructor(
    /** Milliseconds without a sign of life after which others take over. */
    private readonly longestMs: number,
    private readonly now: () => number = Date.now,
  ) {
    this.lastAt = now();
  }

  /** A sign of life: called far more often than `longestMs`. */
  alive(): void {
    const now = this.now();
    if (now - this.lastAt >= this.longestMs) this.noticed = true;
    this.lastAt = now;
  }

  /** Whether it ever stood still for so long, now included. */
  get happened(): boolean {
    this.alive();
    return this.noticed;
  }
}
