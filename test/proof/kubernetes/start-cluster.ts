/** Starts a lab's cluster: `start-cluster.ts <lab>`. A process of its own, because what it starts runs under its Node.js options. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Cluster } from '../../../lab/kubernetes/cluster';
import { Lab } from '../../../lab/lab';

async function main(name: string): Promise<void> {
  const cluster = new Cluster(Lab.find(name)!);
  // Every player makes objects of its own: the production that a lab begins with is not wanted.
  await mkdir(cluster.layout.path(), { recursive: true });
  await writeFile(join(cluster.layout.path(), 'seeded'), '');
  await cluster.start();
}

main(process.argv[2]!).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
