import { randomBytes } from 'node:crypto';

/** An access key, as long as Azure's. */
export function newCacheKey(): string {
  return randomBytes(32).toString('base64url');
}
