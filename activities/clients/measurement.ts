/**
 * Counting what a client notices. Pure: every method is given the time, milliseconds since the epoch.
 *
 * A stall is the time between two answers beyond the pace at which the probe asks, so that a healthy server shows 0.
 * Time in which nobody asked (the worker was away, or stood still) is `unmeasured`: it is neither a stall nor fine.
 */
import type { ClientMeasurement } from '../../catalogue';

/** What a heartbeat carries, so that another worker goes on counting. */
export interface Checkpoint extends ClientMeasurement {
  /** Milliseconds since the epoch. */
  at: number;
  /** The run was told that the budget is exceeded. */
  signalled: boolean;
}

/** Of a worker that was lost before it could tell anything. */
export function nothingSince(at: number): Checkpoint {
  return { requests: 0, failedRequests: 0, longestStallSeconds: 0, unmeasuredSeconds: 0, at, signalled: false };
}

/**
 * Something is told to a counter every second at least. After a longer silence it is this process that stood still (SIGSTOP, a
 * suspended machine), not the server.
 */
const silenceMs = 3000;

export class Counter {
  signalled: boolean;
  private requests: number;
  private failedRequests: number;
  private lastFailure: string | undefined;
  private longestStallMs: number;
  private unmeasuredMs: number;
  /** The last answer, or when measuring began. */
  private answeredAt: number;
  /** When anything was last told. */
  private heardAt: number;

  constructor(
    private readonly paceMs: number,
    now: number,
    from?: Checkpoint,
  ) {
    this.requests = from?.requests ?? 0;
    this.failedRequests = from?.failedRequests ?? 0;
    this.lastFailure = from?.lastFailure;
    this.longestStallMs = (from?.longestStallSeconds ?? 0) * 1000;
    this.unmeasuredMs = from ? from.unmeasuredSeconds * 1000 + Math.max(0, now - from.at) : 0;
    this.signalled = from?.signalled ?? false;
    this.answeredAt = now;
    this.heardAt = now;
  }

  answered(now: number): void {
    this.hear(now);
    this.requests += 1;
    this.longestStallMs = this.stallMs(now);
    this.answeredAt = now;
  }

  /** A request that this process slept through has not failed: its time-out ran out meanwhile. */
  failed(now: number, reason: string): void {
    if (this.hear(now)) return;
    this.requests += 1;
    this.failedRequests += 1;
    this.lastFailure = reason;
  }

  /** A stall that is not over yet counts for what it is so far. */
  measurement(now: number): ClientMeasurement {
    this.hear(now);
    return {
      requests: this.requests,
      failedRequests: this.failedRequests,
      ...(this.lastFailure === undefined ? {} : { lastFailure: this.lastFailure }),
      longestStallSeconds: seconds(this.stallMs(now)),
      unmeasuredSeconds: seconds(this.unmeasuredMs),
    };
  }

  checkpoint(now: number): Checkpoint {
    return { ...this.measurement(now), at: now, signalled: this.signalled };
  }

  /** True where this process stood still: what was unmeasured is no stall. */
  private hear(now: number): boolean {
    const silence = now - this.heardAt;
    this.heardAt = now;
    if (silence <= silenceMs) return false;
    this.unmeasuredMs += silence;
    this.answeredAt += silence;
    return true;
  }

  private stallMs(now: number): number {
    return Math.max(this.longestStallMs, now - this.answeredAt - this.paceMs);
  }
}

/** To the millisecond. */
function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}
