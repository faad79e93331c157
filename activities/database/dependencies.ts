import type { Topology } from '../../catalogue';
import type { FlexibleServers } from '../azure/flexible-servers';
import type { Kubernetes } from '../kubernetes/kubernetes';
import type { ConnectionSources } from '../postgres/connection-url';

/** What the database activities are given by the worker. */
export interface DatabaseDependencies {
  servers: FlexibleServers;
  connections: ConnectionSources;
  /** PGSSLROOTCERT: who signs the servers' certificates; the system's authorities where absent. */
  certificateFile?: string;
  topology: Pick<Topology, 'kubernetes' | 'postgres'>;
  /** Throws ConfigurationMissing where the worker knows no cluster. */
  kubernetes(): Kubernetes;
  resourceGroup: string;
  /** Database of the applications: its unlogged tables are named without the database. */
  applicationDatabase: string;
  /**
   * How long an accepted change may take to show in ARM's reads, milliseconds: looked at for this long before a change is
   * sent again after a lost answer, and before an undo believes that there is nothing to undo. Default 3,000.
   */
  settleMs?: number;
}
