import type { DatabaseDependencies } from '../database/dependencies';
import type { DeploymentDependencies } from '../deployments/dependencies';

/** What the activities for replicas are given by the worker. */
export type ReplicaDependencies = DatabaseDependencies & DeploymentDependencies;
