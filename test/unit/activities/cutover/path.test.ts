/** What the topology must say of a deployment before it can be led through the pool. */
import { wayOf } from '../../../../activities/cutover/path';
import type { PoolerDependencies } from '../../../../activities/poolers/dependencies';
import { topologyWith } from '../../workflows/support/topology';

const primaryUrl = { variable: 'DATABASE_URL', secret: 'secrets', key: 'URL', pooledKey: 'POOLED_URL' };
const podEndpoint = { port: 3000, path: '/health' };
const pooler = {
  ...{ name: 'pgbouncer', image: 'pgbouncer:1.23', replicas: 2, sidecarImage: 'sidecar:1' },
  ...{ application: { secret: 'secrets', key: 'URL' }, authorities: { configMap: 'authorities', key: 'ca.pem' } },
};

function way(deployment: object) {
  const { kubernetes, ...topology } = topologyWith(deployment);
  const use = { topology: { ...topology, kubernetes: { ...kubernetes, pooler } } };
  return wayOf('broxiva-api', use as unknown as PoolerDependencies);
}

test('where the URL comes from, and how a pod is asked', () => {
  expect(way({ primaryUrl, podEndpoint })).toMatchObject({ ...primaryUrl, podEndpoint, pooler: { name: 'pgbouncer' } });
});

test.each([
  ['where the URL comes from', { podEndpoint }, /broxiva-api how it reaches the primary: add its primaryUrl/],
  ['how a pod is asked', { primaryUrl }, /broxiva-api how a pod of it is asked: add its podEndpoint/],
])('it does not say %s', (_what, deployment, words) => {
  expect(() => way(deployment)).toThrow(words);
});
