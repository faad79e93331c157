import { z } from 'zod';
import { runInput } from './run-input';

/** Input of `redisClusterBootstrap`. Numbers are the scaling guide's; where it runs is the topology's to say. */
export const redisClusterBootstrapInput = runInput.extend({
  /** Pods: at least three masters, each with its replicas. */
  nodes: z.int().min(1).max(60).default(6),
  replicasPerMaster: z.int().min(0).max(5).default(1),
  /** Without replicas the loss of one pod stops the cluster: to be said in so many words. */
  allowNoReplicas: z.boolean().default(false),
  /** Of each node (maxmemory); its pod gets half as much again, for rewriting its file. */
  maxMemoryMegabytes: z.int().min(16).max(1_000_000).default(2048),
  /** What goes where the memory is full. */
  evictionPolicy: z
    .enum([
      'noeviction',
      'allkeys-lru',
      'allkeys-lfu',
      'allkeys-random',
      'volatile-lru',
      'volatile-lfu',
      'volatile-ttl',
      'volatile-random',
    ])
    .default('allkeys-lru'),
  storageGigabytes: z.int().min(1).max(16_000).default(10),
  /** Kills one master's pod, where this run made the cluster and nobody has used it yet. */
  tryLossOfMaster: z.boolean().default(true),
  /** By then the cluster must be whole again. */
  recoveryLimitSeconds: z.int().min(5).max(600).default(60),
});
export type RedisClusterBootstrapInput = z.infer<typeof redisClusterBootstrapInput>;
