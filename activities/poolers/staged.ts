/**
 * The configuration that the pooler's pods take next, where they have it mounted: under the key that their template names, so that
 * no pod is replaced for it. PgBouncer reads it with a RELOAD, or when it is started anew.
 */
import type { Kubernetes } from '../kubernetes/kubernetes';
import { fingerprintIn } from './manifests';
import { keysOf } from './secret';

export interface Staged {
  name: string;
  version: string;
  key: string;
  /** Absent where deployPgbouncer has not made the pooler. */
  text?: string;
}

export async function readStaged({ name }: { name: string }, kubernetes: Kubernetes): Promise<Staged> {
  const deployment = await kubernetes.findObject('Deployment', name);
  const fingerprint = deployment && fingerprintIn(deployment.content);
  const key = fingerprint === undefined ? '' : keysOf(fingerprint)['pgbouncer.ini']!;
  const { version, text } = await kubernetes.readSecret(name, key);
  return { name, version, key, ...(text === undefined ? {} : { text }) };
}
