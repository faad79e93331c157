/**
 * The configuration that the pooler's pods take next, where they have it mounted: under the key that their template names, so that
 * no pod is replaced for it. PgBouncer reads it with a RELOAD, or when it is started anew.
 */
import { failure } from '../failures';
import type { Pod } from '../kubernetes/kubernetes';
import { hostIn, leadingTo } from '../pgbouncer/configuration';
import { digestOf, readMounted } from '../pgbouncer/mounted';
import { fingerprintIn } from '../poolers/manifests';
import { keysOf } from '../poolers/secret';
import { onPod, type Pool } from '../restarts/pool';
import type { ReplacementDependencies } from './dependencies';

export interface Staged {
  name: string;
  version: string;
  key: string;
  /** Absent where deployPgbouncer has not made the pooler. */
  text?: string;
}

export async function readStaged({ name }: Pick<Pool, 'name'>, use: ReplacementDependencies): Promise<Staged> {
  const kubernetes = use.kubernetes();
  const deployment = await kubernetes.findObject('Deployment', name);
  const fingerprint = deployment && fingerprintIn(deployment.content);
  const key = fingerprint === undefined ? '' : keysOf(fingerprint)['pgbouncer.ini']!;
  const { version, text } = await kubernetes.readSecret(name, key);
  return { name, version, key, ...(text === undefined ? {} : { text }) };
}

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
