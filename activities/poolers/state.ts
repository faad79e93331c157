/** The pooler's objects, read and told in words; and the wanted ones beside them. */
import type { PoolerTopology } from '../../catalogue';
import { failure } from '../failures';
import type { KnownObject, Kubernetes } from '../kubernetes/kubernetes';
import { hostIn, type PoolerSettings, settingsIn, type Upstream, upstreamOf } from '../pgbouncer/configuration';
import type { ObjectState, PoolerKind } from './contract';
import { describe, fingerprintIn, manifestOf } from './manifests';
import { configurationIn, describeFingerprint, hasSameUsers, holds, type Rendered, renderSecret } from './secret';

/** With the passwords: it stays in this process. */
export interface Wanted {
  pooler: PoolerTopology;
  settings: PoolerSettings;
  upstream: Upstream;
  secret: KnownObject | undefined;
  rendered: Rendered;
  /** The configuration that the pods there are take. */
  inUse: string | undefined;
}

/** Throws ConfigurationMissing where the application's URL cannot be pooled. */
export async function readWanted(
  kubernetes: Kubernetes,
  pooler: PoolerTopology,
  settings: PoolerSettings,
): Promise<Wanted> {
  const [upstream, secret, deployment] = await Promise.all([
    readUpstream(kubernetes, pooler),
    kubernetes.findObject('Secret', pooler.name),
    kubernetes.findObject('Deployment', pooler.name),
  ]);
  if (typeof upstream === 'string') throw failure('ConfigurationMissing', upstream);
  return wantedWith({ pooler, settings, upstream, secret }, deployment);
}

export function wantedWith(given: Omit<Wanted, 'rendered' | 'inUse'>, deployment: KnownObject | undefined): Wanted {
  const rendered = renderSecret(given.upstream, given.settings, given.secret);
  return { ...given, rendered, inUse: deployment && fingerprintIn(deployment.content) };
}

export interface InForce {
  settings: PoolerSettings;
  /** The application logs in to it as it will to the wanted one. */
  sameLogin: boolean;
}

/** What the pods there are take, without a password. Undefined where there are none, or none that deployPgbouncer has made. */
export function inForce({ secret, inUse, rendered, upstream }: Wanted): InForce | undefined {
  const text = inUse === undefined ? undefined : configurationIn(secret, inUse);
  const settings = text === undefined ? undefined : settingsIn(text);
  if (inUse === undefined || text === undefined || !settings) return undefined;
  return { settings, sameLogin: hasSameUsers(inUse, rendered) && hostIn(text, upstream.database) !== undefined };
}

/** Or why not. */
export async function readUpstream(
  kubernetes: Kubernetes,
  { application: { secret, key } }: PoolerTopology,
): Promise<Upstream | string> {
  const { text } = await kubernetes.readSecret(secret, key);
  const found = upstreamOf(text);
  return typeof found === 'string' ? `${key} of ${secret} cannot be pooled: ${found}` : found;
}

/** What is there, in the words of `shownWanted`. Undefined where there is nothing. */
export function shownNow(kind: PoolerKind, found: KnownObject | undefined, wanted: Wanted): string | undefined {
  if (!found) return undefined;
  const { pooler, settings, rendered, inUse } = wanted;
  if (kind === 'Secret') {
    return describeFingerprint(holds(found, rendered) ? rendered.fingerprint : inUse, rendered);
  }
  const { content } = manifestOf(kind, pooler, settings, rendered.fingerprint);
  const words = describe(kind, found.content, content);
  if (kind !== 'Deployment') return words;
  return `${words}, ${describeFingerprint(fingerprintIn(found.content), rendered)}`;
}

export function shownWanted(kind: PoolerKind, { pooler, settings, rendered }: Wanted): string {
  const configuration = describeFingerprint(rendered.fingerprint, rendered);
  if (kind === 'Secret') return configuration;
  const { content } = manifestOf(kind, pooler, settings, rendered.fingerprint);
  const words = describe(kind, content, content);
  return kind === 'Deployment' ? `${words}, ${configuration}` : words;
}

export async function readState(
  kind: PoolerKind,
  kubernetes: Kubernetes,
  wanted: Wanted,
): Promise<{ found: KnownObject | undefined; state: ObjectState | undefined }> {
  const found = kind === 'Secret' ? wanted.secret : await kubernetes.findObject(kind, wanted.pooler.name);
  const shown = shownNow(kind, found, wanted);
  if (!found || shown === undefined) return { found, state: undefined };
  return { found, state: kind === 'Secret' ? { shown } : { shown, former: found.content } };
}

export function showState(state: ObjectState | undefined): string {
  return state?.shown ?? 'absent';
}
