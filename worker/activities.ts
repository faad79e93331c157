/** Every activity of this project, wired to its clients. */
import type { Client } from '@temporalio/client';
import type { Caches } from '../activities/azure/caches';
import type { FlexibleServers } from '../activities/azure/flexible-servers';
import { createCacheActivities } from '../activities/caches';
import { createClientActivities } from '../activities/clients/probe';
import { createCutoverActivities } from '../activities/cutover';
import { createDatabaseActivities } from '../activities/database';
import { createDeploymentActivities } from '../activities/deployments';
import { createPoolerActivities } from '../activities/poolers';
import { createPatienceActivities } from '../activities/poolers/patience';
import { createRedisClusterActivities } from '../activities/redis-clusters';
import { createReplacementActivities } from '../activities/replacements';
import { createReplicaActivities } from '../activities/replicas';
import { createReshardActivities } from '../activities/resharding';
import { createRestartActivities } from '../activities/restarts';
import { poolClient } from '../activities/restarts/pool';
import { stamped } from '../activities/stamped';
import { createTargetLockActivities } from '../activities/target-lock';
import { createTopologyActivities } from '../activities/topology';
import { clusterOf } from './cluster';
import type { WorkerConfiguration } from './configuration';

export interface Azure {
  servers: FlexibleServers;
  caches: Caches;
}

export function createActivities(configuration: WorkerConfiguration, { servers, caches }: Azure, client: Client) {
  const { topology, connections, certificateFile, settleMs, taskQueue, redisUrl } = configuration;
  const { secretsFolder } = connections;
  const cacheConnections = secretsFolder ? { secretsFolder } : {};
  const reached = { servers, connections, cacheConnections, ...(certificateFile ? { certificateFile } : {}) };
  const settle = settleMs === undefined ? {} : { settleMs };
  const inCluster = { topology, kubernetes: clusterOf(topology) };
  const databases = {
    ...{ ...reached, ...inCluster },
    resourceGroup: topology.azure.resourceGroup,
    applicationDatabase: topology.postgres.database,
    ...settle,
  };
  const deployments = {
    ...{ ...reached, ...inCluster },
    redis: { ...(secretsFolder ? { secretsFolder } : {}), ...(redisUrl ? { redisUrl } : {}) },
  };
  return stamped({
    ...createTopologyActivities({ topology }),
    ...createTargetLockActivities({ client, taskQueue }),
    ...createClientActivities({ ...reached, client, pool: () => poolClient(deployments) }),
    ...createDatabaseActivities(databases),
    ...createDeploymentActivities(deployments),
    ...createCacheActivities({ caches, cacheConnections, topology, ...settle }),
    ...createReplicaActivities({ ...databases, ...deployments }),
    ...createPoolerActivities(deployments),
    ...createPatienceActivities(deployments),
    ...createCutoverActivities(deployments),
    ...createRedisClusterActivities(deployments),
    ...createReshardActivities(deployments),
    ...createRestartActivities({ ...databases, ...deployments }),
    ...createReplacementActivities({ ...databases, ...deployments }),
  });
}
