import { z } from 'zod';
import { runInput } from './run-input';
import { kubernetesName } from './topology';

/** Input of `scaleDeployment`. How many pods one deployment may have is the topology's to say. */
export const scaleDeploymentInput = runInput.extend({
  /** Name of a deployment of the topology. */
  deployment: kubernetesName,
  /** Pods. With an autoscaler: the least that it keeps. */
  replicas: z.int().min(1).max(1000),
  /** With an autoscaler: exactly so many, neither more nor fewer, until it is changed again. */
  exact: z.boolean().default(false),
  /** Connections to the database that each pod opens at most. */
  poolSize: z.int().min(1).max(1000).optional(),
});
export type ScaleDeploymentInput = z.infer<typeof scaleDeploymentInput>;
