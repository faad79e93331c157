/** What people ask of running pods: logs, exec, measured use; the guide's own commands, by kubectl. */
import { Client } from 'pg';
import { readFileSync } from 'node:fs';
import { labEnvironment } from '../../../lab/environment';
import { fillQueue } from '../../../lab/kubernetes/queues';
import { type Lab, production as azure } from '../../../lab/lab';
import { until } from '../../../lab/processes';
import { kubectl, labCommand, production, runKubectl } from './cluster-lab';

export function accessTests(theLab: () => Lab): void {
  const exec = (deployment: string, ...command: string[]) =>
    runKubectl(theLab(), ['exec', '-n', production, `deployment/${deployment}`, '--', ...command]);

  test.concurrent('logs: all lines, the last one', async () => {
    const logs = (...options: string[]) =>
      kubectl(theLab(), 'logs', '-n', production, 'deployment/broxiva-api', ...options);
    expect(await logs()).toContain('listening on 3000');
    expect((await logs('--tail=1')).trim().split('\n')).toHaveLength(1);
  });

  test.concurrent('exec: exit code, both outputs, and input', async () => {
    expect(await exec('redis', 'sh', '-c', 'echo out; echo err >&2; exit 4')).toMatchObject({
      ...{ code: 4, out: 'out\n' },
      error: expect.stringContaining('err\n'),
    });
    const cat = ['exec', '-i', '-n', production, 'deployment/redis', '--', 'cat'];
    expect((await runKubectl(theLab(), cat, 'some words')).out).toBe('some words');
  });

  test.concurrent('`lab kubectl` hands its arguments on, and its exit code back', async () => {
    const command = (...words: string[]) => labCommand(theLab().name, 'kubectl', ...words, '-n', production);
    expect(await command('get', 'deployment', 'redis', '-o', 'name')).toBe('deployment.apps/redis\n');
    const ping = ['kubectl', '-n', production, 'exec', 'deployment/redis', '--', 'redis-cli', 'ping'];
    expect(await labCommand(theLab().name, ...ping)).toBe('PONG\n');
    await expect(command('get', 'deployment', 'nobody')).rejects.toThrow('not found');
  });

  test.concurrent('top shows what pods use', async () => {
    const measured = async () =>
      /broxiva-api\S+ +\d+m +\d\d+Mi/.test((await runKubectl(theLab(), ['top', 'pods', '-n', production])).out);
    await until('top shows pods', measured, { deadlineMs: 50_000, everyMs: 500 });
  });

  test.concurrent("the guide's questions to Redis", async () => {
    expect((await exec('redis', 'redis-cli', 'CONFIG', 'GET', 'maxclients')).out).toMatch(/^maxclients\n\d+\n$/);
    expect(labEnvironment(theLab()).REDIS_URL).toMatch(/^redis:\/\/127\.[\d.]+:6379$/);
  });

  test.concurrent('workers finish what is put into a queue, and record it in PostgreSQL', async () => {
    const before = await finishedJobs(theLab());
    expect(await fillQueue(theLab(), 'notification-queue', 200)).toBeGreaterThan(0);
    expect(await labCommand(theLab().name, 'queue', 'fill', 'email-queue', '20')).toMatch(
      /^email-queue: \d+ waiting\n$/,
    );
    const finished = async () => (await finishedJobs(theLab())) - before === 220;
    await until('all are finished', finished, { deadlineMs: 50_000, everyMs: 300 });
    const { out, code } = await exec('broxiva-api', 'npm', 'run', 'queue:status');
    expect({ out, code }).toEqual({ code: 0, out: 'email-queue: 0 waiting\nnotification-queue: 0 waiting\n' });
  });
}

async function finishedJobs(lab: Lab): Promise<number> {
  const client = new Client({
    connectionString: readFileSync(lab.secretFile(azure.primary, 'application-url'), 'utf8'),
  });
  await client.connect();
  try {
    return (await client.query('SELECT count(*)::int AS jobs FROM finished_jobs')).rows[0].jobs;
  } finally {
    await client.end();
  }
}
