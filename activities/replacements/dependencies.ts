import type { ReplicaDependencies } from '../replicas/dependencies';
import type { RestartDependencies } from '../restarts/dependencies';

/** What the activities of databaseReplace are given by the worker. */
export type ReplacementDependencies = ReplicaDependencies & RestartDependencies;
