/** Pods with names and volumes of their own, by the official client; and who else means them. */
import { AppsV1Api, CoreV1Api, type KubeConfig, NetworkingV1Api, PolicyV1Api } from '@kubernetes/client-node';
import { isAbsent } from './failures';
import type { Kubernetes } from './kubernetes';
import { listAll } from './lists';
import { podOf } from './objects';
import { fieldManager, reading, signed, writing } from './requests';

type StatefulPods = Pick<
  Kubernetes,
  'setStatefulReplicas' | 'readLabeledPods' | 'killPod' | 'readClaims' | 'deleteClaim' | 'selecting'
>;

interface Selector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

export function createStatefulPods(configuration: KubeConfig, namespace: string): StatefulPods {
  const apps = configuration.makeApiClient(AppsV1Api);
  const core = configuration.makeApiClient(CoreV1Api);
  const policy = configuration.makeApiClient(PolicyV1Api);
  const networking = configuration.makeApiClient(NetworkingV1Api);

  return {
    async setStatefulReplicas({ name, version }, replicas, identity) {
      const body = { metadata: { resourceVersion: version }, spec: { replicas } };
      await apps.patchNamespacedStatefulSetScale({ namespace, name, fieldManager, body }, writing(identity));
    },

    async readLabeledPods(labelSelector) {
      const pods = await listAll((page) => core.listNamespacedPod({ ...page, namespace, labelSelector }, reading()));
      return pods.map((pod) => podOf(pod, new Map()));
    },

    async killPod({ name, uid }, identity) {
      const body = { preconditions: { uid }, gracePeriodSeconds: 0 };
      await unlessGone(core.deleteNamespacedPod({ namespace, name, body }, signed(identity)));
    },

    async readClaims(labelSelector) {
      const claims = await listAll((page) =>
        core.listNamespacedPersistentVolumeClaim({ ...page, namespace, labelSelector }, reading()),
      );
      return claims.map(({ metadata }) => ({ name: metadata!.name!, uid: metadata!.uid! }));
    },

    async deleteClaim({ name, uid }, identity) {
      const body = { preconditions: { uid } };
      await unlessGone(core.deleteNamespacedPersistentVolumeClaim({ namespace, name, body }, signed(identity)));
    },

    async selecting(labels) {
      const [services, budgets, policies] = await Promise.all([
        listAll((page) => core.listNamespacedService({ ...page, namespace }, reading())),
        listAll((page) => policy.listNamespacedPodDisruptionBudget({ ...page, namespace }, reading())),
        listAll((page) => networking.listNamespacedNetworkPolicy({ ...page, namespace }, reading())),
      ]);
      const named = (kind: string, name: string | undefined) => `${kind} ${name}`;
      return [
        ...services
          .filter(
            ({ spec }) =>
              Object.keys(spec?.selector ?? {}).length > 0 && selects({ matchLabels: spec!.selector! }, labels),
          )
          .map(({ metadata }) => named('Service', metadata?.name)),
        ...budgets
          .filter(({ spec }) => spec?.selector && selects(spec.selector, labels))
          .map(({ metadata }) => named('PodDisruptionBudget', metadata?.name)),
        ...policies
          .filter(({ spec }) => selects(spec?.podSelector ?? {}, labels))
          .map(({ metadata }) => named('NetworkPolicy', metadata?.name)),
      ];
    },
  };
}

async function unlessGone(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

/** An empty selector means all (kubernetes.io, "Labels and Selectors"). */
export function selects(
  { matchLabels = {}, matchExpressions = [] }: Selector,
  labels: Record<string, string>,
): boolean {
  return (
    Object.entries(matchLabels).every(([name, value]) => labels[name] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === 'In') return value !== undefined && values.includes(value);
      if (operator === 'NotIn') return value === undefined || !values.includes(value);
      return operator === 'Exists' ? value !== undefined : value === undefined;
    })
  );
}
