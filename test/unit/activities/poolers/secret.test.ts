/** The pooler's Secret: what is written, what is told of it, and what going back finds. */
import type { KnownObject } from '../../../../activities/kubernetes/kubernetes';
import {
  contentWith,
  contentWithout,
  describeFingerprint,
  holds,
  keysOf,
  renderSecret,
} from '../../../../activities/poolers/secret';

const settings = {
  ...{ poolSize: 25, maxClientConnections: 1000, serverLoginRetrySeconds: 1, queryWaitTimeoutSeconds: 120 },
  ignoreStartupParameters: [],
};
const upstream = { host: 'db', port: 5432, database: 'shop', role: 'shop', password: 'weak' };

function secret(content: Record<string, unknown>): KnownObject {
  const marks = { labels: {}, annotations: {}, owners: [], replicasManagers: [], managers: [] };
  return { name: 'pgbouncer', uid: 'u', version: '1', content, ...marks };
}

const first = renderSecret(upstream, settings, undefined);
const written = secret(contentWith(first, undefined, undefined));

test('the same again: nothing differs, and the console’s password goes on', () => {
  const again = renderSecret(upstream, settings, written);
  expect(again).toEqual(first);
  expect(holds(written, again)).toBe(true);
});

test('each Secret has a password of its own', () => {
  expect(renderSecret(upstream, settings, undefined).password).not.toBe(first.password);
  expect(first.password).toMatch(/^[\w-]{32}$/);
});

test.each([
  ['another pool', { ...settings, poolSize: 30 }, upstream],
  ['another password', settings, { ...upstream, password: 'rotated' }],
  ['another role', settings, { ...upstream, role: 'other' }],
])('%s: beside the one in use, and taken out again', (_what, changed, of) => {
  const next = renderSecret(of, changed, written);
  expect(next.fingerprint).not.toBe(first.fingerprint);
  expect(holds(written, next)).toBe(false);
  const both = secret(contentWith(next, written, first.fingerprint));
  expect(Object.keys(both.content).sort()).toEqual(
    [
      ...Object.values(keysOf(first.fingerprint)),
      ...Object.values(keysOf(next.fingerprint)),
      'administrator-password',
    ].sort(),
  );
  expect(holds(both, next)).toBe(true);
  expect(contentWithout(next, both)).toEqual(written.content);
});

test('what was used before the one in use does not stay', () => {
  const next = renderSecret(upstream, { ...settings, poolSize: 30 }, written);
  const after = renderSecret(upstream, { ...settings, poolSize: 35 }, written);
  const both = secret(contentWith(next, written, first.fingerprint));
  const content = contentWith(after, both, next.fingerprint);
  expect(Object.keys(content)).not.toContain(keysOf(first.fingerprint)['pgbouncer.ini']);
});

test.each<[string, (fingerprint: string) => string, boolean]>([
  ['a changed line', () => 'x', false],
  ['nothing changed', (same) => same, true],
])('%s in the Secret', (_what, change, there) => {
  const key = keysOf(first.fingerprint)['pgbouncer.ini']!;
  expect(holds(secret({ ...written.content, [key]: change(written.content[key] as string) }), first)).toBe(there);
});

test('in words: the configuration, and whether other credentials are in it; no word of these', () => {
  const [digest] = first.fingerprint.split('.');
  const rotated = renderSecret({ ...upstream, password: 'rotated' }, settings, written);
  expect(describeFingerprint(first.fingerprint, first)).toBe(`configuration ${digest}`);
  expect(describeFingerprint(first.fingerprint, rotated)).toBe(`configuration ${digest}, other credentials`);
  expect(describeFingerprint(rotated.fingerprint, rotated)).toBe(`configuration ${digest}`);
  expect(describeFingerprint('00000000.11', first)).toBe('configuration 00000000');
  expect(describeFingerprint(undefined, first)).toBe('no configuration in use');
});
