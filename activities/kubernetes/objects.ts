/** The API server's objects → our own, as small as what is asked of them. Pure. */
import type {
  CoreV1Event,
  V1Container,
  V1Deployment,
  V1Node,
  V1ObjectMeta,
  V1Pod,
  V1ReplicaSet,
  V1ResourceQuota,
  V1ResourceRequirements,
  V2HorizontalPodAutoscaler,
} from '@kubernetes/client-node';
import type { AutoscalerSpec, PodSize } from '../../catalogue';
import { quantity } from '../../catalogue';
import { environmentOf, secretReferencesOf } from './environment';
import { labelSelector } from './label-selector';
import type {
  Autoscaler,
  Condition,
  Deployment,
  Event,
  Marks,
  Node,
  Pod,
  QuotaLimit,
  ReplicaSet,
  Resources,
} from './kubernetes';
import { fieldManager } from './requests';

interface Owned {
  metadata?: V1ObjectMeta;
}

export function belongsTo({ metadata }: Owned, uid: string | undefined): boolean {
  return uid !== undefined && (metadata?.ownerReferences ?? []).some((owner) => owner.controller && owner.uid === uid);
}

export function deploymentOf(found: V1Deployment): Deployment {
  const { spec, status, metadata } = found;
  const container = spec!.template.spec!.containers[0]!;
  return {
    ...identityOf(metadata),
    ...marksOf(metadata, (fields) => 'f:replicas' in (fields['f:spec'] ?? {})),
    uid: metadata!.uid!,
    replicas: spec!.replicas ?? 1,
    ...environmentOf(container),
    container: container.name,
    image: container.image ?? '',
    requests: sumOf('requests', spec!.template.spec!.containers),
    limits: sumOf('limits', spec!.template.spec!.containers),
    size: sizeOf(container.resources),
    paused: spec!.paused ?? false,
    pausedByUs:
      (spec!.paused ?? false) &&
      managersOf(metadata, (fields) => 'f:paused' in (fields['f:spec'] ?? {})).includes(fieldManager),
    recreates: spec!.strategy?.type === 'Recreate',
    maxSurge: String(spec!.strategy?.type === 'Recreate' ? 0 : (spec!.strategy?.rollingUpdate?.maxSurge ?? '25%')),
    maxUnavailable: String(spec!.strategy?.rollingUpdate?.maxUnavailable ?? '25%'),
    minReadySeconds: spec!.minReadySeconds ?? 0,
    progressDeadlineSeconds: spec!.progressDeadlineSeconds ?? 600,
    selector: labelSelector(spec!.selector.matchLabels ?? {}),
    observed: (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0),
    updatedReplicas: status?.updatedReplicas ?? 0,
    readyReplicas: status?.readyReplicas ?? 0,
    presentReplicas: status?.replicas ?? 0,
    conditions: (status?.conditions ?? []).map(conditionOf),
  };
}

export function autoscalerOf({ metadata, spec, status }: V2HorizontalPodAutoscaler): Autoscaler {
  return {
    ...identityOf(metadata),
    ...marksOf(metadata, (fields) =>
      ['f:minReplicas', 'f:maxReplicas'].some((field) => field in (fields['f:spec'] ?? {})),
    ),
    uid: metadata!.uid!,
    spec: plain(spec) as AutoscalerSpec,
    min: spec.minReplicas ?? 1,
    max: spec.maxReplicas,
    currentMetrics: (status?.currentMetrics ?? []).flatMap(
      ({ resource, pods }) => resource?.name ?? pods?.metric.name ?? [],
    ),
    current: status?.currentReplicas ?? 0,
    desired: status?.desiredReplicas ?? 0,
    conditions: (status?.conditions ?? []).map(conditionOf),
  };
}

