/**
 * What is in a player's namespace for one place: a Deployment, where wanted its autoscaler; how they are asked for their state;
 * and what others may do to them.
 */
import type { Condition, Container, Pod, Resources, Secret } from '../../../lab/kubernetes/api/objects';
import { type Api, isConflict, isNotFound } from '../../../lab/kubernetes/api/api';
import type { BrokenImage } from '../../../lab/kubernetes/images/registry';
import { until } from '../../../lab/processes';
import type { Affliction } from '../harness/affliction';
import type { State } from '../subjects/subject';
import * as manifests from './manifests';
import type { Namespace } from './namespace';

/** Pods that crashed in the last case wait before they are started again. */
const makeDeadlineMs = 90_000;
/** Pods that are broken never come to rest. */
const settleDeadlineMs = 30_000;
const absent = 'absent';
/** Of the other manager, which knows nothing of runbooks. */
const competitor = '?fieldManager=somebody-else';

/** Where each object is, by the API's paths. */
const collections = {
  deployment: '/apis/apps/v1/namespaces/$/deployments',
  autoscaler: '/apis/autoscaling/v2/namespaces/$/horizontalpodautoscalers',
  quota: '/api/v1/namespaces/$/resourcequotas',
};

const brokenImages: Partial<Record<Affliction, BrokenImage>> = {
  'new pods crash-loop': 'crash',
  'new pods never become ready': 'unready',
  'image missing': 'missing',
};

interface Deployment {
  metadata: { generation: number };
  spec: {
    replicas: number;
    paused?: boolean;
    minReadySeconds?: number;
    strategy: { rollingUpdate: { maxSurge: string | number; maxUnavailable: string | number } };
    template: { spec: { containers: [Container] } };
  };
  status: Partial<Record<'observedGeneration' | 'replicas' | 'updatedReplicas' | 'readyReplicas', number>>;
}

interface Rules {
  stabilizationWindowSeconds?: number;
  policies?: { type: string; value: number; periodSeconds: number }[];
}

interface Autoscaler {
  spec: {
    minReplicas: number;
    maxReplicas: number;
    metrics: { resource?: { name: string; target: { averageUtilization?: number } } }[];
    behavior: { scaleUp?: Rules; scaleDown?: Rules };
  };
  status?: { currentReplicas?: number; desiredReplicas?: number; conditions?: Condition[] };
}

export class Workload {
  wish: manifests.WorkloadWish | undefined;
  private known = new Set<string | undefined>();

  constructor(
    private readonly namespace: Namespace,
    private readonly application: manifests.Application,
  ) {}

  get deployment(): string {
    return this.application.name;
  }

  get made(): boolean {
    return this.wish !== undefined;
  }

  /**
   * Brings the namespace to this, whatever was in it: what others have set is taken from them. Returns when it has come to
   * rest. Throws when that takes too long.
   */
  async make(wish: manifests.WorkloadWish): Promise<void> {
    this.wish = wish;
    await this.delete(this.path('quota'));
    await this.delete(this.path('autoscaler'));
    await this.api.apply(this.path('deployment'), manifests.deployment(this.application, wish, this.image));
    await this.settled(makeDeadlineMs);
    await this.replaceResized();
    if (!wish.autoscaler) return;
    await this.api.apply(this.path('autoscaler'), manifests.autoscaler(this.application, wish.autoscaler));
    await this.settled();
  }

  /** The same with pods that are new, whatever their template says: what they were given when they started is another now. */
  async remake(wish: manifests.WorkloadWish): Promise<void> {
    await this.remove();
    await this.make(wish);
  }

  /** Returns when no pod is left but those that are leaving. */
  async remove(): Promise<void> {
    await this.delete(this.path('quota'));
    await this.delete(this.path('deployment'));
    await until('its pods are gone', async () => (await this.pods()).length === 0, { deadlineMs: makeDeadlineMs });
  }

  /** From now on the pods that are started are counted. */
  async countPods(): Promise<void> {
    this.known = new Set((await this.pods()).map(({ metadata }) => metadata.uid));
  }

  async podsStarted(): Promise<number> {
    return (await this.pods()).filter(({ metadata }) => !this.known.has(metadata.uid)).length;
  }

  /** The Deployment as the API server shows it, without the number of its pods. */
  async template(): Promise<State> {
    const { spec } = await this.readDeployment();
    const [container] = spec.template.spec.containers;
    return {
      image: container.image,
      'pool size': container.env?.find(({ name }) => name === manifests.poolVariable)?.value ?? absent,
      'template size': sizeOf(container.resources),
      paused: String(spec.paused ?? false),
    };
  }

