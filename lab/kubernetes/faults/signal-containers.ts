import { setTimeout as sleep } from 'node:timers/promises';
import type { Pod } from '../api/objects';
import { Container } from '../kubelet/container';
import { newestRun } from '../kubelet/runs';
import type { ClusterLayout } from '../layout';

/** SIGKILL to the first process of each container. Returns when all have ended. Throws when none runs. */
export async function killContainers(layout: ClusterLayout, pod: Pod): Promise<void> {
  const running = runningIn(layout, pod);
  await Promise.all(running.map((container) => container.signal('SIGKILL')));
  await Promise.all(running.map(({ ended }) => ended));
}

/** SIGSTOP to the first process of each container: it answers nothing, and does not know; SIGCONT when the time is over. */
export async function freezeContainers(layout: ClusterLayout, pod: Pod, ms: number): Promise<void> {
  const running = runningIn(layout, pod);
  await Promise.all(running.map((container) => container.signal('SIGSTOP')));
  await sleep(ms);
  await Promise.all(running.map((container) => container.signal('SIGCONT')));
}

function runningIn(layout: ClusterLayout, { metadata, spec }: Pod): Container[] {
  const running = spec.containers
    .map((container) => newestRun(layout.containerFolder(metadata.uid!, container.name)))
    .map((folder) => (folder === undefined ? undefined : Container.adopt(folder)))
    .filter((container) => container?.firstProcess !== undefined)
    .map((container) => container!);
  if (running.length === 0) throw new Error(`pod ${metadata.name} has no container that runs`);
  return running;
}
