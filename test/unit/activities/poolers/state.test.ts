/** What the pods of a pooler that is there take: told without a password, and beside what they are to take. */
import type { KnownObject } from '../../../../activities/kubernetes/kubernetes';
import { manifestOf } from '../../../../activities/poolers/manifests';
import { contentWith, renderSecret } from '../../../../activities/poolers/secret';
import { inForce, wantedWith } from '../../../../activities/poolers/state';
import { pooler } from './topology';

const settings = {
  ...{ poolSize: 100, maxClientConnections: 1000, serverLoginRetrySeconds: 1, queryWaitTimeoutSeconds: 120 },
  ignoreStartupParameters: ['extra_float_digits', 'search_path'],
};
const upstream = { host: 'db', port: 5432, database: 'shop', role: 'shop', password: 'weak' };

function object(content: Record<string, unknown>): KnownObject {
  const marks = { labels: {}, annotations: {}, owners: [], replicasManagers: [], managers: [] };
  return { name: 'pgbouncer', uid: 'u', version: '1', content, ...marks };
}

const rendered = renderSecret(upstream, settings, undefined);
const secret = object(contentWith(rendered, undefined, undefined));
const deployment = object(manifestOf('Deployment', pooler, settings, rendered.fingerprint).content);

const smaller = { ...settings, poolSize: 25, ignoreStartupParameters: ['extra_float_digits'] };

test.each<[string, Partial<typeof upstream>, boolean]>([
  ['the same login', {}, true],
  ['the same at another server', { host: 'other' }, true],
  ['another password', { password: 'rotated' }, false],
  ['another role', { role: 'other' }, false],
  ['another database', { database: 'other' }, false],
])('%s', (_what, changed, sameLogin) => {
  const given = { pooler, settings: smaller, upstream: { ...upstream, ...changed }, secret };
  expect(inForce(wantedWith(given, deployment))).toEqual({ settings, sameLogin });
});

test.each<[string, KnownObject | undefined, KnownObject | undefined]>([
  ['no pooler', undefined, undefined],
  ['a Secret that is left over', secret, undefined],
  ['pods whose Secret is gone', undefined, deployment],
  ['pods of somebody else', secret, object({ template: { spec: { containers: [] } } })],
])('nothing is in force: %s', (_what, found, there) => {
  expect(inForce(wantedWith({ pooler, settings: smaller, upstream, secret: found }, there))).toBeUndefined();
});
