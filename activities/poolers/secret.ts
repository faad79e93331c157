/**
 * The pooler's Secret: what is to be in it, and what is. The passwords never leave this process but into the Secret.
 *
 * Each configuration has keys of its own in it, and the pods' volume names them: another configuration is another template,
 * and a former template still finds its own. So going back needs no password in a history.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { KnownObject } from '../kubernetes/kubernetes';
import {
  administrator,
  type PoolerSettings,
  renderConfiguration,
  renderUserlist,
  type Upstream,
} from '../pgbouncer/configuration';
import { digestOf } from '../kubernetes/digest';

export const passwordKey = 'administrator-password';

/** The keys of one configuration: each file of the pods' folder → its key. */
export function keysOf(fingerprint: string): Record<string, string> {
  return { 'pgbouncer.ini': `pgbouncer-${fingerprint}.ini`, 'userlist.txt': `userlist-${fingerprint}.txt` };
}

/** A configuration with who may log in. */
export interface Rendered {
  files: Record<string, string>;
  password: string;
  fingerprint: string;
}

/** `found`: whose administrator's password goes on; a new one is made where there is none. */
export function renderSecret(upstream: Upstream, settings: PoolerSettings, found: KnownObject | undefined): Rendered {
  const password = textOf(found, passwordKey) || randomBytes(24).toString('base64url');
  const configuration = renderConfiguration(upstream, settings);
  const userlist = renderUserlist([
    { name: upstream.role, password: upstream.password },
    { name: administrator, password },
  ]);
  // Of the users only a code that nobody without the Secret can try passwords against: a random password is its key.
  const users = createHmac('sha256', password).update(userlist).digest('hex').slice(0, 16);
  return {
    ...{ files: { 'pgbouncer.ini': configuration, 'userlist.txt': userlist }, password },
    fingerprint: `${digestOf(configuration)}.${users}`,
  };
}

/** "configuration 3f2a91c0", and whether other credentials are in it than those wanted now. */
export function describeFingerprint(fingerprint: string | undefined, wanted: Rendered): string {
  if (fingerprint === undefined) return 'no configuration in use';
  const [digest] = fingerprint.split('.');
  const same = fingerprint === wanted.fingerprint || digest !== wanted.fingerprint.split('.')[0];
  return `configuration ${digest}${same ? '' : ', other credentials'}`;
}

/** Whether the same may log in with the same passwords. */
export function hasSameUsers(fingerprint: string, wanted: Pick<Rendered, 'fingerprint'>): boolean {
  return fingerprint.split('.')[1] === wanted.fingerprint.split('.')[1];
}

/** pgbouncer.ini, in which there is no password. */
export function configurationIn(found: KnownObject | undefined, fingerprint: string): string | undefined {
  return textOf(found, keysOf(fingerprint)['pgbouncer.ini']!);
}

/** Whether the wanted configuration is in it, whole. */
export function holds(found: KnownObject, { files, fingerprint, password }: Rendered): boolean {
  const there = Object.entries(keysOf(fingerprint)).every(([file, key]) => textOf(found, key) === files[file]);
  return there && textOf(found, passwordKey) === password;
}

/** What is written: the wanted configuration, and beside it the one in use. What was used before that is gone. */
export function contentWith(
  { files, fingerprint, password }: Rendered,
  found: KnownObject | undefined,
  inUse: string | undefined,
): Record<string, unknown> {
  const keys = inUse === undefined ? [] : Object.values(keysOf(inUse));
  const kept = Object.entries(found?.content ?? {}).filter(([key]) => keys.includes(key));
  const added = Object.entries(keysOf(fingerprint)).map(([file, key]) => [key, encoded(files[file]!)]);
  return Object.fromEntries([...kept, ...added, [passwordKey, encoded(password)]]) as Record<string, unknown>;
}

export function contentWithout({ fingerprint }: Rendered, found: KnownObject): Record<string, unknown> {
  const keys = Object.values(keysOf(fingerprint));
  return Object.fromEntries(Object.entries(found.content).filter(([key]) => !keys.includes(key)));
}

function textOf(found: KnownObject | undefined, key: string): string | undefined {
  const value = found?.content[key];
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : undefined;
}

function encoded(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
