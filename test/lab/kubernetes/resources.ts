/** Limits: they are kept, and changed in place by the `resize` subresource, without another pod or another run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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
    await until('it was killed', killed, { deadlineMs: 50_000, everyMs: 200 });
    expect((await statusOf(theLab(), 'hungry')).state.terminated).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
    expect((await kubectlJson(theLab(), 'get', 'pod', 'hungry')).status.phase).toBe('Failed');
  });

  test.concurrent('a resize changes what a running container may take; one below its use is its end', async () => {
    await apply(theLab(), pod('resized', { command: eater(60), resources: resources('256Mi') }));
    await until('it has taken its memory', full('resized'), { deadlineMs: 50_000, everyMs: 200 });
    const before = await kubectlJson(theLab(), 'get', 'pod', 'resized');
    await resize('resized', '512Mi', '1');
    const reported = async () => {
      const { limits } = (await statusOf(theLab(), 'resized')).resources;
      return limits.memory === '512Mi' && limits.cpu === '1';
    };
    await until('the new limits are reported', reported, { deadlineMs: 50_000, everyMs: 200 });
    const grown = await kubectlJson(theLab(), 'get', 'pod', 'resized');
    expect(grown.metadata.uid).toBe(before.metadata.uid);
    expect(grown.status.containerStatuses[0]).toMatchObject({
      ...{ restartCount: 0, containerID: before.status.containerStatuses[0].containerID },
      allocatedResources: { memory: '512Mi', cpu: '1' },
    });

    await resize('resized', '32Mi');
    const killed = async () => (await statusOf(theLab(), 'resized')).lastState.terminated?.reason === 'OOMKilled';
    await until('it was killed', killed, { deadlineMs: 50_000, everyMs: 200 });
    const after = await kubectlJson(theLab(), 'get', 'pod', 'resized');
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(after.status.containerStatuses[0].lastState.terminated.exitCode).toBe(137);
    await kubectl(theLab(), 'delete', 'pod', 'resized', '--grace-period=0', '--force');
  });

  (cpuHierarchy() ? test.concurrent : test.skip)('a CPU limit is kept, and follows a resize', async () => {
    const limits = { cpu: '100m', memory: '32Mi' };
    await apply(theLab(), pod('busy', { command: busy, resources: { limits, requests: limits } }));
    const running = async () => (await statusOf(theLab(), 'busy'))?.state.running !== undefined;
    await until('it runs', running, { deadlineMs: 50_000, everyMs: 200 });
    const group = cpuGroupOf(await kubectl(theLab(), 'exec', 'busy', '--', 'cat', '/proc/1/cgroup'));
    const throttled = async (quotaMicroseconds: number) => {
      expect(quotaOf(group)).toBe(quotaMicroseconds);
      const before = timesThrottled(group);
      const again = async () => timesThrottled(group) > before;
      await until(`it has used its ${quotaMicroseconds} µs of a period`, again, { deadlineMs: 60_000, everyMs: 200 });
    };
    await throttled(10_000);
    await resize('busy', '32Mi', '300m');
    const followed = async () => quotaOf(group) !== 10_000;
    await until('the limit has followed', followed, { deadlineMs: 50_000, everyMs: 200 });
    await throttled(30_000);
    await kubectl(theLab(), 'delete', 'pod', 'busy', '--grace-period=0', '--force');
  });
}

const busy = ['sh', '-c', 'while :; do :; done'];

/** Where the kernel keeps the books of the group a process is in; of `/proc/<pid>/cgroup`'s lines, version 1's or 2's. */
function cpuGroupOf(lines: string): string {
  const { folder, version } = cpuHierarchy()!;
  const line = version === 2 ? /^0::(.*)$/m : /^\d+:[^:]*\bcpu\b[^:]*:(.*)$/m;
  return join(folder, line.exec(lines)![1]!);
}

/** Of the kernel and not a share that was measured: how much a process gets below its limit is the machine's business. */
function timesThrottled(group: string): number {
  return Number(/^nr_throttled (\d+)$/m.exec(readFileSync(join(group, 'cpu.stat'), 'utf8'))![1]);
}

function quotaOf(group: string): number {
  const file = join(group, cpuHierarchy()!.version === 2 ? 'cpu.max' : 'cpu.cfs_quota_us');
  return Number.parseInt(readFileSync(file, 'utf8'), 10);
}
