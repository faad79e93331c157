/**
 * Objects that runbooks make whole, by the official client: a Secret, a Service, a Deployment, a StatefulSet, …
 *
 * Made by POST, so that one that somebody else has made meanwhile is a conflict and not overwritten; replaced and deleted as
 * the very object that was read, by its uid and version.
 */
import {
  AppsV1Api,
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  PolicyV1Api,
  type V1ObjectMeta,
} from '@kubernetes/client-node';
import type { RequestIdentity } from '../request-identity';
import { isAbsent } from './failures';
import type { KnownObject, Kubernetes, ManifestKind } from './kubernetes';
import { listAll } from './lists';
import { marksOf, plain } from './objects';
import { fieldManager, reading, signed, writing } from './requests';

type Manifests = Pick<
  Kubernetes,
  'findObject' | 'createObject' | 'replaceContent' | 'deleteObject' | 'countPods' | 'findConfiguration'
>;

/** On what a run has made: its correlation id. */
const runAnnotation = 'durable-runbooks/run';

export function isMadeBy({ annotations }: KnownObject, { correlationId }: RequestIdentity): boolean {
  return annotations[runAnnotation] === correlationId;
}

interface Found {
  metadata?: V1ObjectMeta;
  spec?: unknown;
  data?: unknown;
}

type Requests = Record<'create' | 'patch' | 'remove', (request: never, options: object) => Promise<unknown>> & {
  read: (request: { name: string; namespace: string }, options: object) => Promise<Found>;
  apiVersion: string;
};

export function createManifests(configuration: KubeConfig, namespace: string): Manifests {
  const apps = configuration.makeApiClient(AppsV1Api);
  const core = configuration.makeApiClient(CoreV1Api);
  const policy = configuration.makeApiClient(PolicyV1Api);

  const requests: Record<ManifestKind, Requests> = {
    Secret: {
      apiVersion: 'v1',
      read: (...of) => core.readNamespacedSecret(...of),
      create: (...of) => core.createNamespacedSecret(...of),
      patch: (...of) => core.patchNamespacedSecret(...of),
      remove: (...of) => core.deleteNamespacedSecret(...of),
    },
    ConfigMap: {
      apiVersion: 'v1',
      read: (...of) => core.readNamespacedConfigMap(...of),
      create: (...of) => core.createNamespacedConfigMap(...of),
      patch: (...of) => core.patchNamespacedConfigMap(...of),
      remove: (...of) => core.deleteNamespacedConfigMap(...of),
    },
    Service: {
      apiVersion: 'v1',
      read: (...of) => core.readNamespacedService(...of),
      create: (...of) => core.createNamespacedService(...of),
      patch: (...of) => core.patchNamespacedService(...of),
      remove: (...of) => core.deleteNamespacedService(...of),
    },
    PodDisruptionBudget: {
      apiVersion: 'policy/v1',
      read: (...of) => policy.readNamespacedPodDisruptionBudget(...of),
      create: (...of) => policy.createNamespacedPodDisruptionBudget(...of),
      patch: (...of) => policy.patchNamespacedPodDisruptionBudget(...of),
      remove: (...of) => policy.deleteNamespacedPodDisruptionBudget(...of),
    },
    Deployment: {
      apiVersion: 'apps/v1',
      read: (...of) => apps.readNamespacedDeployment(...of),
      create: (...of) => apps.createNamespacedDeployment(...of),
      patch: (...of) => apps.patchNamespacedDeployment(...of),
      remove: (...of) => apps.deleteNamespacedDeployment(...of),
    },
    StatefulSet: {
      apiVersion: 'apps/v1',
      read: (...of) => apps.readNamespacedStatefulSet(...of),
      create: (...of) => apps.createNamespacedStatefulSet(...of),
      patch: (...of) => apps.patchNamespacedStatefulSet(...of),
      remove: (...of) => apps.deleteNamespacedStatefulSet(...of),
    },
  };
  const field = (kind: ManifestKind) => (['Secret', 'ConfigMap'].includes(kind) ? 'data' : 'spec');

  return {
    async findObject(kind, name) {
      try {
        const found = await requests[kind].read({ name, namespace }, reading());
        return knownObject(found, field(kind));
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },

    async createObject({ kind, name, labels, content }, identity) {
      const { apiVersion, create } = requests[kind];
      const annotations = { [runAnnotation]: identity.correlationId };
      const body = { apiVersion, kind, metadata: { name, namespace, labels, annotations }, [field(kind)]: content };
      await create({ namespace, fieldManager, body } as never, signed(identity));
    },

    async replaceContent(kind, { name, uid, version }, content, identity) {
      const body = [
        // Set, not tested: what differs is then a conflict, which is read again; a failed test is a request that is refused.
        { op: 'replace', path: '/metadata/uid', value: uid },
        { op: 'replace', path: '/metadata/resourceVersion', value: version },
        { op: 'replace', path: `/${field(kind)}`, value: content },
      ];
      const options = writing(identity, PatchStrategy.JsonPatch);
      await requests[kind].patch({ namespace, name, fieldManager, body } as never, options);
    },

    async deleteObject(kind, { name, uid, version }, identity) {
      const body = { preconditions: { uid, resourceVersion: version }, propagationPolicy: 'Background' };
      await requests[kind].remove({ namespace, name, body } as never, signed(identity));
    },

    async countPods(labelSelector) {
      return (await listAll((page) => core.listNamespacedPod({ ...page, namespace, labelSelector }, reading()))).length;
    },

    async findConfiguration(name, key) {
      try {
        return (await core.readNamespacedConfigMap({ namespace, name }, reading())).data?.[key];
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },
  };
}

function knownObject(found: Found, field: 'data' | 'spec'): KnownObject {
  const { name, uid, resourceVersion, managedFields = [] } = found.metadata!;
  const managers = managedFields.filter(({ subresource }) => !subresource).map(({ manager }) => manager ?? 'unknown');
  return {
    ...{ name: name!, uid: uid!, version: resourceVersion! },
    ...marksOf(found.metadata, () => false),
    content: (plain(found[field]) ?? {}) as Record<string, unknown>,
    managers: [...new Set(managers)],
  };
}
