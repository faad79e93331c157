/**
 * What the runbooks ask of Kubernetes: small, plain, without a type of the vendor's. CPU in millicores, memory in bytes,
 * times in milliseconds since the epoch.
 *
 * Reads throw what kubernetes/failures.ts maps (WorkloadNotFound for a 404). Every write of what was read is guarded by the
 * version that was read: KubernetesConflict where somebody else wrote in between.
 */
import type { AutoscalerSpec, PodSize } from '../../catalogue';
import type { RequestIdentity } from '../request-identity';

export interface Resources {
  cpuMillis: number;
  memoryBytes: number;
}

export interface Condition {
  type: string;
  status: string;
  reason: string;
  message: string;
}

/** A Secret of which every key is a variable of the container, of the same name behind the prefix (envFrom). */
export interface WholeSecret {
  secret: string;
  prefix: string;
}

/** By what other tools mark what is theirs. */
export interface Marks {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** "Kind/name" of each owner reference. */
  owners: string[];
  /** Field managers that own the fields that say how many pods there are. */
  replicasManagers: string[];
}

export interface Deployment extends Marks {
  name: string;
  uid: string;
  version: string;
  replicas: number;
  /** The template's; a variable without a value of its own is absent. */
  environment: Record<string, string>;
  /** Names of variables that come from a ConfigMap, a Secret or a field; "*" where a whole one is taken over (envFrom). */
  environmentFrom: string[];
  wholeSecrets: WholeSecret[];
  /** Variables that come from a Secret → "secret/key". */
  secretReferences: Record<string, string>;
  /** Of the first container, which is the application's. */
  container: string;
  image: string;
  requests: Resources;
  limits: Resources;
  /** Of the application's container. */
  size: PodSize;
  paused: boolean;
  /** By a run, which stands for it that it goes on. */
  pausedByUs: boolean;
  /** All its pods go before new ones come, instead of a rolling update. */
  recreates: boolean;
  /** "25%" or a number of pods. */
  maxSurge: string;
  maxUnavailable: string;
  /** A new pod that has been Ready for so long lets a rolling update go on. */
  minReadySeconds: number;
  progressDeadlineSeconds: number;
  selector: string;
  /** The controller has seen the newest specification. */
  observed: boolean;
  updatedReplicas: number;
  readyReplicas: number;
  /** Pods, terminating ones left out. */
  presentReplicas: number;
  conditions: Condition[];
}

export interface Autoscaler extends Marks {
  name: string;
  uid: string;
  version: string;
  spec: AutoscalerSpec;
  min: number;
  max: number;
  current: number;
  desired: number;
  conditions: Condition[];
  /** Of the metrics that it could read the last time. */
  currentMetrics: string[];
}

export interface Pod {
  name: string;
  uid: string;
  version: string;
  container: string;
  /** What its application's container is asked to have, and what it has; absent where the kubelet does not tell. */
  size: PodSize;
  actualSize?: PodSize;
  /** Why a resize is not carried out: Deferred, Infeasible. */
  resizePending?: { reason: string; message: string };
  /** A changed limit restarts the container (resizePolicy). */
  restartsOnResize: boolean;
  /** Absent until it has one. */
  address?: string;
  node?: string;
  createdAt: number;
  ready: boolean;
  readyAt?: number;
  terminating: boolean;
  restarts: number;
  image: string;
  /** As a Deployment's. */
  secretReferences: Record<string, string>;
  /** Why a container waits: ImagePullBackOff, CrashLoopBackOff, … */
  waiting?: { reason: string; message: string };
  /** How its container ended the last time: OOMKilled, Error, … */
  lastEnd?: string;
  requests: Resources;
  usage?: Resources;
}

/** One of a deployment's own. */
export interface ReplicaSet {
  name: string;
  uid: string;
  version: string;
  replicas: number;
  container: string;
  size: PodSize;
}

export interface Node {
  name: string;
  schedulable: boolean;
  /** What pods may ask for, less what those on it ask for. */
  free: Resources & { pods: number };
}

/** One limit of a ResourceQuota: pods, requests.cpu, … as Kubernetes writes it, in its base unit. */
export interface QuotaLimit {
  quota: string;
  resource: string;
  hard: number;
  used: number;
}

export interface Event {
  /** "Pod/broxiva-api-7f…". */
  about: string;
  reason: string;
  message: string;
  at: number;
}

/** Kinds of objects that runbooks make whole. What a Secret or ConfigMap holds is its `data`, of any other its `spec`. */
export type ManifestKind = 'Secret' | 'ConfigMap' | 'Service' | 'PodDisruptionBudget' | 'Deployment' | 'StatefulSet';

export interface Manifest {
  kind: ManifestKind;
  name: string;
  labels: Record<string, string>;
  /** A Secret's values are in base64. */
  content: Record<string, unknown>;
}

/** An object as it is, with all that Kubernetes and others have added to it. */
export interface KnownObject extends Marks {
  name: string;
  uid: string;
  version: string;
  content: Record<string, unknown>;
  /** Of every field, those of its status left out. */
  managers: string[];
}

/** A PersistentVolumeClaim. */
export interface Claim {
  name: string;
  uid: string;
}

