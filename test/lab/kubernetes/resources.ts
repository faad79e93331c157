/** Limits: they are kept, and changed in place by the `resize` subresource, without another pod or another run. */
import type { Lab } from '../../../lab/lab';
import { cpuHierarchy } from '../../../lab/kubernetes/kubelet/cpu-limits';
import { until } from '../../../lab/processes';
import { apply, kubectl, kubectlJson, pod, statusOf } from './cluster-lab';

const eater = (mebibytes: number) => [
  ...['sh', '-c'],
  `x=$(head -c ${mebibytes * 1_000_000} /dev/zero | tr "\\0" x); echo full; sleep 600`,
];

export function resourceTests(theLab: () => Lab): void {
  const resize = (name: string, memory: string, cpu = '500m') => {
    const container = { name: 'main', resources: { limits: { memory, cpu }, requests: { memory, cpu } } };
    const patch = JSON.stringify({ spec: { containers: [container] } });
    return kubectl(theLab(), 'patch', 'pod', name, '--subresource', 'resize', '--patch', patch);
  };
  const resources = (memory: string) => ({ limits: { memory, cpu: '500m' }, requests: { memory, cpu: '500m' } });
  const full = (name: string) => async () => (await kubectl(theLab(), 'logs', name).catch(() => '')).includes('full');

  test.concurrent('more memory than the limit: SIGKILL, exit code 137, OOMKilled', async () => {
    await apply(
      theLab(),
      pod('hungry', { command: eater(80), resources: resources('32Mi') }, { restartPolicy: 'Never' }),
    );
    const killed = async () => (await statusOf(theLab(), 'hungry'))?.state.terminated !== undefined;
    await until('it was killed', killed, { deadlineMs: 30_000, everyMs: 200 });
    expect((await statusOf(theLab(), 'hungry')).state.terminated).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
    expect((await kubectlJson(theLab(), 'get', 'pod', 'hungry')).status.phase).toBe('Failed');
  });

  test.concurrent('a resize changes what a running container may take; one below its use is its end', async () => {
    await apply(theLab(), pod('resized', { command: eater(60), resources: resources('256Mi') }));
    await until('it has taken its memory', full('resized'), { deadlineMs: 30_000, everyMs: 200 });
    const before = await kubectlJson(theLab(), 'get', 'pod', 'resized');
    await resize('resized', '512Mi', '1');
    const reported = async () => {
      const { limits } = (await statusOf(theLab(), 'resized')).resources;
      return limits.memory === '512Mi' && limits.cpu === '1';
    };
    await until('the new limits are reported', reported, { deadlineMs: 10_000, everyMs: 200 });
    const grown = await kubectlJson(theLab(), 'get', 'pod', 'resized');
    expect(grown.metadata.uid).toBe(before.metadata.uid);
    expect(grown.status.containerStatuses[0]).toMatchObject({
      ...{ restartCount: 0, containerID: before.status.containerStatuses[0].containerID },
      allocatedResources: { memory: '512Mi', cpu: '1' },
    });

    await resize('resized', '32Mi');
    const killed = async () => (await statusOf(theLab(), 'resized')).lastState.terminated?.reason === 'OOMKilled';
    await until('it was killed', killed, { deadlineMs: 20_000, everyMs: 200 });
    const after = await kubectlJson(theLab(), 'get', 'pod', 'resized');
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(after.status.containerStatuses[0].lastState.terminated.exitCode).toBe(137);
    await kubectl(theLab(), 'delete', 'pod', 'resized', '--grace-period=0', '--force');
  });

  (cpuHierarchy() ? test.concurrent : test.skip)('a CPU limit is kept, and follows a resize', async () => {
    const command = ['sh', '-c', 'while :; do :; done'];
    const limits = { cpu: '100m', memory: '32Mi' };
    await apply(theLab(), pod('busy', { command, resources: { limits, requests: limits } }));
    const millicores = async () => {
      const path = '/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/busy';
      const text = await kubectl(theLab(), 'get', '--raw', path).catch(() => undefined);
      return text && Number.parseInt(JSON.parse(text).containers[0].usage.cpu, 10) / 1_000_000;
    };
    const between = (least: number, most: number) => async () => {
      const used = await millicores();
      return typeof used === 'number' && used > least && used < most;
    };
    await until('it has a tenth of a core', between(80, 120), { deadlineMs: 20_000, everyMs: 500 });
    await resize('busy', '32Mi', '300m');
    await until('it has more', between(200, 330), { deadlineMs: 20_000, everyMs: 500 });
    await kubectl(theLab(), 'delete', 'pod', 'busy', '--grace-period=0', '--force');
  });
}
