/** A pause as one attempt begins it in the pods: between two logins of the pool, and never where another has it or its lease lapses. */
import { join } from 'node:path';
import { createKubernetes } from '../../../activities/kubernetes/client';
import { KeptConnections } from '../../../activities/kubernetes/connections';
import { administrator } from '../../../activities/pgbouncer/configuration';
import { connectToPool, onConsole } from '../../../activities/pgbouncer/console';
import { leaseMs, putLease, readLease } from '../../../activities/pgbouncer/lease';
import { Pause } from '../../../activities/restarts/pause';
import type { Pool } from '../../../activities/restarts/pool';
import { productionNamespace } from '../../../lab/kubernetes/layout';
import { postmasterPid } from '../../../lab/postgres/postmaster';
import { until } from '../../../lab/processes';
import type { Cluster } from '../support/cluster';
import { Database } from '../support/database';
import { type PodLook, Pooler } from '../support/pooler';

const deadlineMs = 10_000;

export function pauseTests(cluster: () => Cluster): void {
  const pooler = () => new Pooler(cluster());
  const database = () => Database.first(cluster().production);

  beforeAll(() => pooler().make());

  test('one that meets a login of the pool begins after it: nobody is turned away when it is over', async () => {
    const [pod] = await pooler().pods();
    const [{ port, ...login }, password] = await Promise.all([pooler().login(), pooler().consolePassword()]);
    const address = { host: pod!.address, port };
    const clients = await Promise.all([0, 1].map(() => connectToPool(address, { ...login, ...address }, 20_000)));
    const server = postmasterPid(join(cluster().production.lab.serversFolder, database().name, 'data'))!;
    const count = async (column: string) => {
      const rows = await pooler().show('POOLS', pod!);
      return Number(rows.find((row) => row.database === login.database)?.[column]);
    };
    await pooler().command('RECONNECT', pod!);
    await until('the pool is empty', async () => (await pooler().show('SERVERS', pod!)).length === 0, { deadlineMs });
    // The kernel takes the connection; nobody answers the login.
    process.kill(server, 'SIGSTOP');
    const first = clients[0]!.query('SELECT 1');
    try {
      await until('a login is under way', async () => (await count('sv_login')) === 1, { deadlineMs, everyMs: 5 });
      await onConsole(address, { user: administrator, password }, async (console) => {
        setTimeout(() => process.kill(server, 'SIGCONT'), 50);
        await console.pause(login.database, () => undefined);
        expect(await count('sv_login')).toBe(0);
        await console.resume(login.database);
      });
      await expect(clients[1]!.query('SELECT 1')).resolves.toMatchObject({ rowCount: 1 });
      await expect(first).resolves.toMatchObject({ rowCount: 1 });
    } finally {
      process.kill(server, 'SIGCONT');
      await Promise.all(clients.map((client) => client.end()));
    }
  });

  test.each<[string, () => boolean]>([
    ['that has been taken over from', () => false],
    // As a process that gets no processor.
    ['that stands still until its lease is about to lapse', () => (standStill(leaseMs / 2 + 100), true)],
  ])('a worker %s, in the last moment before the PAUSE, orders none', async (_which, lastMoment) => {
    const [pod] = await pooler().pods();
    let ours = true;
    const begun = Pause.begin(await poolOf(pod!), {
      ...{ holder: 'a test', attempt: 1, supersede: () => undefined, log: () => undefined },
      isOurs: () => {
        // The loop that renews the lease asks as well.
        if (!ours || !new Error().stack!.includes(' assertMay ')) return ours;
        // Then never again: whoever has it orders no RESUME either.
        ours = false;
        return lastMoment();
      },
      assertAwake: () => {
        throw new Error('another attempt has it');
      },
    });
    await expect(begun).rejects.toThrow('another attempt has it');
    expect(await readLease(pod!.address)).toMatchObject({ holder: 'a test' });
    expect(await pooler().paused()).toEqual([false, false]);
    const [now, password] = [Date.now(), await pooler().consolePassword()];
    await putLease(pod!.address, { holder: 'a test', attempt: 1, since: now, expiresAt: 0 }, password);
  });

  /** As a worker finds it, with one pod. */
  async function poolOf({ uid }: PodLook): Promise<Pool> {
    const configuration = new KeptConnections();
    configuration.loadFromFile(cluster().gate.kubeconfigFile);
    const kubernetes = createKubernetes(configuration, productionNamespace);
    const { user: role, ...login } = await pooler().login();
    return {
      ...{ namespace: productionNamespace, name: 'pgbouncer', upstream: { role, ...login } },
      password: await pooler().consolePassword(),
      pods: async () => {
        const pods = await kubernetes.readPods(await kubernetes.readDeployment('pgbouncer'));
        return pods.filter((pod) => pod.uid === uid);
      },
    };
  }
}

function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
