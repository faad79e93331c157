/**
 * A deployment for one case: shells that cost next to nothing, and do when they start what a ConfigMap of the deployment's
 * name says by then. So pods that run are good, and those that come later may be not.
 */
import { until } from '../../../lab/processes';
import type { Cluster } from './cluster';

export type Behaviour = 'good' | 'crash' | 'unready';

export interface WorkloadWish {
  replicas: number;
  image?: string;
  /** What a good pod does. */
  work?: string;
  resources?: { requests: Resources; limits: Resources };
  environment?: Record<string, string>;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  maxSurge?: string;
  autoscaler?: { min: number; max: number } & Metadata;
  /** Who makes it, as the API server is told. */
  manager?: string;
}

type Resources = Record<string, string>;

interface Metadata {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: object[];
}

const deadlineMs = 60_000;
const script = (work: string) => `case $BEHAVIOUR in crash) exit 3;; esac
trap 'exit 0' TERM
${work}
while :; do sleep 5 & wait $!; done`;

/** What is compared before and after. */
export interface PodLook {
  name: string;
  uid: string;
  restarts: number;
  ready: boolean;
  memory: string;
  cpu: string;
  environment: Record<string, string>;
}

export class Workload {
  private constructor(
    private readonly cluster: Cluster,
    readonly name: string,
  ) {}

  /** Returns when its pods are Ready and its autoscaler, where it is to have one, works. */
  static async make(cluster: Cluster, name: string, wish: WorkloadWish): Promise<Workload> {
    const workload = new Workload(cluster, name);
    await cluster.create('configMap', { metadata: { name }, data: { behaviour: 'good' } });
    await cluster.create('deployment', deployment(name, wish), wish.manager);
    if (wish.autoscaler) await cluster.create('autoscaler', autoscaler(name, wish.autoscaler), wish.manager);
    await until(`${name} is ready`, () => workload.isReady(wish), { deadlineMs, everyMs: 250 });
    return workload;
  }

  /** One that is there already. */
  static of(cluster: Cluster, name: string): Workload {
    return new Workload(cluster, name);
  }

  get autoscalerName(): string {
    return `${this.name}-hpa`;
  }

  /** From now on new pods are so. */
  async newPods(behaviour: Behaviour): Promise<void> {
    await this.cluster.merge('configMap', this.name, { data: { behaviour } });
  }

  get(): Promise<any> {
    return this.cluster.get('deployment', this.name);
  }

  async replicas(): Promise<number> {
    return (await this.get()).spec.replicas;
  }

  async bounds(): Promise<{ min: number; max: number }> {
    const { spec } = await this.cluster.get('autoscaler', this.autoscalerName);
    return { min: spec.minReplicas, max: spec.maxReplicas };
  }

  /** Those that are leaving are left out; the oldest first. */
  async pods(): Promise<PodLook[]> {
    const pods = await this.cluster.list('pod', `app=${this.name}`);
    return pods
      .filter(({ metadata }) => !metadata.deletionTimestamp)
      .sort((one, other) => one.metadata.creationTimestamp.localeCompare(other.metadata.creationTimestamp))
      .map(lookAt);
  }

  async readyPods(): Promise<number> {
    return (await this.pods()).filter(({ ready }) => ready).length;
  }

  /** Names of its ReplicaSets, those without pods too. */
  async replicaSets(): Promise<string[]> {
    return (await this.cluster.list('replicaSet', `app=${this.name}`)).map(({ metadata }) => metadata.name).sort();
  }

  async uids(): Promise<string[]> {
    return (await this.pods()).map(({ uid }) => uid).sort();
  }

  /** Until there are exactly so many, all Ready and none leaving. */
  async untilPods(count: number): Promise<void> {
    const all = async () =>
      (await this.cluster.list('pod', `app=${this.name}`)).length === count && (await this.readyPods()) === count;
    await until(`${this.name} has ${count} pods`, all, { deadlineMs, everyMs: 200 });
  }

