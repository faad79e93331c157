/**
 * Goal: `lab up --kubernetes` gives a real control plane with three nodes, reached by kubectl with the environment alone;
 * `lab down` leaves no process of it.
 * Method: kubectl, and what runs on this machine.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Lab } from '../../lab/lab';
import { kubectl, kubectlJson, labCommand, makeClusterLab, runKubectl } from './cluster-lab';

let lab: Lab;
beforeAll(async () => {
  lab = await makeClusterLab();
}, 120_000);
afterAll(() => labCommand(lab.name, 'down'));

/** Pids of live processes that work in the lab's folder or name it. */
function processesOf(name: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(name);
    } catch {
      return false;
    }
  });
}

test('kubectl sees three nodes that are ready, each in a zone of its own', async () => {
  const { items } = await kubectlJson(lab, 'get', 'nodes');
  const seen = items.map(({ metadata, status }: any) => ({
    zone: metadata.labels['topology.kubernetes.io/zone'],
    ready: status.conditions.find(({ type }: any) => type === 'Ready').status,
  }));
  expect(seen).toEqual(['eastus-1', 'eastus-2', 'eastus-3'].map((zone) => ({ zone, ready: 'True' })));
});

test('server and client tell the same version', async () => {
  const { serverVersion, clientVersion } = await kubectlJson(lab, 'version');
  expect(serverVersion.gitVersion).toBe(clientVersion.gitVersion);
});

test('who brings no token is refused', async () => {
  const { error, code } = await runKubectl(lab, ['get', 'nodes', '--token=wrong']);
  expect({ error, code }).toEqual({ code: 1, error: expect.stringMatching(/unauthorized|logged in/i) });
});

test('`up` again leaves every process as it is', async () => {
  const before = processesOf(lab.name).sort();
  await labCommand(lab.name, 'up');
  expect(processesOf(lab.name).sort()).toEqual(before);
});

test('`down --keep-data` and `up` keep what the cluster held, and none of its processes', async () => {
  await kubectl(lab, 'create', 'configmap', 'kept', '--from-literal=word=yes');
  await labCommand(lab.name, 'down', '--keep-data');
  expect(processesOf(lab.name)).toEqual([]);
  await labCommand(lab.name, 'up');
  expect(await kubectl(lab, 'get', 'configmap', 'kept', '-o', 'jsonpath={.data.word}')).toBe('yes');
});
