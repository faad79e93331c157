import type { Topology } from '../../catalogue';
import type { FlexibleServers } from '../azure/flexible-servers';
import type { Kubernetes } from '../kubernetes/kubernetes';
import type { ConnectionSources } from '../postgres/connection-url';
import type { RedisSource } from '../redis/application';

/** What the activities for deployments are given by the worker. */
export interface DeploymentDependencies {
  topology: Pick<Topology, 'kubernetes' | 'postgres'>;
  /** Throws ConfigurationMissing where the worker knows no cluster. */
  kubernetes(): Kubernetes;
  servers: Pick<FlexibleServers, 'readServer'>;
  connections: ConnectionSources;
  certificateFile?: string;
  redis: RedisSource;
}
