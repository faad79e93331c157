/** One case of a proof: what a run is given to suffer, what people answer it, and how it is to end. Plain data. */
import type { Outcome, Trouble } from '../../../catalogue';
import type { Hook } from './hooks';
import type { Affliction } from './affliction';
import type { PoolerTrouble } from './trouble';

/** What a run's workers have done since it began. */
export interface Counts {
  /** Requests, whichever system they are for. */
  request: number;
  mutation: number;
  /** Mutations that another request has followed. */
  afterMutation: number;
  /** Connections to PostgreSQL. */
  connection: number;
  /** Commands to Redis that change something. */
  redisChange: number;
  redisRead: number;
  /** What goes past Azure and the API server: to PgBouncer's console, for a lease, on a session that a server has. */
  directChange: number;
}

/** When one of them has come to so many. */
export type Moment = { [What in keyof Counts]: Pick<Counts, What> }[keyof Counts];

export type Order = 'retry' | 'rollback' | 'accept';

/** Something that is done from outside when the worker's request at that moment has arrived and is not answered yet. */
export type Strike = Moment &
  (
    | { do: 'killWorker' | 'abort' | 'cancel' | 'terminate' | 'pause' | 'killTemporal' | 'startRival' }
    /** The old worker goes on that long after the new one was ready. */
    | { do: 'freezeWorker'; thawAfterMs: number }
    /** Started again after that time. `server`: 0 for the primary, then its replicas. */
    | { do: 'killPostgres'; server: number; restartAfterMs: number }
    /** The cache's node goes down, and another has its data and its place after that time. */
    | { do: 'failOverRedis'; afterMs: number }
    /** The process in a pod of the Redis cluster, by the pod's number; the kubelet starts it again. */
    | { do: 'killRedisNode'; node: number }
    | { do: 'freezeRedisNode'; node: number; thawAfterMs: number }
    | ({ do: 'troublePooler' } & TroubledPooler)
    | { do: 'arm'; fault: Fault }
    /** One of the variant's competitors writes, and only then is the request let through. */
    | { do: 'compete'; competitor: string }
  );

export interface TroubledPooler {
  trouble: PoolerTrouble;
  /** Not at that moment, but when the run then begins to pause it. */
  whenPausing?: boolean;
  /** The server whose operation goes on only when it has befallen: the pods are paused for as long. */
  holdUp?: number;
  /** For how much longer that waits. */
  holdMs?: number;
  /** Then it is taken away again; where absent, when an operator is asked, or all is over. */
  forMs?: number;
}

export type Fault = AzureFault | KubernetesFault;

/** One of the lab's Azure. */
export interface AzureFault {
  system: 'azure';
  name: string;
  options: Record<string, unknown>;
  /** 0 for the primary, then its replicas. */
  server: number;
}

/** One of the proxy before the API server. */
export interface KubernetesFault {
  system: 'kubernetes';
  name: 'throttle' | 'server-error' | 'unavailable' | 'conflict' | 'lost-response' | 'down';
  options: {
    on?: 'any' | 'read' | 'mutation';
    /** Requests of that kind that are let pass first. */
    after?: number;
    /** How many it strikes; 1 where absent. */
    count?: number;
    /** Of `throttle`: its Retry-After. Of `down`: for how long. */
    seconds?: number;
  };
}

export interface Expected {
  /** `Terminated` is no outcome: nobody knows what was left, and the locks stay. */
  outcomes: (Outcome | 'Terminated')[];
  /** The step, by its place in the plan, whose failure the report must tell with these words. */
  failed?: { step: number; words: string };
  /** Steps that an operator is asked about, in this order; absent: it does not matter. */
  asked?: number[];
  /** Words that the first question to the operator must have among its causes. */
  told?: string[];
}

export interface Case {
  /** The row of the table: "unwinds". */
  helper: string;
  /** What is different from the others of its helper: "scale primary, after its effect". */
  name: string;
  hooks: Hook[];
  strikes: Strike[];
  faults: Fault[];
  /** What is wrong with the cluster before the run begins, and stays so. */
  affliction?: Affliction;
  timing?: Record<string, number>;
  /** What an operator orders when asked for the n-th time (from 0). */
  answer(trouble: Trouble, asked: number): Order;
  expected: Expected;
  /** Strikes and faults whose moment does not come are no failure. */
  mayMiss?: boolean;
}

/** A case in which nothing goes wrong. */
export const green: Case = {
  ...{ helper: 'green', name: 'nothing goes wrong' },
  ...{ hooks: [], strikes: [], faults: [] },
  answer: () => 'retry',
  expected: { outcomes: ['Succeeded'], asked: [] },
};
