/** What redisClusterReshard asks of Kubernetes and Redis. No secret travels. */
import type { ChangeRequest, Since } from '../deployments/contract';
import type { Resources } from '../kubernetes/kubernetes';
import type { Shard } from '../redis/cluster/balance';

/** Of one node of the cluster. */
export interface ReshardMemory {
  pod: string;
  /** Of a master; a replica has as much as its master. */
  usedBytes: number;
  /** 0: without a limit. */
  maxBytes: number;
  /** That come to it, as far as can be told from what each master holds per slot. */
  comingBytes: number;
}

export interface ReshardFacts {
  namespace: string;
  name: string;
  /** Of the StatefulSet; absent where there is none. */
  pods?: number;
  /** It was made by a runbook, and is as that has it but for its number of pods. */
  isOurs: boolean;
  controller?: string;
  selecting: string[];
  /** Why its nodes cannot be resharded as they are: not one good cluster, slots on their way, … */
  obstacle?: string;
  replicasPerMaster: number;
  masters: number;
  /** Pods that are nodes of the cluster, the lowest numbers. */
  joined: number;
  /** Of the pods that stay, how many are masters; absent where all do. */
  mastersThatStay?: number;
  /** Pods that stay and whose master gives all its slots away: they become replicas of others. Absent where there are none. */
  dissolved?: string[];
  /** In words that differ where a slot is with another. */
  layout: string;
  /** What it is to be. */
  wanted: string;
  slotsToMove: number;
  keys: number;
  /** Of the masters that slots come to. */
  memory: ReshardMemory[];
  /** Of pods that are not there yet. */
  claims: string[];
  /** Of one pod. */
  requests: Resources;
  /** Of one pod; absent in histories from before. */
  limits?: Resources;
  nodes: { name: string; free: Resources & { pods: number } }[];
  quotas: { quota: string; resource: string; hard: number; used: number }[];
}

export interface PodsBefore extends Since {
  pods: number;
  /** Claims that are there already: they are no run's to remove. */
  claims: string[];
}

export interface NodesBefore extends Since {
  joined: number;
}

export interface LayoutBefore extends Since {
  shown: string;
  before: Shard[];
  after: Shard[];
}

export interface ReshardActivities {
  /** Throws ConfigurationMissing where the topology has no Redis cluster. */
  inspectRedisReshard(request: { masters: number }): Promise<ReshardFacts>;

  readRedisPods(): Promise<PodsBefore>;
  /** The number of the StatefulSet's pods. Throws Drift where a pod that is to go is a node of the cluster. */
  changeRedisPods(request: ChangeRequest<number>): Promise<void>;
  /** When the pods have gone. Removes the claims of pods from that number on, but those in `keep`. */
  removeRedisClaims(request: { from: number; keep: string[]; deadlineSeconds: number }): Promise<void>;
  /** So many pods, all Ready; WorkloadFailing where one cannot start. */
  verifyRedisPods(request: { pods: number }): Promise<string>;

  readRedisNodes(): Promise<NodesBefore>;
  /** The first so many pods become nodes of the cluster, so many of them masters without slots. */
  joinRedisNodes(request: { joined: number; replicasPerMaster: number; deadlineSeconds: number }): Promise<string>;
  /**
   * Whoever is none of the first so many pods is forgotten by these, and its pod, where it answers, forgets them. Throws Drift where one
   * has slots.
   */
  leaveRedisNodes(request: { joined: number; replicasPerMaster: number; deadlineSeconds: number }): Promise<void>;
  /** As each of the first so many pods sees it, and they know no other. */
  verifyRedisNodes(request: { joined: number; replicasPerMaster: number }): Promise<string>;

  /** `pods`: those with lower numbers stay. */
  readRedisLayout(request: { masters: number; pods: number; joined: number }): Promise<LayoutBefore>;
  /** Throws Drift where somebody else has moved a slot. */
  moveRedisSlots(request: {
    before: Shard[];
    after: Shard[];
    joined: number;
    deadlineSeconds: number;
  }): Promise<string>;
  /** As every node sees it: each slot is where it is to be, none is on its way, no key is where its slot is not. */
  verifyRedisLayout(request: {
    before: Shard[];
    after: Shard[];
    joined: number;
    replicasPerMaster: number;
  }): Promise<string>;
}
