/** Kubernetes by the official client. */
import { AppsV1Api, CoreV1Api, CustomObjectsApi, type KubeConfig, PatchStrategy } from '@kubernetes/client-node';
import type { PodSize } from '../../catalogue';
import { createAutoscalers } from './autoscalers';
import type { Deployment, Kubernetes } from './kubernetes';
import {
  belongsTo,
  deploymentOf,
  marksOf,
  eventOf,
  nodeOf,
  podOf,
  quotaLimits,
  replicaSetOf,
  requirementsOf,
  usageByPod,
  type PodMetrics,
} from './objects';
import { isAbsent } from './failures';
import { listAll } from './lists';
import { createManifests } from './manifests';
import { createStatefulPods } from './stateful-pods';
import { fieldManager, reading, writing } from './requests';

export function createKubernetes(configuration: KubeConfig, namespace: string): Kubernetes {
  const apps = configuration.makeApiClient(AppsV1Api);
  const core = configuration.makeApiClient(CoreV1Api);
  const custom = configuration.makeApiClient(CustomObjectsApi);
  const autoscalers = createAutoscalers(configuration, namespace);

  const replicaSets = async ({ selector, uid }: Deployment) =>
    (
      await listAll((page) => apps.listNamespacedReplicaSet({ ...page, namespace, labelSelector: selector }, reading()))
    ).filter((set) => belongsTo(set, uid));
  const ownPods = async (deployment: Deployment) => {
    const [sets, pods] = await Promise.all([
      replicaSets(deployment),
      listAll((page) => core.listNamespacedPod({ ...page, namespace, labelSelector: deployment.selector }, reading())),
    ]);
    return pods.filter((pod) => sets.some(({ metadata }) => belongsTo(pod, metadata?.uid)));
  };
  return {
    namespace,
    isAbsent,
    readDeployment: async (name) => deploymentOf(await apps.readNamespacedDeployment({ namespace, name }, reading())),
    ...autoscalers,
    ...createManifests(configuration, namespace),
    ...createStatefulPods(configuration, namespace),

    async readPods(deployment) {
      const metrics = custom
        .listNamespacedCustomObject(
          {
            group: 'metrics.k8s.io',
            version: 'v1beta1',
            namespace,
            plural: 'pods',
            labelSelector: deployment.selector,
          },
          reading(),
        )
        // Usage is worth knowing, and no condition: a cluster without the metrics API runs as well.
        .catch(() => ({ items: [] })) as Promise<PodMetrics>;
      const [pods, usage] = await Promise.all([ownPods(deployment), metrics.then(usageByPod)]);
      return pods.map((pod) => podOf(pod, usage));
    },

    async readNodes() {
      const running = 'status.phase!=Succeeded,status.phase!=Failed';
      const [nodes, pods] = await Promise.all([
        listAll((page) => core.listNode(page, reading())),
        listAll((page) => core.listPodForAllNamespaces({ ...page, fieldSelector: running }, reading())),
      ]);
      return nodes.map((node) => nodeOf(node, pods));
    },

    readQuotas: async () =>
      (await listAll((page) => core.listNamespacedResourceQuota({ ...page, namespace }, reading()))).flatMap(
        quotaLimits,
      ),

    async readWarnings(deployment) {
      const [sets, pods, scalers, events] = await Promise.all([
        replicaSets(deployment),
        ownPods(deployment),
        autoscalers.readAutoscalers(deployment.name),
        listAll((page) => core.listNamespacedEvent({ ...page, namespace, fieldSelector: 'type=Warning' }, reading())),
      ]);
      const ours = new Set([
        deployment.uid,
        ...scalers.map(({ uid }) => uid),
        ...[...sets, ...pods].map(({ metadata }) => metadata?.uid),
      ]);
      return events.filter(({ involvedObject }) => ours.has(involvedObject.uid)).map(eventOf);
    },

    async setReplicas({ name, version }, replicas, identity) {
      const body = { metadata: { resourceVersion: version }, spec: { replicas } };
      await apps.patchNamespacedDeploymentScale({ namespace, name, fieldManager, body }, writing(identity));
    },

    readReplicaSets: async (deployment) => (await replicaSets(deployment)).map(replicaSetOf),

    async setTemplateSize({ name, version, container }, size, { paused }, identity) {
      const containers = [{ name: container, resources: sized(size) }];
      const body = { metadata: { resourceVersion: version }, spec: { paused, template: { spec: { containers } } } };
      const options = writing(identity, PatchStrategy.StrategicMergePatch);
      await apps.patchNamespacedDeployment({ namespace, name, fieldManager, body }, options);
    },

    async setPaused({ name, version }, paused, identity) {
      const body = { metadata: { resourceVersion: version }, spec: { paused } };
      await apps.patchNamespacedDeployment({ namespace, name, fieldManager, body }, writing(identity));
    },

    async setReplicaSetSize({ name, version, container }, size, identity) {
      const containers = [{ name: container, resources: sized(size) }];
      const body = { metadata: { resourceVersion: version }, spec: { template: { spec: { containers } } } };
      const options = writing(identity, PatchStrategy.StrategicMergePatch);
      await apps.patchNamespacedReplicaSet({ namespace, name, fieldManager, body }, options);
    },

    async setPodSize({ name, version, container }, size, identity) {
      const body = {
        metadata: { resourceVersion: version },
        spec: { containers: [{ name: container, resources: requirementsOf(size) }] },
      };
      const options = writing(identity, PatchStrategy.StrategicMergePatch);
      await core.patchNamespacedPodResize({ namespace, name, fieldManager, body }, options);
    },

    async readSecret(name, key) {
      const { metadata, data } = await core.readNamespacedSecret({ namespace, name }, reading());
      const text = data?.[key];
      const version = metadata!.resourceVersion!;
      const marks = marksOf(metadata, () => false);
      return {
        ...marks,
        name,
        version,
        ...(text === undefined ? {} : { text: fromBase64(text) }),
      };
    },

    async readSecretTexts(name) {
      const { data = {} } = await core.readNamespacedSecret({ namespace, name }, reading());
      return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, fromBase64(text)]));
    },

    async setSecret({ name, version }, key, text, identity) {
      // null takes a key out (RFC 7396).
      const value = text === undefined ? null : Buffer.from(text, 'utf8').toString('base64');
      const body = { metadata: { resourceVersion: version }, data: { [key]: value } };
      await core.patchNamespacedSecret({ namespace, name, fieldManager, body }, writing(identity));
    },

    async setReference({ name, version, container }, variable, reference, identity) {
      const [secret, key] = (reference ?? '').split('/');
      const change =
        reference === undefined
          ? { $patch: 'delete' } // Optional: a key that is taken away by somebody else must not keep new pods from starting.
          : { valueFrom: { secretKeyRef: { name: secret, key, optional: true } } };
      const containers = [{ name: container, env: [{ name: variable, ...change }] }];
      const body = { metadata: { resourceVersion: version }, spec: { template: { spec: { containers } } } };
      const options = writing(identity, PatchStrategy.StrategicMergePatch);
      await apps.patchNamespacedDeployment({ namespace, name, fieldManager, body }, options);
    },

    async setRollout({ name, version, container }, variable, rollout, identity) {
      const { reference, maxSurge, maxUnavailable, minReadySeconds, progressDeadlineSeconds } = rollout;
      const [secret, key] = (reference ?? '').split('/');
      const change =
        reference === undefined ? { $patch: 'delete' } : { valueFrom: { secretKeyRef: { name: secret, key } } };
      const containers = [{ name: container, env: [{ name: variable, ...change }] }];
      const rollingUpdate = { maxSurge: countOf(maxSurge), maxUnavailable: countOf(maxUnavailable) };
      const body = {
        metadata: { resourceVersion: version },
        spec: {
          ...{ minReadySeconds, progressDeadlineSeconds, strategy: { type: 'RollingUpdate', rollingUpdate } },
          template: { spec: { containers } },
        },
      };
      const options = writing(identity, PatchStrategy.StrategicMergePatch);
      await apps.patchNamespacedDeployment({ namespace, name, fieldManager, body }, options);
    },

    async setVariable({ name, version, container }, variable, value, identity) {
      const change = value === undefined ? { $patch: 'delete' } : { value };
      const containers = [{ name: container, env: [{ name: variable, ...change }] }];
      const body = { metadata: { resourceVersion: version }, spec: { template: { spec: { containers } } } };
      const options = writing(identity, PatchStrategy.StrategicMergePatch);
      await apps.patchNamespacedDeployment({ namespace, name, fieldManager, body }, options);
    },
  };
}

/** A number, or a percentage. */
function countOf(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** A limit that is not named is none; what else a container asks for (ephemeral storage, devices) stays. */
function sized(size: PodSize): object {
  const none = { cpu: null, memory: null };
  const { requests, limits } = requirementsOf(size);
  return { requests: { ...none, ...requests }, limits: { ...none, ...limits } };
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}
