/**
 * What redisClusterBootstrap asks of Kubernetes and Redis. No secret travels: the password is made, read and used inside
 * activities.
 */
import type { ChangeRequest, Since } from '../deployments/contract';
import type { ManifestKind, Resources } from '../kubernetes/kubernetes';

/** The cluster's objects, in the order in which they are made. */
export const redisClusterKinds = [
  'ConfigMap',
  'Secret',
  'Service',
  'PodDisruptionBudget',
  'StatefulSet',
] as const satisfies ManifestKind[];
export type RedisClusterKind = (typeof redisClusterKinds)[number];

export interface RedisClusterSettings {
  nodes: number;
  replicasPerMaster: number;
  maxMemoryMegabytes: number;
  evictionPolicy: string;
  storageGigabytes: number;
}

/** What the nodes are together. */
export interface FormationFacts {
  /** `absent`: there are no pods yet. */
  state: 'absent' | 'unformed' | 'formed';
  /** What is missing. */
  missing?: string;
  /** Why nobody may finish it. */
  refusal?: string;
  /** As far as nodes say what they see: some that have never met would be joined, or slots be given. No way leads back. */
  joins: boolean;
  keys: number;
}

export interface RedisClusterFacts {
  namespace: string;
  /** Of all its objects. */
  name: string;
  /** The present and the wanted state of each object, in words; the fields that differ. */
  objects: Record<RedisClusterKind, { now?: string; wanted: string; differs: string[] }>;
  /** Objects of that name that no runbook has made, and who manages them. */
  foreign: { kind: RedisClusterKind; managers: string[] }[];
  /** Who would set one back. */
  controllers: { kind: RedisClusterKind; controller: string }[];
  /** Objects of others that mean its pods. */
  selecting: string[];
  claims: string[];
  formation: FormationFacts;
  /** Of one pod. */
  requests: Resources;
  /** Of one pod; absent in histories from before. */
  limits?: Resources;
  nodes: { name: string; free: Resources & { pods: number } }[];
  quotas: { quota: string; resource: string; hard: number; used: number }[];
}

export interface RedisObjectBefore extends Since {
  /** Absent where there is no such object. */
  shown?: string;
  /** Of a StatefulSet: those that were there before it. */
  claims: string[];
}

export interface FormationBefore extends Since {
  formed: boolean;
}

interface ObjectRequest {
  kind: RedisClusterKind;
  settings: RedisClusterSettings;
}

export interface RedisClusterActivities {
  /** Throws ConfigurationMissing where the topology has no Redis cluster. */
  inspectRedisCluster(request: { settings: RedisClusterSettings }): Promise<RedisClusterFacts>;

  readRedisClusterObject(request: ObjectRequest): Promise<RedisObjectBefore>;
  /** Makes it. Throws Drift where there is another one. */
  makeRedisClusterObject(request: ObjectRequest & ChangeRequest<string | undefined>): Promise<void>;
  /**
   * No node holds a key of others. Throws Drift where one does, or where only volumes that are not in `keep` are left. Unless the pods have
   * never all been Ready (`neverReady`): WorkloadFailing where a pod cannot be started, and so not be asked; NotVerified where one, or
   * the pod of a volume, is not there yet.
   */
  verifyRedisClusterUnused(request: { keep: string[]; neverReady: boolean }): Promise<string>;
  /**
   * Removes it where this run has made it; with a StatefulSet its claims but those in `keep`. Throws as
   * verifyRedisClusterUnused does.
   */
  removeRedisClusterObject(request: {
    kind: RedisClusterKind;
    keep: string[];
    neverReady: boolean;
    deadlineSeconds: number;
  }): Promise<void>;
  /** It is so. Of a StatefulSet: every pod is Ready; WorkloadFailing where one cannot start. */
  verifyRedisClusterObject(request: ObjectRequest & { shown?: string }): Promise<string>;

  readRedisFormation(request: { settings: RedisClusterSettings }): Promise<FormationBefore>;
  /**
   * Does what is missing, and only that, until it is one good cluster; then tries it with markers and, if asked to, by the loss
   * of a master. Throws ClusterRefused, ClusterNotFormed.
   */
  formRedisCluster(request: {
    settings: RedisClusterSettings;
    /** Whether nodes that have never been one cluster may be made one. */
    mayJoin: boolean;
    loseMaster: boolean;
    recoveryLimitSeconds: number;
    deadlineSeconds: number;
  }): Promise<string>;
  /** What this run has noted in the cluster, so as to kill no pod twice. */
  tidyRedisTrial(request: { settings: RedisClusterSettings }): Promise<void>;
  /** As every node sees it. */
  verifyRedisFormation(request: { settings: RedisClusterSettings }): Promise<string>;
}