  /** Where pods that are started take the primary's URL from, by which rules they come, and whether the other key is there. */
  async way(): Promise<State> {
    const { spec } = await this.readDeployment();
    const { maxSurge, maxUnavailable } = spec.strategy.rollingUpdate;
    const { secret, key } = manifests.ownUrl;
    const variable = spec.template.spec.containers[0].env?.find(({ name }) => name === manifests.urlVariable);
    const { data } = await this.api.get<Secret>(`/api/v1/namespaces/${this.namespace.name}/secrets/${secret}`);
    return {
      'URL from': variable?.valueFrom?.secretKeyRef?.key ?? absent,
      'rolling update': `surge ${maxSurge}, unavailable ${maxUnavailable}, ready after ${spec.minReadySeconds ?? 0} s`,
      [`keys beside ${key}`]:
        Object.keys(data ?? {})
          .filter((name) => name !== key)
          .join(', ') || absent,
    };
  }

  /** As before any run. */
  async unpublish(): Promise<void> {
    await this.api.merge(this.secretPath, { data: { [manifests.pooledKey]: null } });
  }

  /** Another field manager publishes an address there: the direct one, which fails no client's request. */
  async publishByHand(): Promise<State> {
    await this.api.merge(this.secretPath + competitor, {
      stringData: { [manifests.pooledKey]: this.namespace.databaseUrl },
    });
    return { [`keys beside ${manifests.ownUrl.key}`]: manifests.pooledKey };
  }

  /** Another field manager gives the pods the direct address without any Secret. */
  async wireByHand(): Promise<State> {
    await this.setByHand(manifests.urlVariable, this.namespace.databaseUrl);
    return { 'URL from': absent };
  }

  private get secretPath(): string {
    return `/api/v1/namespaces/${this.namespace.name}/secrets/${manifests.ownUrl.secret}`;
  }

  /** How many pods are wanted, and how many there are: where no autoscaler decides. */
  async count(): Promise<State> {
    const { spec, status } = await this.readDeployment();
    return { replicas: String(spec.replicas), 'pods ready': String(status.readyReplicas ?? 0) };
  }

  /** What the pods run with, which is not always what the template says; of one that does not run, what it asks for. */
  async sizes(): Promise<State> {
    const sizes = (await this.pods()).map(({ spec, status }) =>
      sizeOf(status?.containerStatuses?.[0]?.resources ?? spec.containers[0]?.resources),
    );
    return { 'sizes of pods': [...new Set(sizes)].sort().join(' and ') };
  }

  async autoscaler(): Promise<State> {
    const spec = (await this.readAutoscaler())?.spec;
    const { scaleUp, scaleDown } = spec?.behavior ?? {};
    const metrics = spec?.metrics.map(({ resource }) => `${resource?.name} ${resource?.target.averageUtilization}`);
    return {
      'autoscaler min': String(spec?.minReplicas ?? absent),
      'autoscaler max': String(spec?.maxReplicas ?? absent),
      'autoscaler metrics': metrics?.join(', ') ?? absent,
      'autoscaler up': spec ? rulesOf(scaleUp) : absent,
      'autoscaler down': spec ? rulesOf(scaleDown) : absent,
    };
  }

  /** Until every pod that is wanted is ready and no other, and the autoscaler agrees. Throws when it takes too long. */
  async settled(deadlineMs = settleDeadlineMs): Promise<void> {
    const settled = until(`${this.namespace.name} comes to rest`, () => this.isSettled(), { deadlineMs, everyMs: 250 });
    await settled.catch(async (error: Error) => {
      throw new Error(`${error.message}: ${await this.describe()}`);
    });
  }

  /** For whoever reads why it does not come to rest. */
  private async describe(): Promise<string> {
    const { spec, status } = await this.readDeployment();
    const pods = (await this.pods()).map(({ metadata, status }) => `${metadata.name} ${JSON.stringify(status)}`);
    const scaler = (await this.readAutoscaler())?.status;
    return [`wanted ${spec.replicas}, ${JSON.stringify({ status, scaler })}`, ...pods].join('\n');
  }

  /** From now on new pods are not as those before, or are not let in. */
  async afflict(affliction: Affliction): Promise<void> {
    const broken = brokenImages[affliction];
    if (broken) return this.namespace.pushBroken(this.application, broken);
    await this.api.apply(this.path('quota'), manifests.podQuota((await this.pods()).length));
  }

  /** Another field manager sets the number of pods, where it is decided. */
  async scaleByHand(replicas: number): Promise<State> {
    if (await this.readAutoscaler()) {
      await this.edit<Autoscaler>('autoscaler', ({ spec }) => (spec.minReplicas = replicas));
      return { 'autoscaler min': String(replicas) };
    }
    // Pods that are still coming then are not its doing.
    if ((await this.readDeployment()).spec.replicas === replicas) return {};
    await this.edit<Deployment>('deployment', ({ spec }) => (spec.replicas = replicas));
    return { replicas: String(replicas), 'pods ready': String(replicas) };
  }

  /** Another field manager sets another size: by a rollout, as the template is changed. */
  async resizeByHand(size: Resources): Promise<State> {
    await this.edit<Deployment>('deployment', ({ spec }) => (spec.template.spec.containers[0].resources = size));
    return { 'template size': sizeOf(size), 'sizes of pods': sizeOf(size) };
  }

