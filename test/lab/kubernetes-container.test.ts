/**
 * Goal: a signal for a container that still starts reaches the container's own process, and one of the pooler's is sent only
 * once it is heard: a first process loses those that it has said nothing about.
 * Method: a container that is told to end at once; real namespaces, no cluster.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manifestOf } from '../../activities/poolers/manifests';
import type { Container as ContainerSpec } from '../../lab/kubernetes/api/objects';
import { Container } from '../../lab/kubernetes/kubelet/container';
import { runIn } from '../../lab/kubernetes/kubelet/exec';
import { endContainer } from '../../lab/kubernetes/kubelet/termination';
import { machineTree } from '../../lab/kubernetes/kubelet/machine';
import { pooler } from '../unit/activities/poolers/topology';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'container-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(name: string, ...command: string[]): Container {
  const layout = { ...machineTree(), programs: {}, workingDirectory: '/', command };
  return Container.start(join(folder, name), 0, layout, { PATH: '/usr/bin:/bin' });
}

test('a signal right after the start waits for the process that is meant', async () => {
  const container = start('run', 'sleep', '20');
  try {
    await container.signal('SIGTERM');
    expect(readFileSync(`/proc/${container.firstProcess}/cmdline`, 'utf8')).toBe('sleep\0' + '20\0');
  } finally {
    await container.signal('SIGKILL');
    expect(await container.ended).toMatchObject({ exitCode: 137 });
  }
});

test('a command right after the start is run in the container, not on this machine', async () => {
  const container = start('fresh', 'sleep', '20');
  try {
    const inside = ['/bin/sh', '-c', '[ "$(tr "\\0" " " </proc/1/cmdline)" = "sleep 20 " ]'];
    expect(await runIn(container, inside, 10_000)).toBe(0);
  } finally {
    await container.signal('SIGKILL');
    await container.ended;
  }
});

const { content } = manifestOf('Deployment', pooler, { poolSize: 25 }, 'aaaa.bbbb');
const { containers } = (content as { template: { spec: { containers: ContainerSpec[] } } }).template.spec;

test.concurrent.each([
  ['pgbouncer', 'INT'],
  ['sidecar', 'TERM'],
])('%s is told to end once it hears SIG%s', async (name, heard) => {
  const spec = containers.find((one) => one.name === name)!;
  // Not before its preStop has begun, which for the pooler itself is after five seconds.
  const container = start(name, 'perl', '-e', `sleep 6; $SIG{${heard}} = sub { exit 7 }; sleep 50`);
  const exec = (command: string[], deadlineMs: number) => runIn(container, command, deadlineMs);
  await endContainer(container, spec, { address: '127.0.0.1', spec, exec }, 45);
  expect(container.end).toMatchObject({ exitCode: 7 });
});
