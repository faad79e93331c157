/** The production that a new lab begins with. Made once: what a runbook deletes later does not come back by itself. */
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import type { ResourceManager } from '../azure';
import { type Lab, production } from '../lab';
import { isRedisThere } from '../redis/programs';

export async function seed(lab: Lab, resourceManager: ResourceManager): Promise<void> {
  await Promise.all([seedServers(lab, resourceManager), seedCache(lab, resourceManager)]);
}

async function seedServers(lab: Lab, resourceManager: ResourceManager): Promise<void> {
  const done = lab.path('azure', 'seeded');
  if (existsSync(done)) return;
  const { sku, tier, storageGb, primary, administratorLogin } = production;
  const administratorLoginPassword = randomBytes(18).toString('base64url');
  await resourceManager.seed({
    server: { ...{ name: primary, sku, tier, storageGb }, administratorLogin, administratorLoginPassword },
    replicas: Array.from({ length: lab.configuration.replicas }, (_, index) => `broxiva-db-replica-${index + 1}`),
  });
  writeFileSync(done, '');
}

/**
 * The production's cache, once there is a Redis to be one: a lab that was made before `make redis` gets it with its next
 * start.
 */
async function seedCache(lab: Lab, resourceManager: ResourceManager): Promise<void> {
  const done = lab.path('azure', 'cache-seeded');
  if (existsSync(done) || !isRedisThere()) return;
  await resourceManager.seedCache({ name: production.cache, sku: production.cacheSku });
  writeFileSync(done, '');
}
