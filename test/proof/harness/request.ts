/**
 * The one notion of a request that the invariants know: what a run's worker asked of a system that runbooks change, as the
 * harness saw it before it was answered. How a system's requests come to look so is in ../systems.
 */
export type SystemName = 'azure' | 'kubernetes';

export interface SeenRequest {
  system: SystemName;
  /** When it arrived, and when its answer had left; milliseconds since the epoch. */
  at: number;
  answeredAt?: number;
  method: string;
  /** Without the query. */
  path: string;
  /** Canonical id of what it is about, as plans and locks name it: "postgres:name", "deployment:namespace.name". */
  resource?: string;
  /** The run's, as the request bears it; empty where it bears none. */
  correlationId: string;
  isMutation: boolean;
  /** What it would do; equal for two that would do the same, whatever state each of them expects. */
  effect: string;
  /** What it sets, in the words that plans use. */
  sets: string[];
  /** A mutation that the system took on, and did not refuse as busy or impossible; also where the reply was lost. */
  isAccepted: boolean;
  /** It was taken on, and ended as a failure of its own: maybe without an effect. */
  endedInFailure: boolean;
  /** When what it began had ended, or some milliseconds before; absent where it goes on, or was never said. */
  endedAt?: number;
  /** By which the system's own log tells of it, once it was accepted. */
  auditId?: string;
  /** The fault that answered in the system's place, or dropped the reply. */
  fault?: string;
  /** The system's own words, for whoever reads a failed case. */
  record: unknown;
}

/** A request that has arrived and is not answered yet. */
export interface Arrival {
  isMutation: boolean;
  /** All that is known of it by now. */
  seen(): SeenRequest;
}
