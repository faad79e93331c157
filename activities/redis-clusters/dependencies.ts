import type { RedisClusterTopology } from '../../catalogue';
import type { DeploymentDependencies } from '../deployments/dependencies';
import { failure } from '../failures';

/** What the activities for Redis clusters are given by the worker. */
export type RedisClusterDependencies = Pick<DeploymentDependencies, 'topology' | 'kubernetes'>;

/** Throws ConfigurationMissing where the topology has none. */
export function knownCluster({ topology }: Pick<RedisClusterDependencies, 'topology'>): RedisClusterTopology {
  const cluster = topology.kubernetes?.redisCluster;
  if (cluster) return cluster;
  throw failure(
    'ConfigurationMissing',
    'the topology has no Redis cluster: add kubernetes.redisCluster (docs/runbooks/redis-cluster-bootstrap.md)',
  );
}