  /** Another field manager makes an autoscaler, or sets the limits of the one that is there. */
  async autoscaleByHand({ min, max }: { min: number; max: number }): Promise<State> {
    if (await this.readAutoscaler()) {
      await this.edit<Autoscaler>('autoscaler', ({ spec }) =>
        Object.assign(spec, { minReplicas: min, maxReplicas: max }),
      );
      return { 'autoscaler min': String(min), 'autoscaler max': String(max) };
    }
    const path = this.path('autoscaler');
    await this.api.create(
      path.slice(0, path.lastIndexOf('/')) + competitor,
      manifests.autoscaler(this.application, { min, max }),
    );
    return this.autoscaler();
  }

  async deleteAutoscaler(): Promise<State> {
    await this.delete(this.path('autoscaler'));
    return this.autoscaler();
  }

  /** Another field manager gives the containers a variable. */
  async setByHand(variable: string, value: string): Promise<void> {
    await this.edit<Deployment>('deployment', ({ spec }) => {
      const [container] = spec.template.spec.containers;
      container.env = [...(container.env ?? []).filter(({ name }) => name !== variable), { name: variable, value }];
    });
  }

  /** From where the containers have a variable: "secret/key", or its value. */
  async variable(variable: string): Promise<string> {
    const [container] = (await this.readDeployment()).spec.template.spec.containers;
    const { value, valueFrom } = container.env?.find(({ name }) => name === variable) ?? {};
    const from = valueFrom?.secretKeyRef;
    return from ? `${from.name}/${from.key}` : (value ?? absent);
  }

  private get image(): string {
    return this.namespace.imageOf(this.application);
  }

  private get api(): Api {
    return this.namespace.cluster.api;
  }

  private path(kind: keyof typeof collections): string {
    const name = kind === 'quota' ? manifests.quota : this.application.name;
    return `${collections[kind].replace('$', this.namespace.name)}/${name}`;
  }

  /** Without those that are leaving. */
  private async pods(): Promise<Pod[]> {
    const path = `/api/v1/namespaces/${this.namespace.name}/pods?labelSelector=app%3D${this.application.name}`;
    const { items } = await this.api.get<{ items: Pod[] }>(path);
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  /** Pods that were resized in place keep their size whatever the template says. */
  private async replaceResized(): Promise<void> {
    const [container] = (await this.readDeployment()).spec.template.spec.containers;
    const wrong = async () =>
      (await this.pods()).filter(({ spec }) => sizeOf(spec.containers[0]?.resources) !== sizeOf(container.resources));
    const leaving = await wrong();
    for (const { metadata } of leaving) {
      await this.delete(`/api/v1/namespaces/${this.namespace.name}/pods/${metadata.name}`);
    }
    if (leaving.length === 0) return;
    const replaced = async () =>
      (await wrong()).length === 0 && (await this.pods()).length === this.wish?.replicas && (await this.isSettled());
    await until('pods have their size again', replaced, { deadlineMs: makeDeadlineMs, everyMs: 250 });
  }

  private async delete(path: string): Promise<void> {
    await this.api.delete(path).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  /** As another field manager writes: what it has read, with a change; anew where somebody came in between. */
  private async edit<Kind>(kind: keyof typeof collections, change: (object: Kind) => unknown): Promise<void> {
    const object = await this.api.get<Kind & object>(this.path(kind));
    change(object);
    await this.api.replace(this.path(kind) + competitor, object).catch((error: unknown) => {
      if (!isConflict(error)) throw error;
      return this.edit(kind, change);
    });
  }

  private readDeployment(): Promise<Deployment> {
    return this.api.get<Deployment>(this.path('deployment'));
  }

  /** Undefined where there is none. */
  private readAutoscaler(): Promise<Autoscaler | undefined> {
    return this.api.get<Autoscaler>(this.path('autoscaler')).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  }

  private async isSettled(): Promise<boolean> {
    const { metadata, spec, status } = await this.readDeployment();
    const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, readyReplicas = 0 } = status;
    const counts = [replicas, updatedReplicas, readyReplicas];
    if (observedGeneration < metadata.generation || counts.some((count) => count !== spec.replicas)) return false;
    const scaler = await this.readAutoscaler();
    if (!scaler) return true;
    const { currentReplicas, desiredReplicas, conditions = [] } = scaler.status ?? {};
    const holds = (type: string) => conditions.some((one) => one.type === type && one.status === 'True');
    const agrees = currentReplicas === spec.replicas && desiredReplicas === spec.replicas;
    return agrees && spec.replicas >= scaler.spec.minReplicas && holds('AbleToScale') && holds('ScalingActive');
  }
}

function rulesOf({ stabilizationWindowSeconds, policies = [] }: Rules = {}): string {
  const each = policies.map(({ type, value, periodSeconds }) => `${type} ${value} in ${periodSeconds} s`);
  return [`after ${stabilizationWindowSeconds ?? '?'} s`, ...each].join(', ');
}

/** "cpu 200m to 1, memory 96Mi to 256Mi" */
export function sizeOf({ requests, limits }: Resources = {}): string {
  return (['cpu', 'memory'] as const).map((of) => `${of} ${requests?.[of]} to ${limits?.[of]}`).join(', ');
}
