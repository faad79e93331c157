/** HorizontalPodAutoscalers by the official client: reading, dry runs, and every way of writing them. */
import {
  ApiException,
  AutoscalingV2Api,
  CustomObjectsApi,
  type KubeConfig,
  PatchStrategy,
  type V2HorizontalPodAutoscalerSpec,
} from '@kubernetes/client-node';
import { type AutoscalerSpec, type MetricSpec, metricName } from '../../catalogue';
import { failure } from '../failures';
import { isAbsent } from './failures';
import type { Deployment, Kubernetes } from './kubernetes';
import { listAll } from './lists';
import { autoscalerOf } from './objects';
import { fieldManager, reading, signed, writing } from './requests';

type Autoscalers = Pick<
  Kubernetes,
  | 'readAutoscalers'
  | 'readAutoscaler'
  | 'findAutoscaler'
  | 'conflictsOf'
  | 'metricsWithoutSource'
  | 'setBounds'
  | 'applyAutoscaler'
  | 'replaceAutoscaler'
  | 'deleteAutoscaler'
>;

export function createAutoscalers(configuration: KubeConfig, namespace: string): Autoscalers {
  const autoscaling = configuration.makeApiClient(AutoscalingV2Api);
  const custom = configuration.makeApiClient(CustomObjectsApi);

  const readAutoscaler = async (name: string) =>
    autoscalerOf(await autoscaling.readNamespacedHorizontalPodAutoscaler({ namespace, name }, reading()));

  const object = (name: string, spec: AutoscalerSpec, guard: { uid?: string; resourceVersion?: string } = {}) => ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace, ...guard },
    spec: spec as V2HorizontalPodAutoscalerSpec,
  });

  async function conflictsOf(name: string, spec: AutoscalerSpec) {
    const trial = { namespace, name, fieldManager, force: false, dryRun: 'All', body: object(name, spec) };
    try {
      const nobody = { correlationId: 'dry run', clientRequestId: 'none' };
      const options = writing(nobody, PatchStrategy.ServerSideApply);
      await autoscaling.patchNamespacedHorizontalPodAutoscaler(trial, options);
      return [];
    } catch (error) {
      const conflicts = error instanceof ApiException && error.code === 409 ? managersIn(String(error.body)) : [];
      if (conflicts.length === 0) throw error;
      return conflicts.filter(({ manager }) => manager !== fieldManager);
    }
  }

  return {
    readAutoscaler,
    async readAutoscalers(deployment) {
      const all = await listAll((page) =>
        autoscaling.listNamespacedHorizontalPodAutoscaler({ ...page, namespace }, reading()),
      );
      return all
        .filter(({ spec }) => spec?.scaleTargetRef.kind === 'Deployment' && spec.scaleTargetRef.name === deployment)
        .map(autoscalerOf);
    },
    findAutoscaler: (name) =>
      readAutoscaler(name).catch((error: unknown) => {
        if (isAbsent(error)) return undefined;
        throw error;
      }),
    conflictsOf,

    async metricsWithoutSource({ metrics = [] }, { selector }: Deployment) {
      const missing = await Promise.all(
        metrics.map(async (metric) => ((await hasSource(metric, selector)) ? [] : [metricName(metric)])),
      );
      return missing.flat();
    },

    async setBounds({ name, version }, { min, max }, identity) {
      const body = { metadata: { resourceVersion: version }, spec: { minReplicas: min, maxReplicas: max } };
      await autoscaling.patchNamespacedHorizontalPodAutoscaler(
        { namespace, name, fieldManager, body },
        writing(identity),
      );
    },

    async applyAutoscaler(name, spec, { takeOver, instead }, identity) {
      if (!instead) {
        // Made, not applied: one that somebody else has made meanwhile is a conflict.
        const request = { namespace, fieldManager, body: object(name, spec) };
        await autoscaling.createNamespacedHorizontalPodAutoscaler(request, signed(identity));
        return;
      }
      const others = (await conflictsOf(name, spec)).filter(({ manager }) => !takeOver.includes(manager));
      if (others.length > 0) {
        const named = others.map(({ manager, fields }) => `${manager} (${fields.join(', ')})`);
        throw failure('KubernetesRefused', `${name} has fields of ${named.join(' and ')}: name it in takeOver`);
      }
      // By its version alone, one that was deleted meanwhile would be made anew.
      const { uid, version } = instead;
      await autoscaling.patchNamespacedHorizontalPodAutoscaler(
        { namespace, name, fieldManager, force: true, body: object(name, spec, { uid, resourceVersion: version }) },
        writing(identity, PatchStrategy.ServerSideApply),
      );
    },

    async replaceAutoscaler({ name, version }, spec, identity) {
      // The specification alone: labels, annotations and owners are others' as well. The version is set and not tested: of a test
      // that fails the API server says 422, as of a wrong request, and of another version 409.
      const body = [
        { op: 'replace', path: '/metadata/resourceVersion', value: version },
        { op: 'replace', path: '/spec', value: spec },
      ];
      await autoscaling.patchNamespacedHorizontalPodAutoscaler(
        { namespace, name, fieldManager, body },
        writing(identity, PatchStrategy.JsonPatch),
      );
    },

    async deleteAutoscaler({ name, uid, version }, identity) {
      const body = { preconditions: { uid, resourceVersion: version } };
      await autoscaling.deleteNamespacedHorizontalPodAutoscaler({ namespace, name, body }, signed(identity));
    },
  };

  async function hasSource(metric: MetricSpec, selector: string): Promise<boolean> {
    if (metric.pods) {
      // Asked as the autoscaler asks: that the metric is registered says nothing of these pods.
      const more = `/${metric.pods.metric.name}?labelSelector=${encodeURIComponent(selector)}`;
      const every = { group: 'custom.metrics.k8s.io', version: 'v1beta1', namespace, plural: 'pods', name: '*' };
      return anyIn(custom.getNamespacedCustomObject(every, reading({ more })));
    }
    const request = { group: 'metrics.k8s.io', version: 'v1beta1', namespace, plural: 'pods', labelSelector: selector };
    return anyIn(custom.listNamespacedCustomObject(request, reading()));
  }
}

/** An API that is not there, or knows nothing, serves nothing. */
async function anyIn(list: Promise<unknown>): Promise<boolean> {
  const { items = [] } = (await list.catch(() => ({}))) as { items?: unknown[] };
  return items.length > 0;
}

/** Of a Status with causes: field → manager (kubernetes.io, "Server-Side Apply", Conflicts). */
export function managersIn(body: string): { manager: string; fields: string[] }[] {
  interface Cause {
    reason?: string;
    message?: string;
    field?: string;
  }
  let causes: Cause[];
  try {
    causes = (JSON.parse(body) as { details?: { causes?: Cause[] } }).details?.causes ?? [];
  } catch {
    return [];
  }
  const fields = new Map<string, string[]>();
  for (const { reason, message = '', field = '' } of causes) {
    if (reason !== 'FieldManagerConflict') continue;
    const manager = /conflict with "([^"]+)"/.exec(message)?.[1] ?? 'another manager';
    fields.set(manager, [...(fields.get(manager) ?? []), field]);
  }
  return [...fields].map(([manager, of]) => ({ manager, fields: of }));
}
