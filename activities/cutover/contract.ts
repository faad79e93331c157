/** What pgbouncerCutover asks of Kubernetes, PgBouncer and PostgreSQL. No URL travels: it is made and written in one activity. */
import type { SessionFeature } from '../../catalogue';
import type { ChangeRequest, PoolConsumer, Since } from '../deployments/contract';

/** Where a deployment's pods take the primary's URL from, and how a rolling update of it goes. */
export interface PathState {
  /** "secret/key"; absent where the template does not take it from a Secret. */
  reference?: string;
  maxSurge: string;
  maxUnavailable: string;
  minReadySeconds: number;
  progressDeadlineSeconds: number;
}

/** The key for the URL through the pool: it is there as it is to be, there otherwise, or not. */
export type Published = 'current' | 'other' | 'absent';

export interface PoolerPodFacts {
  pod: string;
  /** Why the application's transaction did not go through it. */
  problem?: string;
  /** "1.18". */
  version?: string;
  keepsNamedStatements?: boolean;
  /** Of the application's database since the pod began. */
  transactions?: number;
}

export interface CutoverFacts {
  namespace: string;
  deployment: string;
  pooler: string;
  server: string;
  variable: string;
  secret: string;
  key: string;
  pooledKey: string;
  replicas: number;
  readyReplicas: number;
  path: PathState;
  /** Instead of a rolling update. */
  recreates: boolean;
  /** The template sets the variable in another way. */
  taken: boolean;
  /** Who would set the template or the Secret back. */
  controller?: string;
  published: Published;
  /** Why the application's URL has no form through the pool. */
  urlProblem?: string;
  /** What the URL says otherwise than the topology: its role, its database, the server that it leads to. Absent in histories from before. */
  elsewhere?: string[];
  /** `inactive`: why it does not scale, absent in histories from before. */
  autoscalers: { name: string; min: number; max: number; inactive?: string[]; controller?: string }[];
  /** Of the pooler's pods; empty where there is no pooler. */
  poolers: PoolerPodFacts[];
  /** Seen in use, and where: "LISTEN new_orders". */
  features: { feature: SessionFeature; seen: string }[];
  /** Where pg_stat_statements is not there, or keeps no utility statements, only what runs just now was seen. */
  statementsKnown: boolean;
  builtInPooler: boolean;
  database: { server: string; maxConnections: number; consumers: PoolConsumer[] };
  restarts: Record<string, number>;
  clientsAnswer?: boolean;
}

export interface CutoverActivities {
  /**
   * Throws ConfigurationMissing where the topology has no pooler, or does not say how the deployment reaches the primary and
   * how a pod of it is asked.
   */
  inspectCutover(request: { deployment: string }): Promise<CutoverFacts>;

  readPooledAddress(request: { deployment: string }): Promise<Since & { published: Published }>;
  /**
   * The application's URL with the pooler's address, under another key of the same Secret; or no such key. What somebody else
   * has put there is neither overwritten nor removed.
   */
  changePooledAddress(request: ChangeRequest<Published> & { deployment: string }): Promise<void>;
  verifyPooledAddress(request: { deployment: string; published: Published }): Promise<string>;

  readPath(request: { deployment: string }): Promise<Since & { state: PathState }>;
  /** One guarded write of the template and of the rules of its rolling update. */
  changePath(request: ChangeRequest<PathState> & { deployment: string }): Promise<void>;
  /** On the way forward: exactly one pod is on the pooled path, Ready and answering, and all others are as they were. */
  verifyCanary(request: { deployment: string; state: PathState; since?: Since }): Promise<string>;
  /**
   * Asks the one pod and its siblings every second, for so long. Throws CanaryWorse where it fails more, or takes longer. One
   * heartbeating activity.
   */
  verifyComparison(request: { deployment: string; seconds: number }): Promise<string>;
  /**
   * Every pod is on that path. On the pooled one the deployment has no session of its own on the primary, and where its pods
   * answer and sessions are nobody's, one is a client of the pooler; on the former path none is (sessions.ts).
   */
  verifyPath(request: { deployment: string; state: PathState; since?: Since }): Promise<string>;
  /**
   * For so long each pod of the pooler lets the application's transactions through, and no client waits there for a second.
   * Throws PoolExhausted. One heartbeating activity.
   */
  verifyPools(request: { deployment: string; seconds: number; deadlineSeconds: number }): Promise<string>;
}
