/**
 * Makes what the cluster begins with, once: what is deleted later does not come back by itself.
 *
 * 1. products in the application's database; 2. the namespace and all that is in it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Client } from 'pg';
import { type Lab, production } from '../../lab';
import { type Api, isConflict } from '../api/api';
import type { ClusterLayout } from '../layout';
import { authoritiesFolder, manifests, namespace } from './manifests';

/** Their collections, for those kinds whose path is not the plain one of the core API. */
const collections: Record<string, string> = {
  Namespace: '/api/v1/namespaces',
  ConfigMap: `/api/v1/namespaces/${namespace}/configmaps`,
  Secret: `/api/v1/namespaces/${namespace}/secrets`,
  Service: `/api/v1/namespaces/${namespace}/services`,
  Deployment: `/apis/apps/v1/namespaces/${namespace}/deployments`,
  PodDisruptionBudget: `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`,
  HorizontalPodAutoscaler: `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`,
};

export async function seedCluster(lab: Lab, layout: ClusterLayout, api: Api): Promise<void> {
  const done = layout.path('seeded');
  if (existsSync(done)) return;
  const url = readFileSync(lab.secretFile(production.primary, 'application-url'), 'utf8');
  await makeProducts(url);
  const objects = manifests({ databaseUrl: inPods(url), authorities: readFileSync(lab.authorityFile, 'utf8') });
  for (const object of objects) {
    await api.create(collections[(object as { kind: string }).kind]!, object).catch((error: unknown) => {
      if (!isConflict(error)) throw error;
    });
  }
  await writeFile(done, '');
}

async function makeProducts(connectionString: string): Promise<void> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    await client.query('CREATE TABLE IF NOT EXISTS products (id int PRIMARY KEY, name text, price_cents int)');
    await client.query(
      `INSERT INTO products SELECT n, 'Product ' || n, 100 * n FROM generate_series(1, 50) AS n ON CONFLICT DO NOTHING`,
    );
  } finally {
    await client.end();
  }
}

/** As a pod reaches the server: by its name, with the authorities that are mounted there. */
function inPods(url: string): string {
  const changed = new URL(url);
  changed.hostname = `${production.primary}.postgres.database.azure.com`;
  changed.searchParams.set('sslrootcert', `${authoritiesFolder}/ca.pem`);
  return changed.href;
}
