/** The clients of a place: what changes for them while a run goes on. */

export interface ClientsReport {
  requests: number;
  failed: number;
  /** Why they failed, and how often. */
  reasons: Record<string, number>;
  longestStallSeconds: number;
  /** Of clients that write rows: what of the acknowledged ones is there afterwards. */
  ledger?: { acknowledged: number; lost: number; lostRows: string[]; duplicated: number };
}

export interface Clients {
  /** Begins to count anew. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** After `stop`. */
  report(): Promise<ClientsReport>;
}
