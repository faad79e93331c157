/**
 * What the runbooks for deployments ask of Kubernetes, of the database and of Redis, and the shapes that travel through a
 * run's history: small, plain JSON, no secret. The namespace is the topology's.
 */
import type { AutoscalerSpec, PodSize } from '../../catalogue';
import type { Resources } from '../kubernetes/kubernetes';

/** The HorizontalPodAutoscaler's limits. */
export interface Bounds {
  min: number;
  max: number;
}

export interface AutoscalerFacts extends Bounds {
  name: string;
  current: number;
  desired: number;
  /** Why it does not scale; empty where AbleToScale and ScalingActive are True. */
  inactive: string[];
  /** Who resets it: "KEDA ScaledObject broxiva-api". */
  controller?: string;
}

/** Who opens connections to the database: pods at most, and those that a rolling update adds. */
export interface PoolConsumer {
  deployment: string;
  pods: number;
  /** As the Deployment has it: "25%" or a number of pods. */
  maxSurge: string;
  connectionsPerPod: number;
  /** The template does not say: the topology's default was taken. */
  assumed?: boolean;
}

export interface QueueReading {
  name: string;
  length: number;
  /** Milliseconds since the epoch. */
  at: number;
}

export interface DeploymentFacts {
  namespace: string;
  name: string;
  replicas: number;
  readyReplicas: number;
  maxSurge: string;
  image: string;
  /** A pod of it runs this very image, so that it can be pulled. */
  imageRuns: boolean;
  requests: Resources;
  /** Absent where nobody looked. */
  limits?: Resources;
  /** Field managers that claim the number of pods, the controllers of Kubernetes and ours left out. */
  managers: string[];
  /** Who resets the number of pods: "Argo CD", "Flux". */
  controller?: string;
  /** Who resets the template. */
  templateController?: string;
  restarts: Record<string, number>;
  autoscalers: AutoscalerFacts[];
  /** Where a pool is declared: its variable, and its value in the template; `fixed` where it comes from elsewhere. */
  pool?: { variable: string; size: number; set: boolean; fixed: boolean };
  nodes: { name: string; free: Resources & { pods: number } }[];
  quotas: { quota: string; resource: string; hard: number; used: number }[];
  database?: { server: string; maxConnections: number; consumers: PoolConsumer[] };
  redis?: { maxClients: number; consumers: PoolConsumer[] };
  queues: QueueReading[];
  /** Whether the way of the clients answers from here; absent where the topology names none. */
  clientsAnswer?: boolean;
}

/** When something was read, and what had happened to the pods by then: what is newer is the change's doing. */
export interface Since {
  /** Milliseconds since the epoch. */
  at: number;
}

export interface ReplicasBefore extends Since {
  replicas: number;
}

export interface BoundsBefore extends Since {
  bounds: Bounds;
  /** Of the deployment, where it was asked for. */
  pods?: number;
}

export interface VariableBefore extends Since {
  /** Absent where the template does not set it. */
  value?: string;
}

export interface ChangeRequest<Value> {
  /** What must be there now; anything else but `to` is somebody else's, and throws Drift. */
  from: Value;
  to: Value;
  /** From when the activity was scheduled; past it OperationDeadlineExceeded. */
  deadlineSeconds: number;
}

/**
 * Activities of scaleDeployment.
 *
 * Reads are run as local activities. A change reads first, does nothing where `to` is there already, and is one guarded
 * write. A verification throws NotVerified (retryable) until all is so, WorkloadFailing where waiting is of no use, and
 * Drift where somebody else has changed what was set; it returns the evidence.
 */
export interface ScalingActivities {
  /** Throws WorkloadNotFound where the topology or the cluster has no such deployment. */
  inspectDeployment(request: { deployment: string }): Promise<DeploymentFacts>;

  readReplicas(request: { deployment: string }): Promise<ReplicasBefore>;
  changeReplicas(request: ChangeRequest<number> & { deployment: string }): Promise<void>;
  /** Every pod is Ready, answers its own endpoint, and none is leaving. */
  verifyReplicas(request: { deployment: string; replicas: number; since?: Since }): Promise<string>;

  /** `deployment`: whose pods are told as well. */
  readBounds(request: { autoscaler: string; deployment?: string }): Promise<BoundsBefore>;
  changeBounds(request: ChangeRequest<Bounds> & { autoscaler: string }): Promise<void>;
  /** The autoscaler has them, on the way forward also scales, and its pods, at least `min`, are Ready and answer. */
  verifyBounds(request: { autoscaler: string; deployment: string; bounds: Bounds; since?: Since }): Promise<string>;

