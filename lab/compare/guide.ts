/** The guide's own PgBouncer: its manifests as they are typed there, with this lab's password. */
import { productionNamespace as namespace } from '../kubernetes/layout';
import type { Stand } from './stand';

const name = 'pgbouncer';
const labels = { app: name };

async function make(stand: Stand): Promise<void> {
  stand.terminal.typed("kubectl apply -f …   # the guide's PgBouncer, its Deployment and its Service");
  const url = new URL(stand.directUrl);
  url.protocol = 'postgres:';
  url.search = '?sslmode=require';
  const variables = {
    ...{ DATABASE_URL: url.href, POOL_MODE: 'transaction', MAX_CLIENT_CONN: '1000', DEFAULT_POOL_SIZE: '25' },
  };
  const env = Object.entries(variables).map(([variable, value]) => ({ name: variable, value }));
  const container = { name, image: 'edoburu/pgbouncer:latest', env, ports: [{ containerPort: 5432 }] };
  await stand.apply('/apis/apps/v1/namespaces/$/deployments', {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace } },
    ...{
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [container] } },
      },
    },
  });
  await stand.apply('/api/v1/namespaces/$/services', {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace } },
    ...{ spec: { selector: labels, ports: [{ port: 5432, targetPort: 5432 }] } },
  });
  await stand.kubectl(['rollout', 'status', `deployment/${name}`, '--timeout=180s']);
}

async function remove(stand: Stand): Promise<void> {
  await stand.kubectl(['delete', `deployment/${name}`, `service/${name}`]);
  await stand.kubectl(['wait', '--for=delete', 'pod', '-l', `app=${name}`, '--timeout=90s']);
}

export const guidePooler = { name, make, remove };
