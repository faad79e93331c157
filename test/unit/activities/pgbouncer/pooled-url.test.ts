/** The application's URL → the same through the pool. */
import { pooledUrl } from '../../../../activities/pgbouncer/pooled-url';

const pooler = { host: 'pgbouncer', port: 5432 };

test.each<[string, string | undefined, unknown]>([
  ['no key', undefined, { problem: 'there is no such key' }],
  ['no URL', 'host=db', { problem: 'not of the form postgresql://role:password@host/database' }],
  [
    'the way to the server is another; role, password and database are the same',
    'postgresql://a%22b:p%40w@db.example.com:6000/shop?sslmode=verify-full&sslrootcert=/etc/azure/ca.pem',
    { url: 'postgresql://a%22b:p%40w@pgbouncer:5432/shop?sslmode=disable' },
  ],
  [
    'what the driver is told stays',
    'postgres://a:b@db/shop?connection_limit=20&pgbouncer=true',
    { url: 'postgres://a:b@pgbouncer:5432/shop?connection_limit=20&pgbouncer=true&sslmode=disable' },
  ],
  [
    'parameters that PgBouncer refuses',
    'postgres://a:b@db/shop?options=-c%20x%3D1&statement_timeout=5',
    { problem: 'it sets options, statement_timeout, which do not go through PgBouncer' },
  ],
])('%s', (_what, direct, wanted) => expect(pooledUrl(direct, pooler)).toEqual(wanted));
