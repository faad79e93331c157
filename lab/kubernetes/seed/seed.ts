/**
 * Makes what the cluster begins with, once: what is deleted later does not come back by itself.
 *
 * 1. tables in the application's database; 2. the namespace and all that is in it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type Lab, production } from '../../lab';
import { type Api, isConflict } from '../api/api';
import { type ClusterLayout, productionNamespace } from '../layout';
import { makeTables } from './database';
import { authoritiesFolder, manifests } from './manifests';

/** Where objects of a kind are made, below their namespace. */
const collections: Record<string, [group: string, kind: string]> = {
  ConfigMap: ['/api/v1', 'configmaps'],
  Secret: ['/api/v1', 'secrets'],
  Service: ['/api/v1', 'services'],
  Deployment: ['/apis/apps/v1', 'deployments'],
  PodDisruptionBudget: ['/apis/policy/v1', 'poddisruptionbudgets'],
  HorizontalPodAutoscaler: ['/apis/autoscaling/v2', 'horizontalpodautoscalers'],
};

export async function seedCluster(lab: Lab, layout: ClusterLayout, api: Api): Promise<void> {
  const done = layout.path('seeded');
  if (existsSync(done)) return;
  await makeTables(readFileSync(lab.secretFile(production.primary, 'application-url'), 'utf8'));
  await makeProduction(lab, api, productionNamespace);
  await writeFile(done, '');
}

/**
 * The production in a namespace of its own, beside others: each has its own Redis, and all have the one database. What is
 * there already is left as it is. Returns when the objects are made; the pods are ready some seconds later.
 */
export async function makeProduction(lab: Lab, api: Api, namespace: string): Promise<void> {
  const url = readFileSync(lab.secretFile(production.primary, 'application-url'), 'utf8');
  const make = (path: string, object: object) =>
    api.create(path, object).catch((error: unknown) => {
      if (!isConflict(error)) throw error;
    });
  await make('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  for (const object of manifests({ databaseUrl: inPods(url), authorities: readFileSync(lab.authorityFile, 'utf8') })) {
    const [group, kind] = collections[object.kind!]!;
    await make(`${group}/namespaces/${namespace}/${kind}`, object);
  }
}

/** As a pod reaches the server: by its name, with the authorities that are mounted there. */
function inPods(url: string): string {
  const changed = new URL(url);
  changed.hostname = `${production.primary}.postgres.database.azure.com`;
  changed.searchParams.set('sslrootcert', `${authoritiesFolder}/ca.pem`);
  return changed.href;
}
