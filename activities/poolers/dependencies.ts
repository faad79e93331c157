import type { PoolerTopology } from '../../catalogue';
import type { FlexibleServers } from '../azure/flexible-servers';
import type { DeploymentDependencies } from '../deployments/dependencies';
import { failure } from '../failures';

/** What the activities for poolers are given by the worker. */
export type PoolerDependencies = DeploymentDependencies & {
  servers: Pick<FlexibleServers, 'readServer' | 'readParameter'>;
};

/** Throws ConfigurationMissing where the topology has none. */
export function knownPooler({ topology }: Pick<PoolerDependencies, 'topology'>): PoolerTopology {
  const pooler = topology.kubernetes?.pooler;
  if (pooler) return pooler;
  throw failure(
    'ConfigurationMissing',
    'the topology has no pooler: add kubernetes.pooler (docs/runbooks/deploy-pgbouncer.md)',
  );
}
