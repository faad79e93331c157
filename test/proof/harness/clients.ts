/** The clients of a place: what changes for them while a run goes on. */
import type { TrafficReport } from '../../../lab/traffic/traffic';

export interface ClientsReport {
  requests: number;
  failed: number;
  /** Why they failed, and how often. */
  reasons: Record<string, number>;
  longestStallSeconds: number;
  /** They are a server's own, through a pooler or not: its restart is felt. */
  onServer?: true;
  /** Of clients that write rows: what of the acknowledged ones is there afterwards. */
  ledger?: Pick<TrafficReport, 'acknowledged' | 'lost' | 'lostRows' | 'duplicated'> &
    // PostgreSQL's alone.
    Partial<Pick<TrafficReport, 'ofUnflushed'>>;
}

export interface Clients {
  /** Begins to count anew. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** After `stop`. */
  report(): Promise<ClientsReport>;
}