export function podOf({ metadata, spec, status }: V1Pod, usage: Map<string, Resources>): Pod {
  const containers = status?.containerStatuses ?? [];
  const waiting = [...(status?.initContainerStatuses ?? []), ...containers]
    .map(({ state }) => state?.waiting)
    .find((found) => found?.reason !== undefined);
  const ready = (status?.conditions ?? []).find(({ type }) => type === 'Ready');
  const lastEnd = containers.map(({ lastState }) => lastState?.terminated?.reason).find((reason) => reason);
  const used = usage.get(metadata!.name!);
  // The kubelet sorts states by name.
  const first = containers.find(({ name }) => name === spec?.containers[0]?.name);
  return {
    ...identityOf(metadata),
    uid: metadata!.uid!,
    ...sizesOf(spec?.containers[0], first?.resources, status?.conditions ?? []),
    ...(status?.podIP ? { address: status.podIP } : {}),
    ...(spec?.nodeName ? { node: spec.nodeName } : {}),
    createdAt: timeOf(metadata?.creationTimestamp),
    ready: ready?.status === 'True',
    ...(ready?.status === 'True' ? { readyAt: timeOf(ready.lastTransitionTime) } : {}),
    terminating: metadata?.deletionTimestamp !== undefined,
    restarts: containers.reduce((sum, { restartCount }) => sum + restartCount, 0),
    image: spec?.containers[0]?.image ?? '',
    secretReferences: secretReferencesOf(spec?.containers[0]),
    ...(waiting ? { waiting: { reason: waiting.reason!, message: waiting.message ?? '' } } : {}),
    ...(lastEnd ? { lastEnd } : {}),
    requests: sumOf('requests', spec?.containers ?? []),
    ...(used ? { usage: used } : {}),
  };
}

function sizesOf(
  container: V1Container | undefined,
  actual: V1ResourceRequirements | undefined,
  conditions: { type: string; reason?: string; message?: string }[],
): Pick<Pod, 'container' | 'size' | 'actualSize' | 'resizePending' | 'restartsOnResize'> {
  const pending = conditions.find(({ type }) => type === 'PodResizePending');
  return {
    container: container?.name ?? '',
    size: sizeOf(container?.resources),
    ...(actual ? { actualSize: sizeOf(actual) } : {}),
    ...(pending ? { resizePending: { reason: pending.reason ?? '', message: pending.message ?? '' } } : {}),
    restartsOnResize: (container?.resizePolicy ?? []).some(({ restartPolicy }) => restartPolicy === 'RestartContainer'),
  };
}

export function replicaSetOf({ metadata, spec }: V1ReplicaSet): ReplicaSet {
  const container = spec?.template?.spec?.containers[0];
  return {
    ...identityOf(metadata),
    ...{ uid: metadata!.uid!, replicas: spec?.replicas ?? 1, container: container?.name ?? '' },
    size: sizeOf(container?.resources),
  };
}

function sizeOf(resources: V1ResourceRequirements | undefined): PodSize {
  return { requests: resourcesOf(resources?.requests), limits: resourcesOf(resources?.limits) };
}

/** As Kubernetes writes it; what is 0 is left out. */
export function requirementsOf({ requests, limits }: PodSize): V1ResourceRequirements {
  return { requests: quantitiesOf(requests), limits: quantitiesOf(limits) };
}

function quantitiesOf({ cpuMillis, memoryBytes }: Resources): Record<string, string> {
  return {
    ...(cpuMillis > 0 ? { cpu: `${cpuMillis}m` } : {}),
    ...(memoryBytes > 0 ? { memory: bytesAsQuantity(memoryBytes) } : {}),
  };
}

