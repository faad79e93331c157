/** The image edoburu/pgbouncer, configured by variables as that image is. */
import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { type Lab, production } from '../../../lab/lab';
import { apply, kubectl, kubectlJson, pod } from './cluster-lab';

export function poolerTests(theLab: () => Lab): void {
  test.concurrent('PgBouncer is configured by variables, and pools connections to the primary', async () => {
    const url = new URL(readFileSync(theLab().secretFile(production.primary, 'application-url'), 'utf8'));
    const values = {
      ...{ DB_HOST: `${production.primary}.postgres.database.azure.com`, DB_NAME: url.pathname.slice(1) },
      ...{ DB_USER: url.username, DB_PASSWORD: decodeURIComponent(url.password), AUTH_TYPE: 'scram-sha-256' },
      ...{ POOL_MODE: 'transaction', DEFAULT_POOL_SIZE: '3', SERVER_TLS_SSLMODE: 'require' },
    };
    const env = Object.entries(values).map(([name, value]) => ({ name, value }));
    const readinessProbe = { tcpSocket: { port: 5432 }, periodSeconds: 1 };
    await apply(theLab(), pod('pooler', { image: 'edoburu/pgbouncer:1.18.0', env, readinessProbe }));
    await kubectl(theLab(), 'wait', 'pod/pooler', '--for=condition=Ready', '--timeout=50s');
    const { podIP } = (await kubectlJson(theLab(), 'get', 'pod', 'pooler')).status;

    const clients = Array.from({ length: 10 }, () => {
      const { DB_USER: user, DB_PASSWORD: password, DB_NAME: database } = values;
      return new Client({ host: podIP, port: 5432, user, password, database });
    });
    try {
      const backends = await Promise.all(
        clients.map(async (client) => {
          await client.connect();
          return (await client.query('SELECT pg_backend_pid() AS pid, count(*)::int AS products FROM products'))
            .rows[0];
        }),
      );
      expect(backends.every(({ products }) => products === 50)).toBe(true);
      expect(new Set(backends.map(({ pid }) => pid)).size).toBeLessThanOrEqual(3);
    } finally {
      await Promise.all(clients.map((client) => client.end()));
    }
  });
}