  /** However many its autoscaler has by then. */
  async untilAllReady(): Promise<void> {
    const all = async () =>
      (await this.cluster.list('pod', `app=${this.name}`)).length === (await this.get()).spec.replicas &&
      (await this.readyPods()) === (await this.get()).spec.replicas;
    await until(`all pods of ${this.name} are Ready`, all, { deadlineMs, everyMs: 200 });
  }

  /** Until the metrics API has measured so many mebibytes in each pod. */
  async untilUses(mebibytes: number): Promise<void> {
    const uses = async () => {
      const used = await this.cluster.usedMebibytes(`app=${this.name}`);
      return used.length > 0 && used.every((each) => each >= mebibytes);
    };
    await until(`${this.name} uses ${mebibytes} MiB`, uses, { deadlineMs, everyMs: 500 });
  }

  /** Makes a file in a pod. */
  async touch(pod: string, file: string): Promise<void> {
    await this.cluster.kubectl('exec', pod, '--', 'touch', file);
  }

  /** How a pod's container ended before it was started again. */
  async lastEnd(pod: string): Promise<{ exitCode: number; reason: string }> {
    const { status } = await this.cluster.get('pod', pod);
    const { exitCode, reason } = status.containerStatuses[0].lastState.terminated;
    return { exitCode, reason };
  }

  private async isReady({ replicas, autoscaler: wanted }: WorkloadWish): Promise<boolean> {
    if ((await this.readyPods()) < replicas) return false;
    if (!wanted) return true;
    const { status } = await this.cluster.get('autoscaler', this.autoscalerName);
    const isTrue = (type: string) => status.conditions?.find((one: any) => one.type === type)?.status === 'True';
    return isTrue('AbleToScale') && isTrue('ScalingActive');
  }
}

function lookAt({ metadata, spec, status }: any): PodLook {
  const [container] = spec.containers;
  const [state] = status.containerStatuses ?? [];
  const ready = status.conditions?.find(({ type }: any) => type === 'Ready')?.status === 'True';
  const actual = state?.resources?.limits ?? {};
  return {
    ...{ name: metadata.name, uid: metadata.uid, restarts: state?.restartCount ?? 0, ready },
    ...{ memory: actual.memory, cpu: actual.cpu },
    environment: Object.fromEntries((container.env ?? []).map(({ name, value }: any) => [name, value])),
  };
}

function deployment(name: string, wish: WorkloadWish): object {
  const { replicas, image = 'busybox:1.36', work = '', environment = {}, labels = {}, annotations = {} } = wish;
  const { resources = small, maxSurge = '25%' } = wish;
  const app = { app: name };
  const behaviour = { configMapKeyRef: { name, key: 'behaviour' } };
  return {
    metadata: { name, labels: { ...app, ...labels }, annotations },
    spec: {
      ...{ replicas, selector: { matchLabels: app } },
      strategy: { rollingUpdate: { maxSurge, maxUnavailable: 0 } },
      template: {
        metadata: { labels: app },
        spec: {
          terminationGracePeriodSeconds: 10,
          containers: [
            {
              ...{ name: 'main', image, command: ['sh', '-c', script(work)], resources },
              env: [
                { name: 'BEHAVIOUR', valueFrom: behaviour },
                ...Object.entries(environment).map(([key, value]) => ({ name: key, value })),
              ],
              readinessProbe: { exec: { command: ['sh', '-c', '[ "$BEHAVIOUR" = good ]'] }, periodSeconds: 5 },
            },
          ],
        },
      },
    },
  };
}

const small = { requests: { cpu: '50m', memory: '32Mi' }, limits: { cpu: '500m', memory: '64Mi' } };

function autoscaler(name: string, { min, max, ...metadata }: NonNullable<WorkloadWish['autoscaler']>): object {
  const target = { type: 'Utilization', averageUtilization: 90 };
  return {
    metadata: { name: `${name}-hpa`, ...metadata },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      ...{ minReplicas: min, maxReplicas: max },
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }],
    },
  };
}
