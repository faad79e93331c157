/**
 * Goal: what people and controllers ask of running pods works: logs, exec, measured use, and an autoscaler that acts on it.
 * Method: the guide's own commands, by kubectl.
 */
import { get } from 'node:http';
import type { Lab } from '../../lab/lab';
import { until } from '../../lab/processes';
import { kubectl, kubectlJson, labCommand, makeClusterLab, runKubectl } from './cluster-lab';

const namespace = 'broxiva-prod';
let lab: Lab;

beforeAll(async () => {
  lab = await makeClusterLab();
  await kubectl(lab, 'wait', '-n', namespace, '--for=condition=Available', 'deployment', '--all', '--timeout=90s');
}, 150_000);
afterAll(() => labCommand(lab.name, 'down'));

const exec = (deployment: string, ...command: string[]) =>
  runKubectl(lab, ['exec', '-n', namespace, `deployment/${deployment}`, '--', ...command]);

test('logs: all lines, the last one', async () => {
  const logs = (...options: string[]) => kubectl(lab, 'logs', '-n', namespace, 'deployment/broxiva-api', ...options);
  expect(await logs()).toContain('listening on 3000');
  expect((await logs('--tail=1')).trim().split('\n')).toHaveLength(1);
});

test("exec: the guide's questions to Redis and to the queues", async () => {
  expect((await exec('redis', 'redis-cli', 'CONFIG', 'GET', 'maxclients')).out).toMatch(/^maxclients\n\d+\n$/);
  const { out, code } = await exec('broxiva-api', 'npm', 'run', 'queue:status');
  expect({ out, code }).toEqual({ code: 0, out: 'email-queue: 0 waiting\nnotification-queue: 0 waiting\n' });
});

test('exec: exit code, both outputs, and input', async () => {
  expect(await exec('redis', 'sh', '-c', 'echo out; echo err >&2; exit 4')).toMatchObject({
    ...{ code: 4, out: 'out\n' },
    error: expect.stringContaining('err\n'),
  });
  const words = await runKubectl(lab, ['exec', '-i', '-n', namespace, 'deployment/redis', '--', 'cat'], 'some words');
  expect(words.out).toBe('some words');
});

test('workers take what is put into a queue', async () => {
  await exec('redis', 'redis-cli', 'RPUSH', 'email-queue', ...Array.from({ length: 20 }, (_, n) => `job-${n}`));
  const drained = async () => (await exec('redis', 'redis-cli', 'LLEN', 'email-queue')).out.trim() === '0';
  await until('the queue is empty', drained, { deadlineMs: 20_000, everyMs: 200 });
});

test('top shows what pods use', async () => {
  const measured = async () =>
    /broxiva-api\S+ +\d+m +\d\d+Mi/.test((await runKubectl(lab, ['top', 'pods', '-n', namespace])).out);
  await until('top shows pods', measured, { deadlineMs: 20_000, everyMs: 500 });
});

test('under load the autoscaler adds pods', async () => {
  const { clusterIP } = (await kubectlJson(lab, 'get', 'service', 'broxiva-api', '-n', namespace)).spec;
  let going = true;
  const client = async () => {
    while (going)
      await new Promise((resolve) => {
        get(`http://${clusterIP}/api/products`, (answer) => answer.resume().on('end', resolve)).on('error', resolve);
      });
  };
  const clients = Promise.all([client(), client(), client()]);
  const more = async () => {
    const { spec } = await kubectlJson(lab, 'get', 'deployment', 'broxiva-api', '-n', namespace);
    return spec.replicas > 3;
  };
  try {
    await until('there are more than three', more, { deadlineMs: 90_000, everyMs: 500 });
  } finally {
    going = false;
    await clients;
  }
}, 120_000);
