/**
 * Goal: a request to the API server is judged by what it is: what it changes, whose it is, and what it sets. Method: tables of
 * requests as clients send them.
 */
import { ApiFaults } from './kubernetes/api-faults';
import { type ApiRequest, arrivalAtKubernetes } from './systems/kubernetes';

const web = '/apis/apps/v1/namespaces/shop/deployments/web';
const userAgent =
  'durable-runbooks/1.0.0 (run 0b1c2d3e-0000-8000-9000-aaaaaaaaaaaa; activity 1b1c2d3e-0000-8000-9000-aaaaaaaaaaaa)';
const seen = (request: Partial<ApiRequest>) =>
  arrivalAtKubernetes({ ...{ at: 0, method: 'GET', path: web, query: '', userAgent }, ...request }).seen();

test.each([
  ['a Deployment', web, 'deployment:shop.web'],
  ['its scale', `${web}/scale`, 'deployment:shop.web'],
  ['its ReplicaSet', '/apis/apps/v1/namespaces/shop/replicasets/broxiva-api-6d4b75cb6d', 'deployment:shop.broxiva-api'],
  [
    'the size of its pod',
    '/api/v1/namespaces/shop/pods/broxiva-api-6d4b75cb6d-x2x9z/resize',
    'deployment:shop.broxiva-api',
  ],
  [
    'an autoscaler',
    '/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/web',
    'horizontalpodautoscaler:shop.web',
  ],
  ['a node of a Redis cluster', '/api/v1/namespaces/shop/pods/redis-cluster-0', 'rediscluster:shop.redis-cluster'],
  ['its nodes', '/api/v1/namespaces/shop/pods?labelSelector=app%3Dredis-cluster', 'rediscluster:shop.redis-cluster'],
  [
    'its volume',
    '/api/v1/namespaces/shop/persistentvolumeclaims/data-redis-cluster-0',
    'statefulset:shop.redis-cluster',
  ],
  ['a list', '/apis/apps/v1/namespaces/shop/deployments', undefined],
  ['a node', '/api/v1/nodes/aks-default-1', undefined],
])('%s: what it is about', (_, url, resource) => {
  const [path, query] = url.split('?');
  expect(seen({ path: path!, query: query ?? '' }).resource).toBe(resource);
});

test.each([
  ['a read', { method: 'GET' }, false],
  ['a patch', { method: 'PATCH' }, true],
  ['a dry run', { method: 'PATCH', query: '?fieldManager=me&dryRun=All' }, false],
  ['a question', { method: 'POST', path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews' }, false],
  ['a deletion', { method: 'DELETE' }, true],
])('%s: whether it changes something', (_, request, changes) => {
  expect(seen(request).isMutation).toBe(changes);
});

const merge = { metadata: { resourceVersion: '12' }, spec: { replicas: 4 } };
const env = [
  { name: 'DATABASE_POOL_SIZE', value: '15' },
  { name: 'NODE_OPTIONS', value: '--max-old-space-size=128' },
];
const template = { spec: { template: { spec: { containers: [{ name: 'web', image: 'broxiva/web:1.0.0', env }] } } } };
test.each<[string, unknown, string[]]>([
  ['a merge patch', merge, ['4']],
  [
    'a JSON patch',
    [
      { op: 'replace', path: '/metadata/resourceVersion', value: '12' },
      { op: 'replace', path: '/spec/replicas', value: 4 },
    ],
    ['4'],
  ],
  [
    'a Deployment that is made whole',
    { kind: 'Deployment', ...template, spec: { ...template.spec, replicas: 2 } },
    ['2'],
  ],
  ['an autoscaler', { spec: { minReplicas: 5, maxReplicas: 10 } }, ['5', '10']],
  ['a variable that is a number', template, ['15']],
])('%s: what it sets', (_, body, sets) => {
  expect(seen({ method: 'PATCH', body }).sets).toEqual(sets);
});

test('two that expect another state of the object would do the same', () => {
  const later = { ...merge, metadata: { resourceVersion: '13' } };
  expect(seen({ method: 'PATCH', body: merge }).effect).toBe(seen({ method: 'PATCH', body: later }).effect);
  expect(seen({ method: 'PATCH', body: { spec: { replicas: 5 } } }).effect).not.toBe(
    seen({ method: 'PATCH', body: merge }).effect,
  );
});

test('whose it is stands in its User-Agent', () => {
  expect(seen({}).correlationId).toBe('0b1c2d3e-0000-8000-9000-aaaaaaaaaaaa');
  expect(seen({ userAgent: 'kubectl/v1.36.3' }).correlationId).toBe('');
});

test('accepted is what the API server answered with a 2xx', () => {
  const accepted = (status?: number) => seen({ method: 'PATCH', ...(status && { status }) }).isAccepted;
  expect([accepted(200), accepted(409), accepted()]).toEqual([true, false, false]);
});

test('a fault lets those pass that come before its turn, strikes as often as it is to, and only what it is about', () => {
  const faults = new ApiFaults();
  const armed = faults.arm({
    system: 'kubernetes',
    name: 'unavailable',
    options: { on: 'mutation', after: 1, count: 2 },
  });
  const struck = [true, false, true, true, true].map((isMutation) => faults.strike(isMutation) !== undefined);
  expect(struck).toEqual([false, false, true, true, false]);
  expect(armed.hits).toBe(2);
});
