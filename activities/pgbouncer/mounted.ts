/** What a pod of the pooler has mounted as its configuration: told by its sidecar, which has the same folder. */
import { createHash } from 'node:crypto';
import { sidecarPort } from './configuration';

export interface Mounted {
  /** Of pgbouncer.ini, in which there is no secret. */
  digest: string;
  /** Where it leads to; absent where it is not of `renderConfiguration`'s making. */
  host?: string;
  /** Why the application's login did not succeed there, from that very pod. */
  problem?: string;
}

const answerMs = 5000;

export function digestOf(configuration: string): string {
  return createHash('sha256').update(configuration).digest('hex');
}

/** `host`: of a pod. Throws where its sidecar does not answer, or is older than the question. */
export async function readMounted(host: string): Promise<Mounted> {
  const name = host.includes(':') ? `[${host}]` : host;
  const answer = await fetch(`http://${name}:${sidecarPort}/configuration`, {
    signal: AbortSignal.timeout(answerMs),
    headers: { connection: 'close' },
  });
  if (answer.status !== 200) throw new Error(`its sidecar answers /configuration with ${answer.status}`);
  return (await answer.json()) as Mounted;
}