export function nodeOf({ metadata, spec, status }: V1Node, pods: V1Pod[]): Node {
  const name = metadata!.name!;
  const on = pods.filter((pod) => pod.spec?.nodeName === name);
  const taken = on.map((pod) => sumOf('requests', pod.spec?.containers ?? []));
  const allocatable = resourcesOf(status?.allocatable);
  const ready = (status?.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True');
  const barred = (spec?.taints ?? []).some(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute');
  return {
    name,
    schedulable: ready && !spec?.unschedulable && !barred,
    free: {
      cpuMillis: allocatable.cpuMillis - sum(taken.map(({ cpuMillis }) => cpuMillis)),
      memoryBytes: allocatable.memoryBytes - sum(taken.map(({ memoryBytes }) => memoryBytes)),
      pods: Number(status?.allocatable?.['pods'] ?? 0) - on.length,
    },
  };
}

/** Those of other scopes count some pods only (kubernetes.io, "Resource Quotas", Quota scopes), which their rollout shows. */
const scopesOfDeployments = new Set(['NotTerminating', 'NotBestEffort']);

export function quotaLimits({ metadata, spec, status }: V1ResourceQuota): QuotaLimit[] {
  const selected = spec?.scopeSelector?.matchExpressions?.map(({ scopeName }) => scopeName) ?? [];
  if (![...(spec?.scopes ?? []), ...selected].every((scope) => scopesOfDeployments.has(scope))) return [];
  return Object.entries(status?.hard ?? {}).map(([resource, hard]) => ({
    quota: metadata!.name!,
    resource,
    hard: quantity(hard),
    used: quantity(status?.used?.[resource] ?? '0'),
  }));
}

export function eventOf({ involvedObject, reason, message, ...event }: CoreV1Event): Event {
  const at =
    event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp;
  return {
    about: `${involvedObject.kind}/${involvedObject.name}`,
    reason: reason ?? '',
    message: message ?? '',
    at: timeOf(at),
  };
}

/** Of the metrics API. */
export interface PodMetrics {
  items: { metadata: { name: string }; containers: { usage: Record<string, string> }[] }[];
}

export function usageByPod({ items }: PodMetrics): Map<string, Resources> {
  return new Map(
    items.map(({ metadata, containers }) => {
      const used = containers.map(({ usage }) => resourcesOf(usage));
      return [metadata.name, added(used)];
    }),
  );
}

/** What the client's classes carry, as the JSON that it came from. */
export function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

function identityOf(metadata: V1ObjectMeta | undefined): { name: string; version: string } {
  return { name: metadata!.name!, version: metadata!.resourceVersion! };
}

type Fields = Record<string, Record<string, unknown>>;

export function marksOf(metadata: V1ObjectMeta | undefined, owns: (fields: Fields) => boolean): Marks {
  return {
    labels: metadata?.labels ?? {},
    annotations: metadata?.annotations ?? {},
    owners: (metadata?.ownerReferences ?? []).map(({ kind, name }) => `${kind}/${name}`),
    replicasManagers: managersOf(metadata, owns),
  };
}

/** Who set the fields last (kubernetes.io, "Server-Side Apply", Field management). */
function managersOf(metadata: V1ObjectMeta | undefined, owns: (fields: Fields) => boolean): string[] {
  const managers = (metadata?.managedFields ?? [])
    .filter(({ fieldsV1 }) => owns((fieldsV1 ?? {}) as Fields))
    .map(({ manager }) => manager ?? 'unknown');
  return [...new Set(managers)];
}

function conditionOf(found: { type: string; status: string; reason?: string; message?: string }): Condition {
  const { type, status, reason = '', message = '' } = found;
  return { type, status, reason, message };
}

function sumOf(kind: 'requests' | 'limits', containers: V1Container[]): Resources {
  return added(containers.map(({ resources }) => resourcesOf(resources?.[kind])));
}

function resourcesOf(quantities: Record<string, string> | undefined): Resources {
  return {
    cpuMillis: Math.round(quantity(quantities?.['cpu'] ?? '0') * 1000),
    memoryBytes: quantity(quantities?.['memory'] ?? '0'),
  };
}

/** 1073741824 → "1024Mi" */
function bytesAsQuantity(bytes: number): string {
  return bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20}Mi` : String(bytes);
}

function added(resources: Resources[]): Resources {
  return {
    cpuMillis: sum(resources.map(({ cpuMillis }) => cpuMillis)),
    memoryBytes: sum(resources.map(({ memoryBytes }) => memoryBytes)),
  };
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function timeOf(date: Date | string | undefined): number {
  return date === undefined ? 0 : new Date(date).getTime();
}
