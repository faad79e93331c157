/** What createReadReplica asks of Azure, PostgreSQL and Kubernetes. No secret travels: URLs are made and written in one activity. */
import type { FirewallRule } from '../azure/flexible-servers';
import type { DatabaseFacts } from '../database/contract';
import type { ChangeRequest as DatabaseChangeRequest } from '../database/contract';
import type { ChangeRequest, Since } from '../deployments/contract';

/** A request of a database's change names its server: here that is the source. */
type LongRequest = Omit<DatabaseChangeRequest, 'server'>;

export interface ReplicaIdentity {
  source: string;
  replica: string;
}

export interface ReplicaWish {
  /** The source's region where absent. */
  location?: string;
  /** The source's where absent. */
  size?: { sku: string; tier: string };
}

/** A deployment that reads from the replica, or may. */
export interface ReaderFacts {
  deployment: string;
  variable: string;
  secret: string;
  key: string;
  primaryKey: string;
  /** Whether the template takes the variable from that key of the Secret. */
  wired: boolean;
  /** The template sets the variable in another way. */
  taken: boolean;
  /** It takes the whole Secret (envFrom), where the key has the variable's name; absent in histories from before. */
  byItself?: boolean;
  /** Who would set the template or the Secret back. */
  controller?: string;
  /** Host that the key leads to; absent where the Secret has no such key. */
  host?: string;
  /** What the sessions behind that address are called; absent where it does not say. */
  application?: string;
  /** Whether the way of its clients answers from here; absent where the topology names none. */
  clientsAnswer?: boolean;
}

export interface ReaderBefore extends Since {
  /** "secret/key"; absent where the template does not set the variable. */
  reference?: string;
  /** Rows that were read on the replica by then, by whomever. */
  rowsRead: number;
}

/** A replica's address in a key of a Secret, for one deployment. */
export interface Publication {
  deployment: string;
  secret: string;
  key: string;
  there: boolean;
}

export interface ReplicaFacts {
  database: DatabaseFacts;
  /** What has the wanted name now. */
  existing?: {
    source?: string;
    state: string;
    sku: string;
    location: string;
    host: string;
    /** Firewall rules of the source that it has not; absent in histories from before. */
    lackingRules?: string[];
  };
  /** Of the source; absent in histories from before. */
  firewallRules?: FirewallRule[];
  /** Where the markers are to be written, and what the administrator lacks there; empty where all is there. */
  markers: { table: string; lacking: string[] };
  namespace?: string;
  readers: ReaderFacts[];
  /** Of the primary, in percent, where PostgreSQL's statistics tell: advice, no condition. */
  readShare?: number;
  /** Whether the other region that is asked for offers the primary's size. */
  offeredThere?: boolean;
}

export interface ReplicaActivities {
  /** `readers`: deployments of which to tell; all that the topology knows where absent. Asks no cluster where there are none. */
  inspectReplica(
    request: ReplicaIdentity & { readers?: string[] | undefined; location?: string | undefined },
  ): Promise<ReplicaFacts>;

  /** Whether there is a server of that name, and whom it follows. */
  readReplica(request: ReplicaIdentity): Promise<Since & { exists: boolean }>;
  /** Does nothing where it exists; one heartbeating activity for the whole wait. Throws Drift where it follows another. */
  createReplica(request: LongRequest & ReplicaIdentity & ReplicaWish): Promise<void>;
  /** One of the same name with other addresses is changed; others are left alone. */
  carryFirewallRules(request: LongRequest & ReplicaIdentity & { rules: FirewallRule[] }): Promise<void>;
  verifyFirewallRules(request: ReplicaIdentity & { rules: FirewallRule[] }): Promise<string>;
  /**
   * Does nothing where it is gone. Throws ReplicaInUse where right before the request sessions other than Azure's and our own
   * are on it, it takes no more, or a virtual endpoint leads to it. One that cannot be reached for a minute has none.
   */
  deleteReplica(request: LongRequest & ReplicaIdentity): Promise<void>;
  /**
   * Throws NotVerified until ARM says Ready and the server itself is a replica of that very cluster (system identifier,
   * timeline) that streams and replays, and refuses a write. Returns the evidence.
   */
  verifyReplica(request: ReplicaIdentity): Promise<string>;
  /** Throws NotVerified while ARM still finds it. */
  verifyNoReplica(request: ReplicaIdentity): Promise<string>;
  /**
   * Writes a marker on the primary every second and reads it on the replica, for the window; begins anew after a sample that
   * was more than 1 MiB behind. Throws ReplicaBehind at the deadline.
   */
  verifyLag(request: ReplicaIdentity & { windowSeconds: number; deadlineSeconds: number }): Promise<string>;

  readAddress(request: { secret: string; key: string }): Promise<Since & { host?: string }>;
  /**
   * The URL of `primaryKey` with the replica's host and the deployment's name, in another key of the same Secret; or no such
   * key. Throws Drift for a key that leads elsewhere.
   */
  changeAddress(request: LongRequest & ReplicaIdentity & Publication & { primaryKey: string }): Promise<void>;
  /** Where it is there: a login with what was published, as a reader's, reaches a server in recovery. */
  verifyAddress(request: ReplicaIdentity & Publication): Promise<string>;

  /** With what was read on the replica so far. */
  readReader(request: ReplicaIdentity & { deployment: string; variable: string }): Promise<ReaderBefore>;
  /** The template's variable from "secret/key", or not at all; a rolling update. */
  changeReader(request: ChangeRequest<string | undefined> & { deployment: string; variable: string }): Promise<void>;
  /**
   * Rolled out; and where it is wired, sessions of that very deployment are on the replica and have asked something, rows have
   * been read there since, and a write is refused.
   */
  verifyReader(
    request: ReplicaIdentity & { deployment: string; variable: string; reference?: string; since?: ReaderBefore },
  ): Promise<string>;
}
