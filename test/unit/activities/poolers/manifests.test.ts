/** The pooler's objects as they are to be, and what one is, in words. */
import {
  addedTo,
  describe as inWords,
  fingerprintIn,
  manifestOf,
  mergedInto,
  requests,
} from '../../../../activities/poolers/manifests';
import { quantity } from '../../../../catalogue';
import { pooler } from './topology';

const manifest = (kind: 'Service' | 'PodDisruptionBudget' | 'Deployment', poolSize = 25, fingerprint = 'aaaa.bbbb') =>
  manifestOf(kind, pooler, { poolSize }, fingerprint).content;
const deployment: any = manifest('Deployment');

test('a deployment that keeps its clients: two pods, spread, none goes before another is there, drained', () => {
  const { spec } = deployment.template;
  expect(deployment).toMatchObject({
    replicas: 2,
    strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
  });
  expect(spec.topologySpreadConstraints[0]).toMatchObject({ topologyKey: 'kubernetes.io/hostname' });
  expect(manifest('PodDisruptionBudget')).toMatchObject({ minAvailable: 1 });
  const [pgbouncer] = spec.containers;
  expect(pgbouncer.lifecycle.preStop.exec.command[2]).toMatch(/^sleep 5; .*kill -INT 1; /);
  expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(5);
});

test('no container is root, or may become it; no secret in a variable, no file mounted by itself', () => {
  const { spec } = deployment.template;
  expect(spec.securityContext.runAsNonRoot).toBe(true);
  for (const { securityContext, env = [], volumeMounts = [] } of spec.containers) {
    expect(securityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true });
    expect(securityContext.runAsUser).toBeGreaterThan(0);
    for (const { name, value } of env) expect(/URL|PASSWORD/.test(name) ? value : undefined).toBeUndefined();
    for (const mount of volumeMounts) expect(mount.subPath).toBeUndefined();
  }
});

test('what somebody has put into it is told by name, without its value', () => {
  expect(addedTo(deployment, deployment)).toEqual([]);
  const changed = structuredClone(deployment);
  changed.template.spec.containers.push({ name: 'exporter', env: [{ name: 'DSN', value: 'secret' }] });
  changed.template.spec.containers[0].env = [{ name: 'TOKEN', value: 'secret' }];
  changed.template.spec.initContainers = [{ name: 'migrate', env: [{ name: 'PGPASSWORD', value: 'secret' }] }];
  expect(addedTo(changed, deployment).sort()).toEqual([
    'container exporter',
    'init container migrate',
    `variable TOKEN of ${deployment.template.spec.containers[0].name}`,
  ]);
});

test.each<[string, string, object, string[]]>([
  ['a password where ours refers to a Secret', 'APPLICATION_URL', { value: 'secret' }, ['APPLICATION_URL']],
  ['another Secret there', 'APPLICATION_URL', { valueFrom: { secretKeyRef: { name: 'other', key: 'URL' } } }, []],
  ['another value where ours has one', 'PORT', { value: '9128' }, []],
])('a variable that is known: %s', (_what, variable, is, added) => {
  const changed = structuredClone(deployment);
  const sidecar = changed.template.spec.containers.find(({ name }: any) => name === 'sidecar');
  sidecar.env = sidecar.env.map((one: any) => (one.name === variable ? { name: variable, ...is } : one));
  expect(addedTo(changed, deployment)).toEqual(added.map((name) => `variable ${name} of sidecar`));
});

test('what its pods ask for is what preflight looks for on the nodes', () => {
  const asked = deployment.template.spec.containers.map(({ resources }: any) => resources.requests);
  const sum = (of: string) => asked.reduce((total: number, one: any) => total + quantity(one[of]), 0);
  expect({ cpuMillis: Math.round(sum('cpu') * 1000), memoryBytes: sum('memory') }).toEqual(requests);
});

test('in words: the same where all is so, whatever Kubernetes has added; other pods another digest', () => {
  const defaulted = structuredClone(deployment);
  Object.assign(defaulted, { progressDeadlineSeconds: 600 });
  Object.assign(defaulted.template.spec, { dnsPolicy: 'ClusterFirst' });
  const words = inWords('Deployment', deployment, deployment);
  expect(words).toMatch(/^2 pods of edoburu\/pgbouncer:v1\.23\.1-p3 \([0-9a-f]{8}\)$/);
  expect(inWords('Deployment', defaulted, deployment)).toBe(words);
  // Which configuration they take is told beside it.
  expect(inWords('Deployment', manifest('Deployment', 25, 'cccc.dddd'), deployment)).toBe(words);
  expect(inWords('Deployment', manifest('Deployment', 30), deployment)).not.toBe(words);
  defaulted.template.spec.containers.push({ name: 'more', image: 'x' });
  expect(inWords('Deployment', defaulted, deployment)).not.toBe(words);
  expect(inWords('Service', manifest('Service'), manifest('Service'))).toMatch(/^port 5432 \(/);
  expect(inWords('PodDisruptionBudget', { maxUnavailable: 1 }, manifest('PodDisruptionBudget'))).toMatch(
    /^at most 1 away/,
  );
});

test('the configuration that pods take is in their volume', () => {
  expect(fingerprintIn(deployment)).toBe('aaaa.bbbb');
  expect(fingerprintIn({ template: { spec: { containers: [] } } })).toBeUndefined();
});

test('put over what is there: a Service keeps its address', () => {
  const found = { clusterIP: '10.0.0.9', ports: [{ port: 1 }] };
  expect(mergedInto(found, manifest('Service'))).toMatchObject({ clusterIP: '10.0.0.9', ports: [{ port: 5432 }] });
});
