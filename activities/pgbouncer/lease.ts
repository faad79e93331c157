/**
 * The lease of a pause: who holds it, since when, and until when it is not to be ended by anybody else. It is kept by the sidecar
 * of each pooler's pod, whose guard ends a pause with a lapsed lease (sidecar/guard.ts). A pause without a lease is somebody
 * else's, and nobody's to end.
 *
 * It names the attempt as well: where Temporal has given the activity to another worker, the first may not have heard of it, and is told
 * here, by a lease of a later attempt.
 *
 * What is sent is signed with the password of the console's user, which both sides know: it is never sent itself.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { sidecarPort } from './configuration';

/** Milliseconds since the epoch. */
export interface Lease {
  /** A run's id. */
  holder: string;
  /** Which of the holder's attempts: when Temporal scheduled it, so that a later one has more. */
  attempt: number;
  /** When it was taken first. */
  since: number;
  /** 0: it is given back. */
  expiresAt: number;
}

export interface SignedLease extends Lease {
  signature: string;
}

/** A moment, even where a worker dies and another goes on: longer than that takes (5 to 6 s), not much longer than clients wait. */
export const leaseMs = 10_000;
/** No lease is given for longer. */
export const leaseMsMax = 60_000;
/** How often the guard looks. */
export const guardEveryMs = 1000;

/** Gone. */
export const supersededStatus = 410;

const answerMs = 2000;

export function sign(lease: Lease, password: string): SignedLease {
  return { ...lease, signature: signatureOf(lease, password) };
}

export function isSigned({ signature, ...lease }: SignedLease, password: string): boolean {
  const [given, wanted] = [Buffer.from(signature), Buffer.from(signatureOf(lease, password))];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function signatureOf({ holder, attempt, since, expiresAt }: Lease, password: string): string {
  return createHmac('sha256', password)
    .update(JSON.stringify(['lease of a pause', holder, attempt, since, expiresAt]))
    .digest('hex');
}

/** Undefined for what is none. */
export function leaseIn(text: string): Lease | undefined {
  try {
    const { holder, attempt, since, expiresAt } = JSON.parse(text) as Partial<Record<keyof Lease, unknown>>;
    if (typeof holder !== 'string' || ![attempt, since, expiresAt].every(Number.isFinite)) return undefined;
    return { holder, attempt, since, expiresAt } as Lease;
  } catch {
    return undefined;
  }
}

/** `host`: of a pod. Throws where its sidecar does not answer, or knows no leases. */
export async function readLease(host: string): Promise<Lease | undefined> {
  const text = await ask(host, {});
  if (text.trim() === 'none') return undefined;
  const lease = leaseIn(text);
  if (!lease) throw new Error(`its sidecar answers /lease with no lease: ${text.slice(0, 80)}`);
  return lease;
}

/** A later attempt of the same holder has it: what was begun is that one's to end. */
export class LeaseSuperseded extends Error {}

/** Throws where it is not taken: LeaseSuperseded, or somebody else holds one, or the clocks differ. */
export async function putLease(host: string, lease: Lease, password: string): Promise<void> {
  await ask(host, { method: 'PUT', body: JSON.stringify(sign(lease, password)) });
}

async function ask(host: string, request: RequestInit): Promise<string> {
  const name = host.includes(':') ? `[${host}]` : host;
  const answer = await fetch(`http://${name}:${sidecarPort}/lease`, {
    ...{ ...request, signal: AbortSignal.timeout(answerMs) },
    headers: { connection: 'close' },
  });
  const text = await answer.text();
  if (answer.status === supersededStatus) throw new LeaseSuperseded(text.trim());
  if (answer.status !== 200) throw new Error(`its sidecar answers /lease with ${answer.status}: ${text.trim()}`);
  return text;
}