  readVariable(request: { deployment: string; variable: string }): Promise<VariableBefore>;
  /** `undefined` takes it out of the template. */
  changeVariable(request: ChangeRequest<string | undefined> & { deployment: string; variable: string }): Promise<void>;
  /** Rolled out: every pod has it, is Ready and answers. */
  verifyVariable(request: { deployment: string; variable: string; value?: string; since?: Since }): Promise<string>;
}

/** What preflight reads for a new form of an autoscaler. */
export interface AutoscalingFacts {
  namespace: string;
  deployment: string;
  /** Of the autoscaler. */
  name: string;
  replicas: number;
  /** Absent where there is none of that name. */
  now?: AutoscalerSpec;
  /** Other autoscalers of the same deployment. */
  others: string[];
  controller?: string;
  /** Who would lose which fields, asked by a dry run: "kubectl: .spec.minReplicas". */
  conflicts: { manager: string; fields: string[] }[];
  /** Metrics that nobody serves now. */
  missing: string[];
  requests: Resources;
  /** Of the pods that the metrics API knows. */
  usage: Resources[];
  clientsAnswer?: boolean;
}

export interface AutoscalingBefore extends Since {
  spec?: AutoscalerSpec;
  /** Of the deployment, which an autoscaler that goes leaves as it has made it. Absent in histories from before. */
  pods?: { replicas: number; ready: boolean };
}

/** Activities of configureAutoscaling. */
export interface AutoscalingActivities {
  inspectAutoscaling(request: { deployment: string; name: string; to: AutoscalerSpec }): Promise<AutoscalingFacts>;
  readAutoscaling(request: { name: string; deployment: string }): Promise<AutoscalingBefore>;
  /**
   * Forward, with `takeOver`: a server-side apply under our field manager, which takes fields only from the managers named.
   * Back: the former object, or none. Throws KubernetesRefused where another manager owns a field.
   */
  changeAutoscaling(
    request: ChangeRequest<AutoscalerSpec | undefined> & { name: string; takeOver?: string[] },
  ): Promise<void>;
  /** It is so, and its conditions say AbleToScale and ScalingActive; WorkloadFailing where they say otherwise after 90 s. */
  verifyAutoscaling(request: { name: string; spec?: AutoscalerSpec; since?: Since }): Promise<string>;
}

/** What preflight reads for another size of a deployment's pods. */
export interface SizeFacts {
  namespace: string;
  name: string;
  replicas: number;
  readyReplicas: number;
  paused: boolean;
  controller?: string;
  /** The template's. */
  size: PodSize;
  /** Why running pods cannot be resized in place; empty where they can. */
  obstacles: string[];
  /** Each size that pods have now. */
  podSizes: PodSize[];
  usage: Resources[];
  restarts: Record<string, number>;
  nodes: { name: string; free: Resources & { pods: number } }[];
  quotas: { quota: string; resource: string; hard: number; used: number }[];
  maxSurge: string;
  /** Autoscalers and the per cent of a request that they aim at. */
  autoscalers: { name: string; targets: { metric: string; percent: number }[] }[];
  clientsAnswer?: boolean;
}

export interface SizeBefore extends Since {
  size: PodSize;
  /** Pod → its uid and restarts. */
  pods: Record<string, { uid: string; restarts: number }>;
}

/** Activities of resizeDeployment. */
export interface ResizingActivities {
  inspectSizes(request: { deployment: string }): Promise<SizeFacts>;
  /** The one size that all pods have. Throws Drift where they differ. */
  readPodSizes(request: { deployment: string }): Promise<SizeBefore>;
  /** In place, pod by pod; those that have it already are left alone. */
  resizePods(request: ChangeRequest<PodSize> & { deployment: string }): Promise<void>;
  /** The kubelet has carried it out; on the way forward the same pods as before, and none restarted. */
  verifyPodSizes(request: { deployment: string; size: PodSize; since?: SizeBefore }): Promise<string>;

  readTemplateSize(request: { deployment: string }): Promise<SizeBefore>;
  /**
   * `quietly`: without replacing a pod. The deployment is paused with the new template, its ReplicaSet is given the same, and
   * the deployment goes on: it finds its template in the ReplicaSet that it has. From wherever that was interrupted, it goes
   * on; where somebody else has set the template meanwhile, the pause is lifted before Drift is thrown. Otherwise a rolling
   * update.
   */
  changeTemplateSize(
    request: ChangeRequest<PodSize> & {
      deployment: string;
      quietly: boolean;
      /** Then resizes pods that were made with the former template meanwhile. */
      stragglers: boolean;
    },
  ): Promise<void>;
  verifyTemplateSize(request: {
    deployment: string;
    size: PodSize;
    quietly: boolean;
    since?: SizeBefore;
  }): Promise<string>;
}

export type DeploymentActivities = ScalingActivities & AutoscalingActivities & ResizingActivities;
