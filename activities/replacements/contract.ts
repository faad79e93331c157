/**
 * What databaseReplace asks of Azure, PostgreSQL, and the pooler between them and the clients. The replica itself is
 * createReadReplica's. No secret travels; a host is a name or an address.
 */
import type { ChangeRequest as DatabaseChangeRequest, DatabaseFacts } from '../database/contract';
import type { ChangeRequest, Since } from '../deployments/contract';
import type { ReplicaIdentity } from '../replicas/contract';
import type { PoolPodFacts } from '../restarts/contract';
import type { FirewallRule, Surroundings } from '../azure/flexible-servers';

type LongRequest = Omit<DatabaseChangeRequest, 'server'> & ReplicaIdentity;

export interface ReplacedPod extends PoolPodFacts {
  /** That PgBouncer has loaded. */
  host?: string;
}

export interface ReplacedPool {
  namespace: string;
  name: string;
  /** As whom it logs in to the primary. */
  role: string;
  /** Who has paused its Deployment, so that no rollout replaces its pods. */
  heldBy?: 'us' | 'others';
  /** Where the configuration leads to that its pods take; absent where deployPgbouncer has not made it. */
  host?: string;
  pods: ReplacedPod[];
}

/** A key of a Secret with the primary's URL. */
export interface KnownAddress {
  secret: string;
  key: string;
  host: string;
}

export interface ReplacementFacts {
  database: DatabaseFacts;
  /** What has the wanted name. */
  existing?: { source?: string; state: string; host: string };
  /** Of the primary; absent in histories from before. */
  firewallRules?: FirewallRule[] | undefined;
  markers: { table: string; lacking: string[] };
  surroundings: Surroundings;
  virtualEndpoints: string[];
  tags: string[];
  /** Server parameters that somebody has set. */
  overrides: string[];
  /** Who can log in, and whether the administrator may forbid it. */
  logins: { role: string; ours: boolean }[];
  /** Of the administrator, who is not shut out, in pg_cron. Absent in histories from before. */
  jobs?: string[];
  /** Of clients that do not come through the pool, by whom and from where. */
  foreignSessions: string[];
  /** Absent where there is none. `unknown`: the topology has one, and this worker no cluster to ask. */
  pool?: ReplacedPool | 'unknown';
  addresses: KnownAddress[];
  /** Other keys of those Secrets that lead there, as "secret/key"; the topology does not name them. Absent in histories from before. */
  otherAddresses?: string[];
}

/** Where something leads: the replica's name, or another host. */
export interface Lead extends Since {
  to: string;
  /** The replica's own host: by it what leads there is known when the replica is gone. Absent in histories from before. */
  own?: string | undefined;
}

export interface ReplacementActivities {
  /** Changes nothing. */
  inspectReplacement(request: ReplicaIdentity): Promise<ReplacementFacts>;

  /** Every server parameter that somebody has set on the source, on the replica as well; a restart of it where they need one. */
  carryParameters(request: LongRequest): Promise<void>;
  verifyParametersCarried(request: ReplicaIdentity): Promise<string>;

  /** Whether the pooler's Deployment is paused: then nobody's rollout replaces a pod in the middle of a switchover. */
  readRolloutHold(): Promise<Since & { held: boolean }>;
  changeRolloutHold(request: ChangeRequest<boolean>): Promise<void>;
  /** Throws NotVerified where it is held in the middle of a rollout: pods of two kinds would stay. */
  verifyRolloutHold(request: { held: boolean }): Promise<string>;

  /** Where the configuration leads to that the pooler's pods have mounted, or soon have. */
  readStagedHost(request: ReplicaIdentity): Promise<Lead>;
  /** Only the host in it. PgBouncer goes on with what it has loaded. */
  changeStagedHost(request: ChangeRequest<string> & ReplicaIdentity & Pick<Lead, 'own'>): Promise<void>;
  /** On the way back: a PgBouncer that was started anew meanwhile, and has taken what was staged, takes the former again. */
  reloadFormerHost(request: { host: string; deadlineSeconds: number }): Promise<void>;
  /**
   * Every pod has it mounted, by its digest; PgBouncer goes on with `loaded`. The application's login succeeds there, from each pod,
   * where it is the replica's.
   */
  verifyStagedHost(request: ReplicaIdentity & { to: string; loaded: string }): Promise<string>;

  /** `primary`: it is none of the source's any more, by its own word. */
  readRole(request: ReplicaIdentity): Promise<Since & { primary: boolean }>;
  /**
   * One heartbeating activity: every pod of the pooler is paused, the source fenced, the last byte replayed, the replica promoted, every
   * pod led there and resumed. A new attempt goes on from whatever is there. Throws SwitchoverGivenUp or PoolerNotPaused where the
   * promotion was not asked for, or Azure has refused it, PromotedByOthers where somebody else has promoted it while the source was
   * open: then the source is open again and clients are served by it. Throws Drift where it cannot be told whose promotion it was.
   * Returns how long they have waited, in words.
   */
  switchOver(request: LongRequest & { roles: string[] }): Promise<string>;
  /** By Azure, by the new primary itself, by every pod, and by the source, on which nobody is left and nobody can log in. */
  verifySwitchover(request: ReplicaIdentity & { roles: string[] }): Promise<string>;

  /**
   * For a switchover that is given up: where no promotion has come, and it is certain that none will, the source is open again and every
   * pod resumed. Throws OperationDeadlineExceeded where that does not become certain in time, NoWayBack where the replica was promoted
   * after all: then clients are led there; PromotedByOthers and Drift as switchOver does.
   */
  reopenSource(request: LongRequest & { roles: string[] }): Promise<void>;
  /** A write as the application succeeds on the source, the roles can log in to it, no pod is paused. */
  verifySourceOpen(request: ReplicaIdentity & { roles: string[] }): Promise<string>;

  readServerAddress(request: ReplicaIdentity & { secret: string; key: string }): Promise<Lead>;
  /** Only the host in it. */
  changeServerAddress(
    request: ChangeRequest<string> & ReplicaIdentity & { secret: string; key: string },
  ): Promise<void>;
  /** Where it is the replica's: a login with it reaches a primary. */
  verifyServerAddress(request: ReplicaIdentity & { secret: string; key: string; to: string }): Promise<string>;
}
