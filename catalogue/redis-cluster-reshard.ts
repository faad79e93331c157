import { z } from 'zod';
import { runInput } from './run-input';

/** Input of `redisClusterReshard`. Where it runs, and how many replicas a master has, is the cluster's to say. */
export const redisClusterReshardInput = runInput.extend({
  /** Masters that the slots are to be spread over evenly. */
  masters: z.int().min(1).max(100),
  /** Nodes that have given their slots away go on leading clients to the others for so long before they leave. */
  lingerSeconds: z.int().min(0).max(3600).default(30),
});
export type RedisClusterReshardInput = z.infer<typeof redisClusterReshardInput>;
