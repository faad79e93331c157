/** PgBouncer's files: what stands in them, what may not, and whether one that runs has taken them. */
import {
  differences,
  hostIn,
  leadingTo,
  patienceIn,
  type PoolerSettings,
  renderConfiguration,
  renderUserlist,
  settingsIn,
  upstreamOf,
  withPatience,
} from '../../../../activities/pgbouncer/configuration';

const settings: PoolerSettings = {
  ...{ poolSize: 25, maxClientConnections: 1000, serverLoginRetrySeconds: 0.5, queryWaitTimeoutSeconds: 120 },
  ignoreStartupParameters: ['extra_float_digits', 'search_path'],
};
const upstream = { host: 'db.example.com', port: 5432, database: 'shop', role: 'shop' };

test('pgbouncer.ini, whole', () => {
  expect(renderConfiguration(upstream, settings))
    .toBe(`; Written by the runbook deployPgbouncer. Other settings get a file of their own: what is changed here does not come along.
[databases]
shop = host='db.example.com' port=5432 dbname='shop'

[pgbouncer]
listen_addr = 0.0.0.0
listen_port = 5432
unix_socket_dir =
auth_type = scram-sha-256
auth_file = /etc/pgbouncer/userlist.txt
admin_users = durable_runbooks
pool_mode = transaction
max_client_conn = 1000
default_pool_size = 25
max_db_connections = 25
server_tls_sslmode = verify-full
server_tls_ca_file = /etc/pgbouncer/ca.pem
server_login_retry = 0.5
query_wait_timeout = 120
client_login_timeout = 120
ignore_startup_parameters = extra_float_digits,search_path
log_connections = 0
log_disconnections = 0
`);
});

test.each([
  ['plain', 'plain', '"plain" "plain"\n'],
  ['a quote', 'a"b', '"a""b" "a""b"\n'],
  ['only quotes', '""', '"""""" """"""\n'],
  ['what comments begin with', '; #', '"; #" "; #"\n'],
  ['a backslash', '\\n', '"\\n" "\\n"\n'],
])('userlist.txt with %s', (_what, text, line) => {
  expect(renderUserlist([{ name: text, password: text }])).toBe(line);
});

const hash = `md5${'0'.repeat(32)}`;
test.each<[string, string | undefined, unknown]>([
  ['no key', undefined, 'there is no such key'],
  ['no URL', 'host=db user=shop', 'not of the form postgresql://role:password@host/database'],
  ['another scheme', 'mysql://a:b@host/c', 'not of the form postgresql://role:password@host/database'],
  [
    'encoded signs',
    'postgresql://sh%22op:p%40%2F%25w@db:6000/sh-op.2?sslmode=require',
    { host: 'db', port: 6000, role: 'sh"op', password: 'p@/%w', database: 'sh-op.2' },
  ],
  [
    'an address of IPv6',
    'postgres://a:b@[::1]/c',
    { host: '::1', port: 5432, role: 'a', password: 'b', database: 'c' },
  ],
  ['no database', 'postgres://shop:b@db', { host: 'db', port: 5432, role: 'shop', password: 'b', database: 'shop' }],
  ['no password', 'postgres://shop@db/c', 'no password'],
  ['no role', 'postgres://:b@db/c', 'no role'],
  ['a lone per cent sign', 'postgres://a:100%@db/c', 'a per cent sign in it that begins no encoded character'],
  [
    'a line break in the password',
    'postgres://a:b%0Ac@db/c',
    'a password with a line break or another control character',
  ],
  ['a zero byte in the role', 'postgres://a%00:b@db/c', 'a role with a line break or another control character'],
  ['an MD5 hash for a password', `postgres://a:${hash}@db/c`, 'a password that looks like the hash of one'],
  [
    'a SCRAM secret for a password',
    'postgres://a:SCRAM-SHA-256%244096@db/c',
    'a password that looks like the hash of one',
  ],
  ['a long password', `postgres://a:${'x'.repeat(1001)}@db/c`, 'a password of more than 1000 bytes'],
  ['a long role', `postgres://${'x'.repeat(64)}:b@db/c`, 'a role of more than 63 bytes'],
  [
    'the console',
    'postgres://a:b@db/pgbouncer',
    'the database "pgbouncer", which is the name of PgBouncer’s own console',
  ],
  ['the console’s user', 'postgres://durable_runbooks:b@db/c', 'the role "durable_runbooks", which is the console’s'],
  [
    'a password that only looks alike',
    'postgres://a:md5secret@db/c',
    { host: 'db', port: 5432, role: 'a', password: 'md5secret', database: 'c' },
  ],
])('a URL with %s', (_what, url, wanted) => {
  expect(upstreamOf(url)).toEqual(wanted);
});

