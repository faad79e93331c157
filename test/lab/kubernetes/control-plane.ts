/** The control plane, reached by kubectl with the environment alone; and what `lab up` and `lab down` do with a cluster. */
import { existsSync, readdirSync } from 'node:fs';
import { ClusterLayout } from '../../../lab/kubernetes/layout';
import type { Lab } from '../../../lab/lab';
import { until } from '../../../lab/processes';
import { kubectl, kubectlJson, labCommand, podsOf, processesOf, processOf, runKubectl } from './cluster-lab';

export function controlPlaneTests(theLab: () => Lab): void {
  test.concurrent('kubectl sees three nodes that are ready, each in a zone of its own', async () => {
    const { items } = await kubectlJson(theLab(), 'get', 'nodes');
    const seen = items.map(({ metadata, status }: any) => ({
      zone: metadata.labels['topology.kubernetes.io/zone'],
      ready: status.conditions.find(({ type }: any) => type === 'Ready').status,
    }));
    expect(seen).toEqual(['eastus-1', 'eastus-2', 'eastus-3'].map((zone) => ({ zone, ready: 'True' })));
  });

  test.concurrent('server and client tell the same version', async () => {
    const { serverVersion, clientVersion } = await kubectlJson(theLab(), 'version');
    expect(serverVersion.gitVersion).toBe(clientVersion.gitVersion);
  });

  test.concurrent('who brings no token is refused', async () => {
    const { error, code } = await runKubectl(theLab(), ['get', 'nodes', '--token=wrong']);
    expect({ error, code }).toEqual({ code: 1, error: expect.stringMatching(/unauthorized|logged in/i) });
  });
}

/** The kubelet takes a pod's folder away once its last process has ended. */
async function nothingMoves(lab: Lab): Promise<boolean> {
  const { items } = await kubectlJson(lab, 'get', 'pods', '--all-namespaces');
  const folders = readdirSync(new ClusterLayout(lab).podsFolder);
  const running = items.every(({ metadata, status }: any) => {
    return !metadata.deletionTimestamp && status.containerStatuses?.every(({ ready }: any) => ready);
  });
  return running && folders.length === items.length;
}

/** The last ones: after them nothing runs any more. */
export function endTests(theLab: () => Lab): void {
  // What other tests have made still starts and ends.
  beforeAll(async () => {
    await kubectl(theLab(), 'delete', 'pods', '--all', '--grace-period=0', '--force');
    await until('pods that were deleted have ended, and all others run', () => nothingMoves(theLab()), {
      ...{ deadlineMs: 60_000, everyMs: 200 },
    });
  }, 90_000);

  test('`up` again leaves every process as it is', async () => {
    const before = processesOf(theLab().name).sort();
    await labCommand(theLab().name, 'up');
    expect(processesOf(theLab().name).sort()).toEqual(before);
  });

  test('`down --keep-data` and `up` keep what the cluster held, and none of its processes', async () => {
    await kubectl(theLab(), 'create', 'configmap', 'kept', '--from-literal=word=yes');
    const [pod] = await podsOf(theLab(), 'broxiva-api');
    expect(processOf(pod)).toBeGreaterThan(0);
    await labCommand(theLab().name, 'down', '--keep-data');
    expect(processesOf(theLab().name)).toEqual([]);
    expect(processOf(pod)).toBeNaN();
    await labCommand(theLab().name, 'up');
    expect(await kubectl(theLab(), 'get', 'configmap', 'kept', '-o', 'jsonpath={.data.word}')).toBe('yes');
    expect(existsSync(new ClusterLayout(theLab()).auditLog)).toBe(true);
  });
}
