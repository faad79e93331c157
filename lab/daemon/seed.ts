/** The production that a new lab begins with; a lab that has servers already is left as it is. */
import { randomBytes } from 'node:crypto';
import type { ResourceManager } from '../azure';
import { type Lab, production } from '../lab';

export async function seed(lab: Lab, resourceManager: ResourceManager): Promise<void> {
  if (resourceManager.servers().length > 0) return;
  await resourceManager.seed({
    server: {
      ...{ name: production.primary, sku: production.sku, tier: production.tier, storageGb: production.storageGb },
      administratorLogin: production.administratorLogin,
      administratorLoginPassword: randomBytes(18).toString('base64url'),
    },
    replicas: Array.from({ length: lab.configuration.replicas }, (_, index) => `broxiva-db-replica-${index + 1}`),
  });
}
