/** Fields that differ, by their paths; what nobody asked for is no difference. */
import { differences } from '../../../../activities/redis-clusters/differences';
import { manifestOf } from '../../../../activities/redis-clusters/manifests';
import { selects } from '../../../../activities/kubernetes/stateful-pods';

const cluster = { name: 'redis-cluster', image: 'redis:7-alpine', holds: ['cache' as const] };
const settings = {
  ...{ nodes: 6, replicasPerMaster: 1, maxMemoryMegabytes: 2048, evictionPolicy: 'allkeys-lru', storageGigabytes: 10 },
};

test.each<[string, unknown, unknown, string[]]>([
  ['the same', { a: 1 }, { a: 1 }, []],
  ['defaults of Kubernetes', { a: 1, b: { c: 2 } }, { a: 1 }, []],
  ['another value', { a: { b: '5Gi' } }, { a: { b: '10Gi' } }, ['a.b: 5Gi instead of 10Gi']],
  ['one that is missing', {}, { a: true }, ['a: nothing instead of true']],
  ['a list of another length', { a: [1, 2] }, { a: [1] }, ['a: 2 instead of 1 entries']],
  ['an entry', { a: [{ b: 1 }] }, { a: [{ b: 2 }] }, ['a.0.b: 1 instead of 2']],
  [
    'quantities that Kubernetes writes in its own way',
    { x: { resources: { requests: { memory: '2Gi' } } } },
    { x: { resources: { requests: { memory: '2048Mi' } } } },
    [],
  ],
  [
    'lines of a configuration',
    { 'redis.conf': 'dir /data\nmaxmemory 1mb\n' },
    { 'redis.conf': 'dir /data\nmaxmemory 2mb\n' },
    ['redis.conf: maxmemory 2mb is missing; there is another maxmemory'],
  ],
  [
    'a password that somebody has written there: not a word of it',
    { 'redis.conf': 'maxmemory 2mb\nrequirepass hunter2', spec: { args: ['--requirepass', 'hunter2'] } },
    { 'redis.conf': 'maxmemory 2mb\n', spec: { args: ['redis-server', '--x'] } },
    ['redis.conf: there is another requirepass', 'spec.args.0: not as wanted', 'spec.args.1: not as wanted'],
  ],
])('%s', (_name, found, wanted, expected) => expect(differences(found, wanted)).toEqual(expected));

test('other volumes are told by their field', () => {
  const wanted = manifestOf('StatefulSet', cluster, settings).content;
  const found = manifestOf('StatefulSet', cluster, { ...settings, storageGigabytes: 5 }).content;
  expect(differences(found, wanted)).toEqual([
    'volumeClaimTemplates.0.spec.resources.requests.storage: 5Gi instead of 10Gi',
  ]);
});

describe('the objects', () => {
  const contentOf = (kind: 'ConfigMap' | 'StatefulSet' | 'Service') =>
    manifestOf(kind, cluster, settings).content as any;

  test('no password is in what is not the Secret, and the configuration includes it', () => {
    expect(contentOf('ConfigMap')['redis.conf']).toMatch(/^include \/etc\/redis-login\/login\.conf$/m);
    expect(JSON.stringify([contentOf('ConfigMap'), contentOf('StatefulSet')])).not.toMatch(/requirepass|masterauth/);
  });

  test('what was acknowledged is on disk; half of the memory again is left for rewriting the file', () => {
    expect(contentOf('ConfigMap')['redis.conf']).toMatch(/^appendfsync always$/m);
    const [{ resources }] = contentOf('StatefulSet').template.spec.containers;
    expect(resources).toMatchObject({ requests: { memory: '2048Mi' }, limits: { memory: '3072Mi' } });
  });

  test('pods start all at once, are found before they are Ready, and announce the address that they have', () => {
    expect(contentOf('StatefulSet').podManagementPolicy).toBe('Parallel');
    expect(contentOf('Service')).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true });
    const [{ args }] = contentOf('StatefulSet').template.spec.containers;
    expect(args.slice(-2)).toEqual(['--cluster-announce-ip', '$(POD_IP)']);
  });

  test('the Service of another Redis does not mean its pods', () => {
    const { labels } = contentOf('StatefulSet').template.metadata;
    expect(selects({ matchLabels: { app: 'redis' } }, labels)).toBe(false);
  });
});

test.each<[string, Parameters<typeof selects>[0], boolean]>([
  ['its label', { matchLabels: { app: 'redis-cluster' } }, true],
  ['one label more', { matchLabels: { app: 'redis-cluster', tier: 'cache' } }, false],
  ['all', {}, true],
  ['a list', { matchExpressions: [{ key: 'app', operator: 'In', values: ['redis', 'redis-cluster'] }] }, true],
  ['all but some', { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['redis-cluster'] }] }, false],
  ['all that are in no zone', { matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['1'] }] }, true],
  ['whatever has an app', { matchExpressions: [{ key: 'app', operator: 'Exists' }] }, true],
  ['whatever has none', { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, false],
])('a selector of %s', (_name, selector, expected) => {
  expect(selects(selector, { app: 'redis-cluster' })).toBe(expected);
});
