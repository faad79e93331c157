/** Ends every container of the cluster, whether a kubelet knows it or not: each has a file with its pid and beginning. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterLayout } from '../layout';
import { Container } from './container';

/** Returns when none runs any more. */
export async function endContainers(layout: ClusterLayout): Promise<void> {
  const containers = folders(layout.podsFolder)
    .flatMap((pod) => folders(join(pod, 'containers')))
    .flatMap(folders)
    .map((attempt) => Container.adopt(attempt))
    .filter((container) => container !== undefined);
  await Promise.all(
    containers.map(async (container) => {
      if (container.firstProcess !== undefined) await container.signal('SIGKILL');
      await container.ended;
    }),
  );
}

function folders(path: string): string[] {
  return existsSync(path) ? readdirSync(path).map((name) => join(path, name)) : [];
}
