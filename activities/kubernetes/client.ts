/**
 * Kubernetes by the official client. The kubeconfig is that of KUBECONFIG, or of the pod that the worker runs in.
 *
 * Every request has a time limit; every write bears the run's name in its User-Agent, for the API server's audit log, and
 * our field manager.
 */
import {
  ApiException,
  AppsV1Api,
  AutoscalingV2Api,
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  Observable,
  PatchStrategy,
  type RequestContext,
  setHeaderOptions,
} from '@kubernetes/client-node';
import { version } from '../../package.json';
import type { RequestIdentity } from '../request-identity';
import type { Autoscaler, Deployment, Kubernetes } from './kubernetes';
import {
  autoscalerOf,
  belongsTo,
  deploymentOf,
  eventOf,
  nodeOf,
  podOf,
  quotaLimits,
  usageByPod,
  type PodMetrics,
} from './objects';

export const fieldManager = 'durable-runbooks';
const requestMs = 10_000;
/** Far more than the guide's 53 pods; what there is beyond it is refused rather than cut. */
const listMax = 1000;

export function createKubernetes(configuration: KubeConfig, namespace: string): Kubernetes {
  const apps = configuration.makeApiClient(AppsV1Api);
  const autoscaling = configuration.makeApiClient(AutoscalingV2Api);
  const core = configuration.makeApiClient(CoreV1Api);
  const custom = configuration.makeApiClient(CustomObjectsApi);
  const here = { namespace, limit: listMax };

  const replicaSets = async ({ selector, uid }: Deployment) =>
    (await apps.listNamespacedReplicaSet({ ...here, labelSelector: selector }, reading())).items.filter((set) =>
      belongsTo(set, uid),
    );
  const ownPods = async (deployment: Deployment) => {
    const [sets, pods] = await Promise.all([
      replicaSets(deployment),
      core.listNamespacedPod({ ...here, labelSelector: deployment.selector }, reading()),
    ]);
    return pods.items.filter((pod) => sets.some(({ metadata }) => belongsTo(pod, metadata?.uid)));
  };
  const autoscalers = async (deployment: string) =>
    (await autoscaling.listNamespacedHorizontalPodAutoscaler(here, reading())).items.filter(
      ({ spec }) => spec?.scaleTargetRef.kind === 'Deployment' && spec.scaleTargetRef.name === deployment,
    );

  return {
    namespace,
    isAbsent: (error) => error instanceof ApiException && error.code === 404,
    readDeployment: async (name) => deploymentOf(await apps.readNamespacedDeployment({ namespace, name }, reading())),
    readAutoscalers: async (deployment) => (await autoscalers(deployment)).map(autoscalerOf),
    readAutoscaler: async (name) =>
      autoscalerOf(await autoscaling.readNamespacedHorizontalPodAutoscaler({ namespace, name }, reading())),

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
        core.listNode({ limit: listMax }, reading()),
        core.listPodForAllNamespaces({ fieldSelector: running, limit: 10 * listMax }, reading()),
      ]);
      return nodes.items.map((node) => nodeOf(node, pods.items));
    },

    readQuotas: async () => (await core.listNamespacedResourceQuota(here, reading())).items.flatMap(quotaLimits),

    async readWarnings(deployment) {
      const [sets, pods, scalers, events] = await Promise.all([
        replicaSets(deployment),
        ownPods(deployment),
        autoscalers(deployment.name),
        core.listNamespacedEvent({ ...here, fieldSelector: 'type=Warning' }, reading()),
      ]);
      const ours = new Set([deployment.uid, ...[...sets, ...pods, ...scalers].map(({ metadata }) => metadata?.uid)]);
      return events.items.filter(({ involvedObject }) => ours.has(involvedObject.uid)).map(eventOf);
    },

    async setReplicas({ name, version }, replicas, identity) {
      const body = { metadata: { resourceVersion: version }, spec: { replicas } };
      await apps.patchNamespacedDeploymentScale({ namespace, name, fieldManager, body }, writing(identity));
    },

    async setBounds({ name, version }: Autoscaler, { min, max }, identity) {
      const body = { metadata: { resourceVersion: version }, spec: { minReplicas: min, maxReplicas: max } };
      await autoscaling.patchNamespacedHorizontalPodAutoscaler(
        { namespace, name, fieldManager, body },
        writing(identity),
      );
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

function reading() {
  return limited();
}

function writing({ correlationId, clientRequestId }: RequestIdentity, patch: string = PatchStrategy.MergePatch) {
  const agent = `durable-runbooks/${version} (run ${correlationId}; activity ${clientRequestId})`;
  return setHeaderOptions('Content-Type', patch, setHeaderOptions('User-Agent', agent, limited()));
}

function limited() {
  return {
    middleware: [
      {
        pre(context: RequestContext) {
          context.setSignal(AbortSignal.timeout(requestMs));
          return new Observable<RequestContext>(Promise.resolve(context));
        },
        post: <T>(context: T) => new Observable<T>(Promise.resolve(context)),
      },
    ],
    middlewareMergeStrategy: 'append' as const,
  };
}