export interface Kubernetes {
  readonly namespace: string;
  /** Whether a read failed because there is no such object. */
  isAbsent(error: unknown): boolean;
  readDeployment(name: string): Promise<Deployment>;
  /** Those that scale the deployment; more than one is a mistake that disables all of them. */
  readAutoscalers(deployment: string): Promise<Autoscaler[]>;
  readAutoscaler(name: string): Promise<Autoscaler>;
  /** Undefined where there is none. */
  findAutoscaler(name: string): Promise<Autoscaler | undefined>;
  /** By a dry run: whose fields an apply would take. Ours are no conflict. */
  conflictsOf(name: string, spec: AutoscalerSpec): Promise<{ manager: string; fields: string[] }[]>;
  /** Names of the metrics that no metrics API serves for the deployment's pods now. */
  metricsWithoutSource(spec: AutoscalerSpec, deployment: Deployment): Promise<string[]>;
  /** Of the deployment's own ReplicaSets, with their usage where the metrics API knows it. */
  readPods(deployment: Deployment): Promise<Pod[]>;
  readReplicaSets(deployment: Deployment): Promise<ReplicaSet[]>;
  readNodes(): Promise<Node[]>;
  readQuotas(): Promise<QuotaLimit[]>;
  /** Warnings about the deployment, its ReplicaSets, its pods and its autoscalers. */
  readWarnings(deployment: Deployment): Promise<Event[]>;

  setReplicas(deployment: Deployment, replicas: number, identity: RequestIdentity): Promise<void>;
  /** In the template. `paused`: no pod is replaced for it until it is set to false. */
  setTemplateSize(
    deployment: Deployment,
    size: PodSize,
    options: { paused: boolean },
    identity: RequestIdentity,
  ): Promise<void>;
  /** While it is paused no pod is replaced for a changed template; then the template is rolled out, whoever set it. */
  setPaused(
    deployment: Pick<Deployment, 'name' | 'version'>,
    paused: boolean,
    identity: RequestIdentity,
  ): Promise<void>;
  setReplicaSetSize(replicaSet: ReplicaSet, size: PodSize, identity: RequestIdentity): Promise<void>;
  /** In place, by the pod's `resize` subresource. */
  setPodSize(pod: Pod, size: PodSize, identity: RequestIdentity): Promise<void>;
  setBounds(autoscaler: Autoscaler, bounds: { min: number; max: number }, identity: RequestIdentity): Promise<void>;
  /** Server-side apply; takes fields only from the managers named. Throws KubernetesRefused for any other's. */
  applyAutoscaler(
    name: string,
    spec: AutoscalerSpec,
    /** `instead`: the autoscaler that was read; without it one is made. */
    options: { takeOver: string[]; instead: Autoscaler | undefined },
    identity: RequestIdentity,
  ): Promise<void>;
  replaceAutoscaler(autoscaler: Autoscaler, spec: AutoscalerSpec, identity: RequestIdentity): Promise<void>;
  deleteAutoscaler(autoscaler: Autoscaler, identity: RequestIdentity): Promise<void>;
  /** The text of one key, with the version that it is guarded by; no text where there is no such key. */
  readSecret(name: string, key: string): Promise<Marks & { name: string; version: string; text?: string }>;
  /** The texts of all its keys. */
  readSecretTexts(name: string): Promise<Record<string, string>>;
  /** `undefined` takes the key out. */
  setSecret(
    secret: { name: string; version: string },
    key: string,
    text: string | undefined,
    identity: RequestIdentity,
  ): Promise<void>;
  /** In the template, from "secret/key"; `undefined` takes it out. */
  setReference(
    deployment: Deployment,
    variable: string,
    reference: string | undefined,
    identity: RequestIdentity,
  ): Promise<void>;
  /** A variable of the template, from "secret/key", and the rules of the rolling update that follows, in one. */
  setRollout(
    deployment: Deployment,
    variable: string,
    rollout: Pick<Deployment, 'maxSurge' | 'maxUnavailable' | 'minReadySeconds' | 'progressDeadlineSeconds'> & {
      reference?: string | undefined;
    },
    identity: RequestIdentity,
  ): Promise<void>;
  /** In the template; `undefined` takes it out. */
  setVariable(
    deployment: Deployment,
    variable: string,
    value: string | undefined,
    identity: RequestIdentity,
  ): Promise<void>;

  /** Undefined where there is none. */
  findObject(kind: ManifestKind, name: string): Promise<KnownObject | undefined>;
  /** Throws KubernetesConflict where somebody else has made one meanwhile. Carries the run's id for `isMadeBy`. */
  createObject(manifest: Manifest, identity: RequestIdentity): Promise<void>;
  /** Its content, whole; what is not in it is Kubernetes' default again. */
  replaceContent(
    kind: ManifestKind,
    found: KnownObject,
    content: Record<string, unknown>,
    identity: RequestIdentity,
  ): Promise<void>;
  /** With all that belongs to it. */
  deleteObject(kind: ManifestKind, found: KnownObject, identity: RequestIdentity): Promise<void>;
  /** Pods with such a label, those that are leaving too, whoever made them. */
  countPods(labelSelector: string): Promise<number>;
  /** How many pods a StatefulSet is to have; as it was read. */
  setStatefulReplicas(
    found: Pick<KnownObject, 'name' | 'version'>,
    replicas: number,
    identity: RequestIdentity,
  ): Promise<void>;
  /** With such labels, whoever made them; those that are leaving too. */
  readLabeledPods(labelSelector: string): Promise<Pod[]>;
  /** At once, without a chance to say goodbye; that very one, which may be gone already. */
  killPod(pod: Pick<Pod, 'name' | 'uid'>, identity: RequestIdentity): Promise<void>;
  readClaims(labelSelector: string): Promise<Claim[]>;
  /** That very one, which may be gone already. */
  deleteClaim(claim: Claim, identity: RequestIdentity): Promise<void>;
  /** Services, disruption budgets and network policies that mean pods with these labels: "Service redis". */
  selecting(labels: Record<string, string>): Promise<string[]>;
  /** Undefined where there is no such ConfigMap, or no such key in it. */
  findConfiguration(configMap: string, key: string): Promise<string | undefined>;
}
