/** databaseSkuUpgrade, where clients come through the pooler that is there by then. */
import { until } from '../../../lab/processes';
import type { Cluster } from '../support/cluster';
import { PoolClients } from '../support/pool-clients';
import { Pooler } from '../support/pooler';
import { Run } from '../support/run';
import { large } from '../support/sku-upgrade';

/** A kubelet writes a Secret's file, and a pod loads it. */
const loadedMs = 50_000;

export function upgradeTests(cluster: () => Cluster): void {
  const start = (runbook: string, input: object) => Run.start(cluster().production, runbook, input);
  const pooler = () => new Pooler(cluster());

  /** Of each pod: query_wait_timeout and server_login_retry. */
  const patience = async () => {
    const shown = await Promise.all((await pooler().pods()).map((pod) => pooler().show('CONFIG', pod)));
    return shown.map((rows) =>
      ['query_wait_timeout', 'server_login_retry'].map((key) => Number(rows.find((row) => row.key === key)!.value)),
    );
  };

  /** As deployPgbouncer would make it with these settings, and by hand: its pods take the file. */
  async function set(wait: number, retry: number): Promise<void> {
    const { data } = await cluster().get('secret', 'pgbouncer');
    const key = Object.keys(data).find((name) => name.endsWith('.ini'))!;
    const text = Buffer.from(data[key], 'base64')
      .toString()
      .replace(/^query_wait_timeout = .*$/m, `query_wait_timeout = ${wait}`)
      .replace(/^client_login_timeout = .*$/m, `client_login_timeout = ${wait}`)
      .replace(/^server_login_retry = .*$/m, `server_login_retry = ${retry}`);
    await cluster().merge('secret', 'pgbouncer', { data: { [key]: Buffer.from(text).toString('base64') } });
    const loaded = async () => {
      for (const pod of await pooler().pods()) await pooler().command('RELOAD', pod);
      return (await patience()).every(([waits, retries]) => waits === wait && retries === retry);
    };
    await until('every pod has them in force', loaded, { deadlineMs: loadedMs, everyMs: 200 });
  }

  test('aborted when they wait: its settings are the former ones again', async () => {
    const [[wait, retry] = []] = await patience();
    await set(20, 15);
    const run = await start('databaseSkuUpgrade', { sku: large.sku });
    await run.pauseAfter('let clients of pgbouncer wait');
    expect(new Set((await patience()).map(String))).toEqual(new Set(['75,1']));
    await run.order('abort');
    expect(await run.report()).toMatchObject({ outcome: 'RolledBack', steps: [{ state: 'undone' }, {}, {}] });
    expect(new Set((await patience()).map(String))).toEqual(new Set(['20,15']));
    await set(wait!, retry!);
  });

  test('planned with what its clients will see; they wait for it; nobody changes the pooler meanwhile', async () => {
    const [[wait, retry] = []] = await patience();
    await set(20, 15);
    const pods = await pooler().pods();
    const clients = new PoolClients(await pooler().login());
    const run = await start('databaseSkuUpgrade', { sku: large.sku });
    await run.pauseAfter('let clients of pgbouncer wait');
    expect(clients.bad).toEqual([]);
    expect(new Set((await patience()).map(String))).toEqual(new Set(['75,1']));
    const other = await start('deployPgbouncer', { poolSize: 26, onBusy: 'refuse' });
    expect(await other.report()).toMatchObject({
      outcome: 'Refused',
      summary: expect.stringContaining(run.workflowId) as string,
    });
    await run.order('resume');
    const report = await run.report();
    const served = clients.good;
    await until('clients are served again', () => clients.good > served, { deadlineMs: 50_000, everyMs: 50 });
    await clients.end();
    console.log(
      `behind the pooler: ${clients.good} good, ${clients.bad.length} failed, longest ${clients.longest} ms`,
      clients.bad,
    );
    expect(report).toMatchObject({
      outcome: 'Succeeded',
      steps: [
        {
          name: 'let clients of pgbouncer wait',
          from: 'clients wait 20 s, are turned away for 15 s',
          to: 'clients wait 75 s, are turned away for 1 s',
          evidence: `each of ${pods.length} pods shows it`,
        },
        { name: 'scale primary' },
        { name: 'no longer let clients of pgbouncer wait' },
      ],
    });
    expect((await run.plan()).targets).toContain('pooler:broxiva-prod.pgbouncer');
    expect(await run.findings()).toContainEqual(
      expect.stringMatching(/^BehindPooler: .* pgbouncer cannot be paused.*clients wait at most 75 s, .* for 1 s/),
    );
    expect((await run.findings()).filter((line) => line.startsWith('Pooler'))).toEqual([]);
    expect(new Set((await patience()).map(String))).toEqual(new Set(['20,15']));
    expect((await pooler().pods()).map(({ uid, restarts }) => [uid, restarts])).toEqual(
      pods.map(({ uid, restarts }) => [uid, restarts]),
    );
    await set(wait!, retry!);
  });
}
