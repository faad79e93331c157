/**
 * The cluster of the topology, by the usual ways: KUBECONFIG, ~/.kube/config, or the service account of the pod that the
 * worker runs in. Looked for when a run first needs it: a production may have none.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { failure } from '../activities/failures';
import { createKubernetes } from '../activities/kubernetes/client';
import { KeptConnections } from '../activities/kubernetes/connections';
import type { Kubernetes } from '../activities/kubernetes/kubernetes';
import type { Topology } from '../catalogue';

const usualFile = join(homedir(), '.kube', 'config');

export function clusterOf({ kubernetes }: Pick<Topology, 'kubernetes'>): () => Kubernetes {
  let known: Kubernetes | undefined;
  return () => (known ??= createKubernetes(configuration(), namespaceOf(kubernetes)));
}

function namespaceOf(kubernetes: Topology['kubernetes']): string {
  if (kubernetes) return kubernetes.namespace;
  throw failure('ConfigurationMissing', 'the topology names no Kubernetes namespace: add its section `kubernetes`');
}

function configuration(): KubeConfig {
  // Where nothing is known the client would try http://localhost:8080, and complain of that.
  if (![process.env.KUBECONFIG, process.env.KUBERNETES_SERVICE_HOST].some(Boolean) && !existsSync(usualFile)) {
    throw failure(
      'ConfigurationMissing',
      'this worker knows no Kubernetes cluster: set KUBECONFIG, or run it in the cluster (a lab has one with --kubernetes)',
    );
  }
  const config = new KeptConnections();
  try {
    config.loadFromDefault();
  } catch (error) {
    throw failure('ConfigurationMissing', `the kubeconfig cannot be read: ${(error as Error).message}`);
  }
  if (config.getCurrentCluster()) return config;
  throw failure(
    'ConfigurationMissing',
    'the kubeconfig names no current cluster: kubectl config use-context chooses one',
  );
}
