/**
 * What databaseRestart asks of Azure, of PostgreSQL, and of the poolers between it and its clients. Small, plain JSON, no secret;
 * values of parameters as Azure writes them, times ISO 8601 in UTC.
 */
import type { ChangeRequest, PendingParameter } from '../database/contract';

/** Parameters by name. */
export type Values = Record<string, string>;

export interface ParameterFacts {
  name: string;
  /** By ARM; where it waits for a restart, what the restart will bring. */
  value: string;
  /** By the server itself, as ARM writes it where that is the same; absent for what only Azure knows. */
  running?: string;
  isStatic: boolean;
  isReadOnly: boolean;
  dataType: string;
  allowedValues: string;
}

/** One pod of the pooler. */
export interface PoolPodFacts {
  pod: string;
  /** Why it could not be paused: it is leaving, it does not answer, its sidecar keeps no lease. */
  problem?: string;
  /** A client that waits longer is cut off (query_wait_timeout, query_timeout), seconds; absent where never. */
  patienceSeconds?: number;
  /** server_login_retry. */
  loginRetrySeconds: number;
  /** Connections to the server that it opens at most (default_pool_size); absent where it was not asked. */
  poolSize?: number;
  /** Whose pause it is in: "somebody's" without a lease. */
  pausedBy?: string;
  /** By a transaction through it; absent where none got through. */
  leadsHere?: boolean;
}

export interface PoolFacts {
  namespace: string;
  name: string;
  pods: PoolPodFacts[];
  /** Sessions of the application on the server that are none of the pool's. */
  directSessions: number;
}

/** A server that it follows, or that follows it. */
export interface NeighbourFacts {
  name: string;
  /** Those asked for that PostgreSQL wants in an order: of what it runs with, and what a restart brings it, the one that allows less. */
  values: Values;
  /** It cannot be asked, or is a replica that is not in sync. Absent in histories from before: nobody had looked. */
  problems?: string[];
}

export interface RestartFacts {
  server: { name: string; state: string; role: string; highAvailability: string };
  /** pg_postmaster_start_time(); "" where it could not be asked. */
  startedAt: string;
  /** That is later than the run was asked for. */
  restarted: boolean;
  /** Those asked for that Azure knows. */
  parameters: ParameterFacts[];
  /** Names of all that Azure knows, where one is asked for that it does not. */
  known: string[];
  /** Whatever waits for a restart. */
  pending: PendingParameter[];
  locks: { name: string; level: string; scope: string }[];
  longTransactions: { pid: number; ageSeconds: number; application: string }[];
  /** Why a login and a write as the application fail, by which a restart is seen. Only where one may come. */
  applicationProblem?: string;
  source?: NeighbourFacts;
  replicas: NeighbourFacts[];
  /** Absent where there is none. `unknown`: the topology has one, and this worker no cluster to ask. */
  pool?: PoolFacts | 'unknown';
}

export interface ParametersBefore {
  /** What the server runs with, as ARM writes it where that is the same; by ARM where it does not know the parameter. */
  values: Values;
  startedAt: string;
}

export interface ParametersChange extends ChangeRequest {
  parameters: Values;
  /**
   * Restart the server where it runs with other values, or has not been started after `since`. `pooled`: behind the topology's
   * pooler, paused meanwhile, for `longestPauseSeconds` at most while the old process still serves.
   */
  restart?: { since?: string; pooled: boolean; longestPauseSeconds: number };
}

export interface RestartActivities {
  /** Changes nothing. `since`: when the run was asked for. `restart`: also where no parameter needs it. */
  inspectRestart(request: {
    server: string;
    parameters: string[];
    since: string;
    restart?: boolean;
  }): Promise<RestartFacts>;
  readParameterValues(request: { server: string; parameters: string[] }): Promise<ParametersBefore>;
  /**
   * Sets each parameter that differs; restarts if asked to. One heartbeating activity: a new worker finds the pause, the
   * operation in flight, and whether it has restarted. Resumes the pooler however it ends. Returns how long the pause was, in
   * words. Throws PoolerNotPaused, with nothing restarted, where a pod could not be paused, or the pooler is gone; and where this
   * worker knows no cluster to pause it in, KubernetesUnavailable: another may.
   */
  changeParameters(request: ParametersChange): Promise<string>;
  /**
   * ARM and the server itself show the values; started after `since`; replicas stream; every pod of the pooler lets a
   * transaction through, and has no lease. Returns the evidence.
   */
  verifyParameters(request: { server: string; parameters: Values; since?: string; pooled: boolean }): Promise<string>;
}
