/**
 * The URLs under which an operation is polled, with Azure's signature: t (ticks), c (certificate), s (signature), h (hash).
 * Clients must send them back unchanged; both together are several kilobytes of headers, as on Azure.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { cacheProvider, provider, regionDisplayName, regionName } from './names';
import type { Operation } from './operations';

interface Place {
  origin: string;
  subscription: string;
  location: string;
  apiVersion: string;
  certificate: string;
  secret: string;
  operation: Operation;
}

export interface OperationUrls {
  asyncOperation: string;
  location: string;
}

export function operationUrls(place: Place): OperationUrls {
  const { location, operation } = place;
  // Deletes and promotes carry the display name, blank and all; everything else the short one.
  const region = /^Drop(Server|ReadReplica)M|^Promote|SiteSwap/.test(operation.name)
    ? encodeURIComponent(regionDisplayName(location))
    : regionName(location);
  const url = (collection: string) => signedUrl(place, provider, region, collection);
  return { asyncOperation: url('azureAsyncOperation'), location: url('operationResults') };
}

/** `asyncOperations` for what creates and changes a cache, `operationresults` for what deletes it. */
export function cacheOperationUrl(place: Place, collection: 'asyncOperations' | 'operationresults'): string {
  return signedUrl(place, cacheProvider, encodeURIComponent(regionDisplayName(place.location)), collection);
}

function signedUrl(place: Place, namespace: string, region: string, collection: string): string {
  const { origin, subscription, apiVersion, certificate, secret, operation } = place;
  const path = `/subscriptions/${subscription}/providers/${namespace}/locations/${region}/${collection}/${operation.id}`;
  const ticks = ticksOf(operation.startedAt);
  const signature = sign(secret, collection, operation.id, ticks);
  const query = `api-version=${apiVersion}&t=${ticks}&c=${pemBody(certificate)}&s=${signature}&h=${hash(signature)}`;
  return `${origin}${path}?${query}`;
}

/** True when `query` is what `operationUrls` gave out for this operation and collection. */
export function isSigned(secret: string, collection: string, id: string, query: Record<string, string>): boolean {
  const { t = '', s = '', h = '' } = query;
  const expected = Buffer.from(sign(secret, collection, id, t));
  const given = Buffer.from(s);
  return given.length === expected.length && timingSafeEqual(given, expected) && h === hash(s);
}

/** .NET ticks: 100 ns since the year 1. */
function ticksOf(at: string): string {
  return String(BigInt(Date.parse(at)) * 10_000n + 621_355_968_000_000_000n);
}

function sign(secret: string, collection: string, id: string, ticks: string): string {
  const text = `${collection.toLowerCase()}/${id.toLowerCase()}/${ticks}`;
  return [0, 1, 2, 3]
    .map((part) => createHmac('sha512', secret).update(`${part}/${text}`).digest('base64url'))
    .join('');
}

function hash(signature: string): string {
  return createHash('sha256').update(signature).digest('base64url');
}

function pemBody(certificate: string): string {
  const body = certificate.replace(/-----[A-Z ]+-----|\s/g, '');
  return Buffer.from(body, 'base64').toString('base64url');
}
