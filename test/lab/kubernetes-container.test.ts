/**
 * Goal: a signal for a container that still starts reaches the container's own process: a shell that prepares it would lose it.
 * Method: a container that is told to end at once; real namespaces, no cluster.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Container } from '../../lab/kubernetes/kubelet/container';
import { machineTree } from '../../lab/kubernetes/kubelet/machine';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'container-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a signal right after the start waits for the process that is meant', async () => {
  const layout = { ...machineTree(), programs: {}, workingDirectory: '/', command: ['sleep', '20'] };
  const container = Container.start(join(folder, 'run'), 0, layout, { PATH: '/usr/bin:/bin' });
  try {
    await container.signal('SIGTERM');
    expect(readFileSync(`/proc/${container.firstProcess}/cmdline`, 'utf8')).toBe('sleep\0' + '20\0');
  } finally {
    await container.signal('SIGKILL');
    expect(await container.ended).toMatchObject({ exitCode: 137 });
  }
});
