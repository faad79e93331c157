/**
 * What the runbooks for deployments ask of Kubernetes, of the database and of Redis, and the shapes that travel through a
 * run's history: small, plain JSON, no secret. The namespace is the topology's.
 */
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
  /** Field managers that claim the number of pods, the controllers of Kubernetes and ours left out. */
  managers: string[];
  /** Who resets the number of pods: "Argo CD", "Flux". */
  controller?: string;
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
}

export interface VariableBefore extends Since {
  /** Absent where the template does not set it. */
  value?: string;
}

interface ChangeRequest<Value> {
  /** What must be there now; anything else but `to` is somebody else's, and throws Drift. */
  from: Value;
  to: Value;
  /** From when the activity was scheduled; past it OperationDeadlineExceeded. */
  deadlineSeconds: number;
}

/**
 * Reads are run as local activities. A change reads first, does nothing where `to` is there already, and is one guarded
 * write. A verification throws NotVerified (retryable) until all is so, WorkloadFailing where waiting is of no use, and
 * Drift where somebody else has changed what was set; it returns the evidence.
 */
export interface DeploymentActivities {
  /** Throws WorkloadNotFound where the topology or the cluster has no such deployment. */
  inspectDeployment(request: { deployment: string }): Promise<DeploymentFacts>;

  readReplicas(request: { deployment: string }): Promise<ReplicasBefore>;
  changeReplicas(request: ChangeRequest<number> & { deployment: string }): Promise<void>;
  /** Every pod is Ready, answers its own endpoint, and none is leaving. */
  verifyReplicas(request: { deployment: string; replicas: number; since?: Since }): Promise<string>;

  readBounds(request: { autoscaler: string }): Promise<BoundsBefore>;
  changeBounds(request: ChangeRequest<Bounds> & { autoscaler: string }): Promise<void>;
  /** The autoscaler has them, scales, and its pods, at least `min`, are Ready and answer. */
  verifyBounds(request: { autoscaler: string; deployment: string; bounds: Bounds; since?: Since }): Promise<string>;

  readVariable(request: { deployment: string; variable: string }): Promise<VariableBefore>;
  /** `undefined` takes it out of the template. */
  changeVariable(request: ChangeRequest<string | undefined> & { deployment: string; variable: string }): Promise<void>;
  /** Rolled out: every pod has it, is Ready and answers. */
  verifyVariable(request: { deployment: string; variable: string; value?: string; since?: Since }): Promise<string>;
}