describe('what a running one shows', () => {
  const configuration = Object.entries({
    ...{ listen_addr: '127.0.0.7', listen_port: '5432', unix_socket_dir: '/tmp', auth_type: 'scram-sha-256' },
    ...{ auth_file: '/etc/pgbouncer/userlist.txt', admin_users: 'durable_runbooks', pool_mode: 'transaction' },
    ...{ max_client_conn: '1000', default_pool_size: '25', max_db_connections: '25' },
    ...{ server_tls_sslmode: 'verify-full', server_tls_ca_file: '/etc/pgbouncer/ca.pem' },
    ...{ server_login_retry: '0.500000', query_wait_timeout: '120', client_login_timeout: '120' },
    ...{ ignore_startup_parameters: 'extra_float_digits,search_path', log_connections: '0', log_disconnections: '0' },
    something_else: 'x',
  }).map(([key, value]) => ({ key, value }));
  const databases = [
    { name: 'pgbouncer', host: null, port: '5432', database: 'pgbouncer', pool_size: '2', paused: '0', disabled: '0' },
    {
      name: 'shop',
      host: 'db.example.com',
      port: '5432',
      database: 'shop',
      pool_size: '25',
      paused: '0',
      disabled: '0',
    },
  ];
  const set = (key: string, value: string) => configuration.map((row) => (row.key === key ? { key, value } : row));
  const entry = (more: object) => databases.map((row) => (row.name === 'shop' ? { ...row, ...more } : row));

  test.each<[string, { configuration?: object[]; databases?: object[] }, string[]]>([
    ['as rendered, listening elsewhere', {}, []],
    ['another size', { configuration: set('default_pool_size', '20') }, ['default_pool_size is 20, not 25']],
    [
      'a setting that it does not know',
      { configuration: configuration.slice(1).filter(({ key }) => key !== 'server_login_retry') },
      ['server_login_retry is unknown, not 0.5'],
    ],
    [
      'no check of the server’s certificate',
      { configuration: set('server_tls_sslmode', 'prefer') },
      ['server_tls_sslmode is prefer, not verify-full'],
    ],
    ['another server', { databases: entry({ host: 'other' }) }, ['host of database shop is other, not db.example.com']],
    ['paused', { databases: entry({ paused: '1' }) }, ['database shop is paused']],
    ['no such database', { databases: databases.slice(0, 1) }, ['there is no database shop']],
  ])('%s', (_what, more, wanted) => {
    const shown = { configuration, databases, ...more } as Parameters<typeof differences>[0];
    expect(differences(shown, upstream, settings)).toEqual(wanted);
  });
});

test.each([
  ['shop', 'db.example.com', '127.0.0.3'],
  ['shop.eu-1', "o'hara.example.com", "o''hara"],
])('the same file for another host: %s', (database, host, other) => {
  const before = renderConfiguration({ ...upstream, database, host }, settings);
  expect(hostIn(before, database)).toBe(host);
  const after = leadingTo(other, before, database);
  expect(after).toBe(renderConfiguration({ ...upstream, database, host: other }, settings));
  expect(leadingTo(host, after!, database)).toBe(before);
});

test('the same file with another patience', () => {
  const before = renderConfiguration(upstream, settings);
  const former = { queryWaitTimeoutSeconds: 120, serverLoginRetrySeconds: 0.5 };
  const other = { queryWaitTimeoutSeconds: 615, serverLoginRetrySeconds: 1 };
  const after = withPatience(other, before);
  expect(after).toBe(renderConfiguration(upstream, { ...settings, ...other }));
  expect([patienceIn(before), patienceIn(after!), withPatience(former, after!)]).toEqual([former, other, before]);
  const apart = before.replace('client_login_timeout = 120', 'client_login_timeout = 30');
  expect(withPatience(other, apart)).toBe(after!.replace('client_login_timeout = 615', 'client_login_timeout = 30'));
  const foreign = '[pgbouncer]\nquery_wait_timeout = 120\n';
  expect([patienceIn(foreign), withPatience(other, foreign)]).toEqual([undefined, undefined]);
});

test.each<[string, PoolerSettings]>([
  ['with parameters that are dropped', settings],
  ['without', { ...settings, ignoreStartupParameters: [] }],
])('the settings of a file: %s', (_what, given) => {
  expect(settingsIn(renderConfiguration(upstream, given))).toEqual(given);
});

test.each([
  ['names apart', 'search_path , options', ['search_path', 'options']],
  ['what is no name stays there', 'a b,x=secret,app.name', ['app.name']],
])('the parameters of a file that somebody has changed: %s', (_what, line, ignoreStartupParameters) => {
  const text = renderConfiguration(upstream, settings).replace('extra_float_digits,search_path', line);
  expect(settingsIn(text)).toEqual({ ...settings, ignoreStartupParameters });
});

test.each([
  ['no line for the pool', 'default_pool_size', 'reserve_pool_size'],
  ['no number', 'max_client_conn = 1000', 'max_client_conn = many'],
  ['no patience', 'query_wait_timeout', 'query_timeout'],
])('no settings in a file of somebody else’s: %s', (_what, from, to) => {
  expect(settingsIn(renderConfiguration(upstream, settings).replace(from, to))).toBeUndefined();
});

test('a file of somebody else’s leads nowhere that is known', () => {
  const text = '[databases]\n* = host=db.example.com\n';
  expect([hostIn(text, 'shop'), leadingTo('x', text, 'shop')]).toEqual([undefined, undefined]);
  expect(hostIn(renderConfiguration({ ...upstream, database: 'shopXeu' }, settings), 'shop.eu')).toBeUndefined();
});
