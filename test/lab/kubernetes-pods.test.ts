/**
 * Goal: pods are real: they become ready, answer through their Service, are started again when they end, roll without a
 * failed request, and go as the manners of Kubernetes want it; `down` leaves no process of theirs.
 * Method: kubectl and requests against the seeded namespace; objects of each test's own where something is broken.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../../lab/lab';
import { until } from '../../lab/processes';
import { apply, kubectl, kubectlJson, labCommand, makeClusterLab } from './cluster-lab';

const namespace = 'broxiva-prod';
let lab: Lab;

beforeAll(async () => {
  lab = await makeClusterLab();
  await kubectl(lab, 'wait', '-n', namespace, '--for=condition=Available', 'deployment', '--all', '--timeout=90s');
}, 150_000);
afterAll(() => labCommand(lab.name, 'down'));

const agent = new Agent({ keepAlive: true });

function ask(url: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    get(url, { agent, timeout: 10_000 }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => resolve({ status: answer.statusCode!, text: Buffer.concat(parts).toString() }));
      answer.on('error', reject);
    }).on('error', reject);
  });
}

const serviceUrl = async (name: string) =>
  `http://${(await kubectlJson(lab, 'get', 'service', name, '-n', namespace)).spec.clusterIP}`;
const podsOf = async (app: string) =>
  (await kubectlJson(lab, 'get', 'pods', '-n', namespace, '-l', `app=${app}`)).items as any[];
const statusOf = async (pod: string) => (await kubectlJson(lab, 'get', 'pod', pod)).status.containerStatuses?.[0];

function pod(name: string, container: object, spec: object = {}): object {
  const main = { name: 'main', image: 'busybox:1.36', ...container };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { ...spec, containers: [main] } };
}

/** The process that listens on an address, as this machine numbers it. */
function processWith(environment: string): number {
  const found = readdirSync('/proc').find((pid) => {
    try {
      return (
        readlinkSync(`/proc/${pid}/exe`).endsWith('/node') &&
        readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(environment)
      );
    } catch {
      return false;
    }
  });
  return Number(found);
}

test('the API answers from PostgreSQL, through its Service; the page is made from what the API answers', async () => {
  const { status, text } = await ask(`${await serviceUrl('broxiva-api')}/api/products`);
  expect(status).toBe(200);
  expect(JSON.parse(text)).toHaveLength(50);
  expect((await ask(`${await serviceUrl('broxiva-web')}/`)).text).toContain('<li>Product 1</li>');
});

test('pods are on different nodes and have addresses of their own', async () => {
  const pods = await podsOf('broxiva-api');
  expect(new Set(pods.map(({ spec }) => spec.nodeName)).size).toBe(3);
  expect(new Set(pods.map(({ status }) => status.podIP)).size).toBe(3);
});

test('a process that is killed is started again in the same pod', async () => {
  const [before] = await podsOf('broxiva-api');
  process.kill(processWith(`POD_ADDRESS=${before.status.podIP}`), 'SIGKILL');
  const restarted = async () => {
    const now = (await podsOf('broxiva-api')).find(({ metadata }) => metadata.uid === before.metadata.uid);
    const [status] = now.status.containerStatuses;
    return status.restartCount === 1 && status.ready && status.lastState.terminated.exitCode === 137;
  };
  await until('the container runs again', restarted, { deadlineMs: 20_000, everyMs: 200 });
});

test('a rollout under requests fails none of them', async () => {
  const url = `${await serviceUrl('broxiva-api')}/api/products`;
  const answers = { good: 0, bad: [] as string[] };
  let going = true;
  const client = async () => {
    while (going) {
      await ask(url).then(
        ({ status }) => (status === 200 ? answers.good++ : answers.bad.push(String(status))),
        (error: Error) => answers.bad.push(error.message),
      );
      await sleep(10);
    }
  };
  const clients = Promise.all([client(), client(), client(), client()]);
  const before = (await podsOf('broxiva-api')).map(({ metadata }) => metadata.uid);
  await kubectl(lab, 'rollout', 'restart', '-n', namespace, 'deployment/broxiva-api');
  await kubectl(lab, 'rollout', 'status', '-n', namespace, 'deployment/broxiva-api', '--timeout=60s');
  const left = async () => (await podsOf('broxiva-api')).length === 3;
  await until('the old pods are gone', left, { deadlineMs: 40_000, everyMs: 200 });
  going = false;
  await clients;
  const after = (await podsOf('broxiva-api')).map(({ metadata }) => metadata.uid);
  expect(after.filter((uid) => before.includes(uid))).toEqual([]);
  expect(answers.bad).toEqual([]);
  expect(answers.good).toBeGreaterThan(50);
}, 120_000);

test('an image that no registry has is told as ErrImagePull, then ImagePullBackOff', async () => {
  await apply(lab, pod('no-image', { image: 'broxiva/api:no-such-tag' }));
  const seen = new Set<string>();
  const both = async () => {
    seen.add((await statusOf('no-image'))?.state.waiting?.reason);
    return seen.has('ErrImagePull') && seen.has('ImagePullBackOff');
  };
  await until('both reasons were seen', both, { deadlineMs: 20_000, everyMs: 100 });
});

