import type { ClientBudget, ClientMeasurement } from '../../catalogue';

/** The way on which clients reach what a run changes; several, where it changes what several kinds of clients use. */
export type ClientPath =
  | { kind: 'postgres'; server: string }
  | { kind: 'http'; url: string }
  | { kind: 'redis'; cache: string }
  /** The topology's pooler, by its Service. */
  | { kind: 'pooler' }
  /** Asked side by side as one request, which has failed where one of them has. */
  | { kind: 'every'; paths: ClientPath[] };

/** The probe: runs beside the steps until it is cancelled, then returns what it measured. */
export interface ClientActivities {
  /**
   * Sends one small request after the other on the path that clients use (PostgreSQL, directly or through the pooler: a transaction that reads; Redis: a PING over TLS; HTTP: a
   * GET on a connection of its own, failed from status 500 on), counts failures and the longest time without an answer.
   * Its heartbeat carries the counters, so that a new worker goes on counting; the gap is `unmeasured`. Signals
   * `clientBudgetExceeded` to the run, once, when the budget is exceeded. Completes (does not fail) when it is cancelled.
   */
  measureClients(request: { path: ClientPath; budget: ClientBudget }): Promise<ClientMeasurement>;
}
