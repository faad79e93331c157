/** Headers that every reply of Azure carries. Pure but for the clock and fresh ids. */
import { randomUUID } from 'node:crypto';

export const alwaysSent = {
  'cache-control': 'no-cache',
  pragma: 'no-cache',
  expires: '-1',
  'x-content-type-options': 'nosniff',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
};

/** `WESTEUROPE:20260715T161434Z:<guid>` */
export function routingRequestId(region: string, requestId: string): string {
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  return `${region.toUpperCase()}:${stamp}:${requestId}`;
}

/** What is left of the subscription's limits (names and sizes since November 2024). POST counts as a write. */
export function rateLimits(method: string): Record<string, string> {
  const left = (kind: string, own: number | undefined, global: number) => ({
    ...(own === undefined ? {} : { [`x-ms-ratelimit-remaining-subscription-${kind}`]: String(own) }),
    [`x-ms-ratelimit-remaining-subscription-global-${kind}`]: String(global),
  });
  if (method === 'GET' || method === 'HEAD') return left('reads', undefined, 16499);
  if (method === 'DELETE') return left('deletes', 799, 11999);
  return left('writes', 799, 11999);
}

export function operationIdentifier(tenant: string, region: string): string {
  return `tenantId=${tenant},objectId=${tenant}/${region}/${randomUUID()}`;
}

/** `2025-02-05T22:03:56.150Z` → `2025-02-05T22:03:56.15Z`, as operations show their start. */
export function shortTime(iso: string): string {
  return iso.replace(/\.(\d*?)0*Z$/, (_, digits: string) => (digits ? `.${digits}Z` : 'Z'));
}

/** Seven digits and a zone, as .NET writes times: `createdAt` ends in Z, backup times in +00:00. */
export function longTime(iso: string, zone: 'Z' | '+00:00'): string {
  return new Date(iso).toISOString().replace('Z', `0000${zone}`);
}
