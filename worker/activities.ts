/** Every activity of this project, wired to its clients. */
import type { Client } from '@temporalio/client';
import type { FlexibleServers } from '../activities/azure/flexible-servers';
import { createClientActivities } from '../activities/clients/probe';
import { createDatabaseActivities } from '../activities/database';
import { createDeploymentActivities } from '../activities/deployments';
import { createReplicaActivities } from '../activities/replicas';
import { stamped } from '../activities/stamped';
import { createTargetLockActivities } from '../activities/target-lock';
import { createTopologyActivities } from '../activities/topology';
import { clusterOf } from './cluster';
import type { WorkerConfiguration } from './configuration';

export function createActivities(configuration: WorkerConfiguration, servers: FlexibleServers, client: Client) {
  const { topology, connections, certificateFile, settleMs, taskQueue, redisUrl } = configuration;
  const { secretsFolder } = connections;
  const reached = { servers, connections, ...(certificateFile ? { certificateFile } : {}) };
  const databases = {
    ...reached,
    resourceGroup: topology.azure.resourceGroup,
    applicationDatabase: topology.postgres.database,
    ...(settleMs === undefined ? {} : { settleMs }),
  };
  const deployments = {
    ...reached,
    topology,
    kubernetes: clusterOf(topology),
    redis: { ...(secretsFolder ? { secretsFolder } : {}), ...(redisUrl ? { redisUrl } : {}) },
  };
  return stamped({
    ...createTopologyActivities({ topology }),
    ...createTargetLockActivities({ client, taskQueue }),
    ...createClientActivities({ ...reached, client }),
    ...createDatabaseActivities(databases),
    ...createDeploymentActivities(deployments),
    ...createReplicaActivities({ ...databases, ...deployments }),
  });
}
