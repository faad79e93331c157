import type { DatabaseDependencies } from '../database/dependencies';
import type { PoolerDependencies } from '../poolers/dependencies';

/** What the activities of databaseRestart are given by the worker. */
export type RestartDependencies = DatabaseDependencies & PoolerDependencies;
