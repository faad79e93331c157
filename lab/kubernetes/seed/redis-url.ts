/**
 * Redis' URL for what runs beside the cluster (the worker, a shell), as a secret file. It has the Service's address, which
 * is reached from everywhere on this machine; the name `redis` resolves in pods only.
 */
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Lab } from '../../lab';
import { type Api, isNotFound } from '../api/api';
import type { Service } from '../api/objects';
import { writeWhole } from '../../write';
import { productionNamespace as namespace } from '../layout';

/** Written at each start: the Service may have been made anew meanwhile, or be gone. */
export async function writeRedisUrl(lab: Lab, api: Api): Promise<void> {
  const file = lab.redisUrlFile;
  try {
    const { spec } = await api.get<Service>(`/api/v1/namespaces/${namespace}/services/redis`);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeWhole(file, `redis://${spec.clusterIP}:${spec.ports![0]!.port}`);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await rm(file, { force: true });
  }
}
