/**
 * What deployPgbouncer asks of Kubernetes, PgBouncer, PostgreSQL and Azure. No secret travels: what a Secret holds is
 * rendered, compared and written inside one activity, and its state is told in words.
 */
import type { ChangeRequest, PoolConsumer, Since } from '../deployments/contract';
import type { ManifestKind, Resources } from '../kubernetes/kubernetes';
import type { Patience, PoolerSettings } from '../pgbouncer/configuration';

export type { Patience, PoolerSettings } from '../pgbouncer/configuration';

/** The pooler's objects, in the order in which they are made. */
export const poolerKinds = ['Secret', 'Service', 'PodDisruptionBudget', 'Deployment'] as const satisfies ManifestKind[];
export type PoolerKind = (typeof poolerKinds)[number];

/** An object as it is, or is to be. */
export interface ObjectState {
  /** In words that differ where anything differs that the runbook sets: "port 5432 (3f2a91c0)". */
  shown: string;
  /** What it held, for going back; never a Secret's. */
  former?: Record<string, unknown>;
}

export interface PoolerFacts {
  namespace: string;
  /** Of all its objects. */
  name: string;
  /** The present and the wanted state of each object, in words. */
  objects: Record<PoolerKind, { now?: string; wanted: string }>;
  /**
   * In the configuration that its pods take now. Absent where there is none, where deployPgbouncer has not made it, and in histories
   * from before.
   */
  inForce?: PoolerSettings;
  /** The application, as it logs in now and will, gets in by its Service. Absent where `inForce` is. */
  serves?: boolean;
  /** Objects of that name that no runbook has made, and who manages them. */
  foreign: { kind: PoolerKind; managers: string[] }[];
  /** What somebody has put into the Deployment: "container exporter". Absent in histories from before. */
  added?: string[];
  /** Who would set one back. */
  controllers: { kind: PoolerKind; controller: string }[];
  /**
   * What else means its pods, by their label, or sets their number: "Service legacy"; and pods that have that label: "Pod legacy-1".
   * Absent in histories from before.
   */
  strangers?: string[];
  server: string;
  /** Why the application's URL cannot be pooled: its form, the server refuses its login, it leads to another server. */
  application: { problem?: string; host?: string };
  authoritiesThere: boolean;
  builtInPooler: boolean;
  database: { server: string; maxConnections: number; consumers: PoolConsumer[] };
  /** Pods that are there now. */
  pods: number;
  /** Of the wanted image, and Ready. */
  imageRuns: boolean;
  /** Names of those that are not; absent in histories from before. */
  unready?: string[];
  requests: Resources;
  /** Of one pod; absent in histories from before. */
  limits?: Resources;
  nodes: { name: string; free: Resources & { pods: number } }[];
  quotas: { quota: string; resource: string; hard: number; used: number }[];
}

export interface ObjectBefore extends Since {
  /** Absent where there is no such object. */
  state?: ObjectState;
}

interface ObjectRequest {
  kind: PoolerKind;
  settings: PoolerSettings;
}

export interface PoolerActivities {
  /** Throws ConfigurationMissing where the topology has no pooler. */
  inspectPooler(request: { settings: PoolerSettings }): Promise<PoolerFacts>;

  readPoolerObject(request: ObjectRequest): Promise<ObjectBefore>;
  /**
   * Makes it, changes it, gives the former one back, or removes it. Throws Drift where it shows neither `from` nor `to`, and
   * where one is to be removed that this run has not made.
   */
  changePoolerObject(request: ObjectRequest & ChangeRequest<ObjectState | undefined>): Promise<void>;
  /**
   * It is so. Of a Deployment: rolled out, and each pod let a transaction of the application's through, over TLS, to the primary,
   * and shows the configuration that was rendered. WorkloadFailing where a pod refuses the login.
   */
  verifyPoolerObject(request: ObjectRequest & { shown?: string; since?: Since }): Promise<string>;
}

/** Of the pooler that deployPgbouncer has made. */
export interface PatienceActivities {
  /** In the configuration that its pods have mounted, or soon have. Throws ConfigurationMissing where another has made it. */
  readPatience(): Promise<Since & { patience: Patience }>;
  /** Only these two settings. PgBouncer goes on with what it has loaded. */
  changePatience(request: ChangeRequest<Patience>): Promise<void>;
  /** Every pod that has the file mounted takes it: RELOAD, by which no connection ends. */
  loadPatience(request: { patience: Patience; deadlineSeconds: number }): Promise<void>;
  /** Written, mounted in every pod, and in force there. */
  verifyPatience(request: { patience: Patience }): Promise<string>;
}