test('more memory than the limit: SIGKILL, exit code 137, OOMKilled', async () => {
  const command = ['sh', '-c', 'x=$(head -c 80000000 /dev/zero | tr "\\0" x); sleep 60'];
  const resources = { limits: { memory: '32Mi' } };
  await apply(lab, pod('hungry', { command, resources }, { restartPolicy: 'Never' }));
  const killed = async () => (await statusOf('hungry'))?.state.terminated !== undefined;
  await until('it was killed', killed, { deadlineMs: 30_000, everyMs: 200 });
  expect((await statusOf('hungry')).state.terminated).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
  expect((await kubectlJson(lab, 'get', 'pod', 'hungry')).status.phase).toBe('Failed');
});

test('a container that ends again and again waits longer each time: CrashLoopBackOff', async () => {
  await apply(lab, pod('crashing', { command: ['sh', '-c', 'echo no; exit 3'] }));
  const waits = async () => (await statusOf('crashing'))?.state.waiting?.reason === 'CrashLoopBackOff';
  await until('it waits', waits, { deadlineMs: 20_000, everyMs: 200 });
  expect((await statusOf('crashing')).lastState.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
});

test('a pod waits for a Secret that is missing, then sees it as variables and files, after its init containers', async () => {
  const init = { name: 'init', image: 'busybox:1.36', command: ['sh', '-c', 'echo made > /shared/file'] };
  const command = [
    'sh',
    '-c',
    '[ "$WORD $(cat /secret/word) $(cat /shared/file) $NODE" = "yes yes made $(cat /info/node)" ]',
  ];
  const mounts = { shared: '/shared', secret: '/secret', info: '/info' };
  const volumeMounts = Object.entries(mounts).map(([name, mountPath]) => ({ name, mountPath }));
  const env = [
    { name: 'WORD', valueFrom: { secretKeyRef: { name: 'late', key: 'word' } } },
    { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  ];
  const volumes = [
    { name: 'shared', emptyDir: {} },
    { name: 'secret', secret: { secretName: 'late' } },
    { name: 'info', downwardAPI: { items: [{ path: 'node', fieldRef: { fieldPath: 'metadata.name' } }] } },
  ];
  const initContainers = [{ ...init, volumeMounts: volumeMounts.slice(0, 1) }];
  await apply(lab, pod('waiting', { command, env, volumeMounts }, { restartPolicy: 'Never', volumes, initContainers }));
  const told = async () => (await kubectl(lab, 'get', 'events')).includes('secret "late" not found');
  await until('the event was told', told, { deadlineMs: 10_000, everyMs: 200 });
  await kubectl(lab, 'create', 'secret', 'generic', 'late', '--from-literal=word=yes');
  await kubectl(lab, 'wait', 'pod/waiting', '--for=jsonpath={.status.phase}=Succeeded', '--timeout=20s');
});

test('a pod that goes runs preStop, hears SIGTERM, and is killed after its grace period', async () => {
  const polite = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'];
  const deaf = ['sh', '-c', 'trap "" TERM; while :; do sleep 0.1; done'];
  const lifecycle = { preStop: { exec: { command: ['sleep', '1'] } } };
  await apply(lab, pod('polite', { command: polite, lifecycle }), pod('deaf', { command: deaf }));
  await kubectl(lab, 'wait', 'pod/polite', 'pod/deaf', '--for=condition=Ready', '--timeout=20s');
  const timed = async (name: string, grace: number) => {
    const began = Date.now();
    await kubectl(lab, 'delete', 'pod', name, `--grace-period=${grace}`);
    return (Date.now() - began) / 1000;
  };
  const [politeSeconds, deafSeconds] = await Promise.all([timed('polite', 20), timed('deaf', 3)]);
  expect(politeSeconds).toBeGreaterThan(1);
  expect(politeSeconds).toBeLessThan(10);
  expect(deafSeconds).toBeGreaterThan(3);
});

test('a claim is bound to a folder, which the next pod finds as the last one left it', async () => {
  const claim = {
    ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'kept' } },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
  const volumes = [{ name: 'kept', persistentVolumeClaim: { claimName: 'kept' } }];
  const volumeMounts = [{ name: 'kept', mountPath: '/data' }];
  const once = (name: string, script: string) =>
    pod(name, { command: ['sh', '-c', script], volumeMounts }, { restartPolicy: 'Never', volumes });
  const succeeded = '--for=jsonpath={.status.phase}=Succeeded';
  await apply(lab, claim, once('writer', 'echo kept > /data/word'));
  await kubectl(lab, 'wait', 'pod/writer', succeeded, '--timeout=20s');
  await apply(lab, once('reader', '[ "$(cat /data/word)" = kept ]'));
  await kubectl(lab, 'wait', 'pod/reader', succeeded, '--timeout=20s');
});

test('`down` ends the processes of pods too', async () => {
  const [one] = await podsOf('broxiva-api');
  const pid = processWith(`POD_ADDRESS=${one.status.podIP}`);
  expect(pid).toBeGreaterThan(0);
  await labCommand(lab.name, 'down', '--keep-data');
  expect(processWith(`POD_ADDRESS=${one.status.podIP}`)).toBeNaN();
});
