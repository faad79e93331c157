/**
 * How long Azure takes, in seconds, and how often it asks to be polled (Retry-After, in seconds).
 *
 * Sources: "recorded" = request times in the recordings of Azure/azure-cli (rdbms tests, 2023–2026) and
 * Azure/azure-service-operator; "documented" = learn.microsoft.com, concepts-scaling-resources. The lab divides both by
 * its time factor.
 */
export interface Timing {
  seconds: number;
  retryAfterSeconds: number;
}

const timing = (seconds: number, retryAfterSeconds: number): Timing => ({ seconds, retryAfterSeconds });

export const timings = {
  /** recorded: 4–8 min */
  createServer: timing(360, 60),
  /** recorded: 6–8 min */
  createReplica: timing(420, 60),
  /** recorded: 8 min with HA; documented: 2–10 min */
  compute: timing(360, 60),
  /** recorded: 1 min (a PATCH that touches neither compute nor storage takes as long) */
  storage: timing(60, 60),
  otherProperties: timing(60, 60),
  /** recorded: 10 s */
  configuration: timing(10, 10),
  /** recorded: 2 min, 8 min, 5 min */
  restart: timing(120, 60),
  stop: timing(480, 60),
  start: timing(300, 60),
  /** recorded: 1–2 min */
  deleteServer: timing(90, 15),
  /** recorded: 30 s to standalone; a switchover was still going after 4 min, over 6 min in all */
  promote: timing(30, 15),
  switchover: timing(380, 15),
  /** recorded */
  database: timing(10, 10),
  firewallRule: timing(60, 60),
  virtualEndpoint: timing(150, 60),
  administrator: timing(60, 10),
  /** recorded: 21 polls of about 16 s */
  backup: timing(340, 15),
  /** recorded: 10 min; Redis names no pace, what is here is not sent */
  createCache: timing(630, 30),
  /** documented: about 20 min, or as much for each shard (cache-how-to-scale) */
  scaleCache: timing(1200, 30),
  /** recorded: 30 s */
  updateCache: timing(30, 30),
  /** recorded: 4 min */
  deleteCache: timing(240, 30),
} satisfies Record<string, Timing>;

/** Azure's Retry-After divided by the time factor, in whole seconds, at least 1: clients ignore a fraction. */
export function scaledRetryAfter(retryAfterSeconds: number, timeFactor: number): number {
  return Math.max(1, Math.round(retryAfterSeconds / timeFactor));
}
