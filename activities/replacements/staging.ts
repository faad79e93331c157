/** Where the staged configuration leads, and what of it each pod has taken over. */
import { failure } from '../failures';
import type { Pod } from '../kubernetes/kubernetes';
import { hostIn, leadingTo } from '../pgbouncer/configuration';
import { digestOf, readMounted } from '../pgbouncer/mounted';
import type { Staged } from '../poolers/staged';
import { onPod, type Pool } from '../restarts/pool';

/** Throws ConfigurationMissing where the file is not of deployPgbouncer's making. */
export function hostOf({ name, key, text = '' }: Staged, { upstream }: Pool): string {
  const host = hostIn(text, upstream.database);
  if (host !== undefined) return host;
  throw failure('ConfigurationMissing', `${key || 'the configuration'} of ${name} is not of deployPgbouncer’s making`);
}

export function textLeadingTo(host: string, staged: Staged, pool: Pool): string {
  hostOf(staged, pool);
  return leadingTo(host, staged.text!, pool.upstream.database)!;
}

/** Where each pod that has an address leads, by its name. */
export async function loadedHosts(pool: Pool): Promise<Map<string, { address: string; host: string | undefined }>> {
  const pods = (await pool.pods()).filter(({ terminating, address }) => !terminating && address !== undefined);
  const entries = pods.map(async ({ name, address = '' }) => {
    const host = await loadedHost(pool, address).catch(() => undefined);
    return [name, { address, host }] as const;
  });
  return new Map(await Promise.all(entries));
}

/** `address`: of a pod. */
export async function loadedHost(pool: Pool, address: string): Promise<string | undefined> {
  const rows = await onPod(pool, address, ({ show }) => show('DATABASES'));
  return rows.find(({ name }) => name === pool.upstream.database)?.['host'] ?? undefined;
}

/** What one pod has not taken over yet; nothing where it has. `serves`: a login must succeed there, from that very pod. */
export async function openIn(
  pod: Pod,
  pool: Pool,
  { text, loaded, serves }: { text: string; loaded: string; serves: boolean },
): Promise<string[]> {
  const { name, address } = pod;
  if (address === undefined) return [`${name} has no address yet`];
  try {
    const [mounted, host] = await Promise.all([readMounted(address), loadedHost(pool, address)]);
    if (mounted.digest !== digestOf(text)) return [`${name} has not got the new file yet`];
    return [
      ...(host === loaded ? [] : [`${name} leads to ${host} already, not to ${loaded}`]),
      ...(serves && mounted.problem !== undefined
        ? [`from ${name}, a login fails at ${mounted.host}: ${mounted.problem}`]
        : []),
    ];
  } catch (error) {
    return [`${name}: ${(error as Error).message}`];
  }
}
