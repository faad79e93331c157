/** What the file with a production's names may not say. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { topologySchema } from '../../../catalogue';

const text = readFileSync(join(__dirname, '../../../config/production.yaml'), 'utf8');

interface Deployments {
  kubernetes: { deployments: { name: string; readReplica?: { key: string } }[] };
}

/** The production's own, in which the worker reads from a replica as well. */
function withSecondReader(key: string) {
  const topology = parse(text) as Deployments;
  const [api, , worker] = topology.kubernetes.deployments;
  worker!.readReplica = { ...api!.readReplica!, key };
  return topologySchema.safeParse(topology);
}

test('two readers of one Secret have keys of their own', () => {
  expect(withSecondReader('WORKER_READ_REPLICA_URL').success).toBe(true);
  expect(withSecondReader('DATABASE_READ_REPLICA_URL').error!.issues).toEqual([
    expect.objectContaining({
      path: ['kubernetes', 'deployments'],
      message: 'two deployments have one key of readReplica: each needs its own',
    }),
  ]);
});
